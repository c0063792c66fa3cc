"""Services as pictures."""

from __future__ import annotations

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.errors import BadInput, NotFound
from clusterctl.model.selection import Selection
from clusterctl.model.services import ServicePicture, ServiceStory
from clusterctl.model.spec import MAX_REPLICAS
from clusterctl.model.states import LIVE
from clusterctl.store import jobs, service_rows
from clusterctl.text import visible

HINT = "`clusterctl services` lists them"


@served
def service_list(cluster: Cluster, *, everything: bool = False) -> list[ServicePicture]:
    """All services that live or ended within the hour, or all that are kept."""
    return service_rows.listed(cluster.db, cluster.settings.measure_ttl, everything=everything)


@served
def find_service(cluster: Cluster, word: str) -> ServicePicture:
    """The service that *word* means: its number, that of any of its replicas, or its name, if one live one has it.

    Raises NotFound, also for the name of one that has ended; BadInput for a name that several have.
    """
    number = number_of(cluster, word)
    if number is None and (ended := service_rows.ended_number_of(cluster.db, word)) is not None:
        raise NotFound(f"service {ended} ({visible(word, 60)}) has ended", f"`clusterctl service {ended}` shows it")
    found = service_rows.read(cluster.db, [number], cluster.settings.measure_ttl) if number is not None else []
    if not found:
        raise NotFound(f"no service {word!a:.80}", HINT)
    return found[0]


@served
def service(cluster: Cluster, word: str) -> ServiceStory:
    """That service and its live replicas. Raises as ``find_service`` does."""
    found = find_service(cluster, word)
    chosen = Selection(array_id=found.id, states=tuple(sorted(LIVE)))
    return ServiceStory(service=found, replicas=tuple(jobs.read(cluster.db, chosen, MAX_REPLICAS)))


def number_of(cluster: Cluster, word: str) -> int | None:
    """The number of the service that *word* means; None if it means none. Raises BadInput, NotFound."""
    if word.isdecimal() and len(word) < 19:
        number = service_rows.number_of(cluster.db, int(word))
        return int(word) if number is None and service_rows.is_there(cluster.db, int(word)) else number
    named = service_rows.numbers_of(cluster.db, word)
    if len(named) > 1:
        shown = ", ".join(map(str, named[:8]))
        raise BadInput(f"{len(named)} services are called {word!a:.80}: {shown}", "name one by its number")
    return named[0] if named else None
