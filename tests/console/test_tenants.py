"""``tenants``: what each wants, holds and waits for, and how evenly it is shared."""

from __future__ import annotations

from typing import Any, LiteralString, TypeVar

import msgspec
import pytest

from clusterctl import views
from clusterctl.cluster import Cluster
from clusterctl.model.exits import ExitCode
from clusterctl.settings import load
from clusterctl.store.connection import Database
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.store.scene import Scene

T = TypeVar("T")
TENANT = (  # as documented
    "name jobs cpus memory_mb gpus dominant_share weight oldest_wait_s wait_p50_s wait_p95_s starts"
    " recent recent_share fair_share quota slo jain"
)


@pytest.fixture
def shared(scene: Scene) -> Scene:
    """Of 8 CPUs ada holds 4 and bob 2; cyd waits; dan is held back, and eve has ended."""
    worker = scene.worker("w1", cpus=8)
    scene.finish(worker, scene.jobs(tenant="eve")[0])
    scene.run(worker, scene.jobs(cpus=4, tenant="ada"))
    scene.reserve(worker, scene.jobs(cpus=2, tenant="bob"))
    scene.jobs(3, tenant="cyd")
    scene.jobs(tenant="dan", hold=True)
    return scene


def test_each_tenant_is_told_with_what_it_wants_and_holds(run: Run, shared: Scene) -> None:
    found = {row["name"]: row for row in msgspec.json.decode(run("tenants", "-o", "json").out)}
    assert list(found) == ["ada", "bob", "cyd", "dan", "eve"]
    assert all(row.keys() == set(TENANT.split()) for row in found.values())
    assert found["ada"]["jobs"] == {"held": 0, "pending": 0, "scheduled": 0, "running": 1}
    assert found["ada"]["cpus"] == {"reserved": 0.0, "allocated": 4.0}
    assert found["bob"]["cpus"] == {"reserved": 2.0, "allocated": 0.0}
    assert found["bob"]["memory_mb"] == {"reserved": 64.0, "allocated": 0.0}
    assert [found[name]["dominant_share"] for name in ("ada", "bob", "cyd")] == [0.5, 0.25, 0.0]
    assert found["cyd"]["jobs"]["pending"] == 3
    assert found["cyd"]["oldest_wait_s"] >= 0
    assert (found["dan"]["jobs"]["held"], found["dan"]["oldest_wait_s"]) == (1, None)


def test_waits_are_of_first_attempts_that_were_started_within_the_hour(run: Run, shared: Scene) -> None:
    worker = shared.worker("w2", cpus=8)
    for wait in range(1, 21):
        (job,) = shared.jobs(tenant="fay")
        shared.finish(worker, job)
        shared.db.run("UPDATE jobs SET submitted_at = started_at - %s * interval '1 s' WHERE id = %s", 10 * wait, job)
    old = shared.jobs(tenant="gil")[0]
    shared.run(worker, [old])
    shared.db.run("UPDATE jobs SET started_at = started_at - interval '2 h' WHERE id = %s", old)
    found = {row["name"]: row for row in msgspec.json.decode(run("tenants", "-o", "json").out)}
    assert (found["fay"]["wait_p50_s"], found["fay"]["wait_p95_s"], found["fay"]["starts"]) == (100.0, 190.0, 20)
    assert (found["gil"]["wait_p50_s"], found["gil"]["starts"]) == (None, 0)
    assert (found["ada"]["starts"], found["eve"]["starts"]) == (1, 1)


def test_a_second_attempt_says_nothing_about_the_wait(run: Run, scene: Scene) -> None:
    worker, (job,) = scene.worker(), scene.jobs(retries=1)
    scene.finish(worker, job, code=1)
    scene.db.run("UPDATE jobs SET not_before = NULL")
    scene.finish(worker, job, code=0)
    (row,) = msgspec.json.decode(run("tenants", "-o", "json").out) or [None]
    assert row is None


def test_how_evenly_it_is_shared_is_said_of_those_who_hold_or_wait(run: Run, shared: Scene) -> None:
    # Jain of 4/8, 2/8 and 0, for dan is held back and eve wants nothing: (6/8)² / (3 · (16 + 4)/64).
    said = run("tenants", "-o", "json")
    assert "fairness 0.60 among the 3 " in said.err
    assert [row["jain"] for row in msgspec.json.decode(said.out)] == [0.6] * 5
    assert msgspec.json.decode(run("tenant", "ada", "-o", "json").out)["jain"] == 0.6


def test_one_tenant_alone_has_nothing_to_share(run: Run, scene: Scene) -> None:
    scene.jobs()
    assert run("tenants").err == ""


def test_the_table_fits_a_terminal(run: Run, shared: Scene) -> None:
    said = run("tenants", "-o", "table").out.splitlines()
    assert max(map(len, said)) <= 80
    assert said[0].split()[:3] == ["TENANT", "PENDING", "HELD"]
    assert said[1].split()[0] == "ada"
    assert "50%" in said[1].split()


def test_tenants_can_be_chosen_and_ordered(run: Run, shared: Scene) -> None:
    assert run("tenants", "-o", "ids", "--sort", "-dominant_share", "--limit", "2").out.split() == ["ada", "bob"]
    assert run("tenants", "-o", "ids", "--filter", "jobs.pending>0").out.split() == ["cyd"]
    assert run("tenants", "-o", "ids", "--filter", "dominant_share>=0.25").out.split() == ["ada", "bob"]


def test_a_cluster_without_jobs_has_no_tenants(run: Run, scene: Scene) -> None:
    said = run("tenants")
    assert (said.code, said.err) == (ExitCode.DONE, "no tenants\n")


@pytest.mark.parametrize("words", ["--filter colour:red", "--sort colour"])
def test_nonsense_is_refused_before_the_cluster_is_asked(run: Run, words: str) -> None:
    said = run("tenants", *words.split())
    assert_told(said)
    assert said.code == ExitCode.USAGE


class Unquiet(Database):
    """Whenever it has read something, another client starts a job on a worker of its own."""

    scene: Scene

    def nouns(self, noun: type[T], sql: LiteralString, *args: object, **named: object) -> list[T]:
        """As ever, but the world goes on."""
        found: list[T] = super().nouns(noun, sql, *args, **named)
        workers = self.scene.db.value("SELECT count(*) FROM workers")
        self.scene.run(self.scene.worker(f"x{workers}"), self.scene.jobs(tenant="ada"))
        return found


def test_all_that_is_told_of_tenants_is_of_one_moment(shared: Scene) -> None:
    with Cluster(load({})) as cluster:
        told = views.tenant_list(cluster)
        cluster.db.close()
        cluster.db = Unquiet(cluster.settings.database_url)
        cluster.db.scene = shared

        def facts(found: Any) -> Any:
            return [msgspec.structs.replace(each, oldest_wait_s=None) for each in found.tenants]

        assert facts(views.tenant_list(cluster)) == facts(told)
        assert facts(views.tenant_list(cluster)) != facts(told)
