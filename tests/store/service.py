"""A service told in a few words: its birth, what its agents say of it, how it stands."""

from __future__ import annotations

from typing import Any

from clusterctl.model.orders import Order
from clusterctl.model.registration import Registered
from clusterctl.model.selection import Selection
from clusterctl.model.services import ServicePicture
from clusterctl.store import jobs, service_rows, service_troubles, services, submissions
from schedd import services as keeper
from tests.store.scene import Scene, submission

FRESH_S = 120.0


def serve(scene: Scene, count: int = 3, **wishes: Any) -> list[int]:
    """Submit a service of so many replicas; their numbers."""
    asked = submission(**{"kind": "service", "indices": tuple(range(count)), "name": "web", **wishes})
    return list(submissions.submit(scene.db, asked).ids)


def picture(scene: Scene, service: int = 1) -> ServicePicture:
    """The service, as listings show it."""
    (found,) = service_rows.read(scene.db, [service], FRESH_S)
    return found


def running(scene: Scene, count: int = 3, **wishes: Any) -> tuple[list[Order], str, Registered]:
    """A service whose replicas all run, on one worker."""
    worker = scene.worker()
    orders, token = scene.run(worker, serve(scene, count, **wishes))
    return orders, token, worker


def become_ready(scene: Scene, *ids: int) -> None:
    """What the agent tells of these allocations: their processes follow what was wanted, and serve."""
    scene.db.run(
        "UPDATE allocations SET ready_at = cluster_time(), ran_generation = generation WHERE id = ANY (%s)", list(ids)
    )


def generations(scene: Scene) -> list[int]:
    """Of the live allocations, by id: which restart their workers were asked for."""
    return [row[0] for row in scene.db.rows("SELECT generation FROM allocations WHERE live ORDER BY id")]


def ended(scene: Scene, service: int = 1) -> bool:
    """Whether the service has."""
    return bool(scene.db.value("SELECT ended_at IS NOT NULL FROM services WHERE id = %s", service))


def look_after_some(scene: Scene) -> None:
    """All that the leader, people and the doctor ask of services: of one that rolls, of one that is everywhere."""
    ids = serve(scene, 5)
    serve(scene, 1, every_worker=True)
    services.restart(scene.db, ids[0], 0)
    services.take_turn(scene.db, ids[0])
    services.add(scene.db, ids[0], services.replicas(scene.db, ids[0])[0].job_id, 5)
    keeper.keep(scene.db, scene.term, wake=lambda names: None)
    service_rows.listed(scene.db, FRESH_S)
    jobs.read(scene.db, Selection(array_id=ids[0]), 100)
    service_troubles.crashing(scene.db, 3, 30, 100)
    service_troubles.unready(scene.db, 600, 100)
    services.prune(scene.db, 0)
