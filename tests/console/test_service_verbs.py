"""``scale``, ``restart``, and what the verbs of jobs do to replicas."""

from __future__ import annotations

import json

import pytest

from clusterctl import views
from clusterctl.cli.completion import service_words
from clusterctl.cluster import Cluster
from clusterctl.model.exits import ExitCode
from clusterctl.model.registration import Registered
from clusterctl.model.states import Outcome
from clusterctl.settings import Settings
from clusterctl.store import allocations, jobs, service_keeping
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.store.scene import Scene
from tests.store.service import become_ready, ended, picture, serve


@pytest.fixture
def web(scene: Scene, worker: Registered) -> Scene:
    """Service 1, ``web``, of three replicas: 1 and 2 run and are ready, 3 waits."""
    ids = serve(scene, 3)
    orders, _ = scene.run(worker, ids[:2])
    become_ready(scene, *(order.allocation_id for order in orders))
    return scene


# --- scale


def test_a_service_is_scaled_up(run: Run, web: Scene) -> None:
    said = run("scale", "web", "5", "--reason", "busy")
    assert (said.code, said.out) == (0, "Submitted 2 replicas 4-5 (service 1)\n")
    assert said.err == "service 1 (web) has 5 replicas instead of 3\n"
    assert run("jobs", "service:web", "-o", "ids").out == "".join(f"{n}\n" for n in range(1, 6))
    assert run("jobs", "array:1", "-o", "ids").out == "".join(f"{n}\n" for n in range(1, 6))
    assert web.db.rows("SELECT verb, subject, reason, detail FROM audit") == [
        ("scale", "service:1", "busy", {"from": 3, "to": 5})
    ]
    assert run("scale", "web", "5").err == "service 1 (web) has 5 replicas already\n"
    web.check()


def test_a_service_is_scaled_down_the_unplaced_first_and_then_the_newest(run: Run, web: Scene) -> None:
    dry = run("scale", "1", "1", "--dry-run")
    assert dry.err == "service 1 (web) would have 1 replica instead of 3\nwould be cancelled: 2-3\n"
    assert picture(web).replicas.wanted == 3
    said = run("scale", "1", "1")
    assert said.err == "service 1 (web) has 1 replica instead of 3\ncancelled, or told to stop: 2-3\n"
    assert web.states([1, 2, 3]) == ["running", "running", "cancelled"]
    assert web.db.value("SELECT stop_outcome FROM allocations WHERE job_id = 2") == "cancelled"
    assert (picture(web).replicas.wanted, picture(web).replicas.stopping) == (1, 1)
    assert run("scale", "1", "2").out == "Submitted 1 replica 4 (service 1)\n", "what is being stopped does not count"
    web.check()


@pytest.mark.parametrize("count", ["0", "-1", "1001", "many"])
def test_a_number_that_no_service_has_is_refused(run: Run, web: Scene, count: str) -> None:
    said = run("scale", "web", "--", count)
    assert said.code == ExitCode.USAGE
    assert picture(web).replicas.wanted == 3


def test_what_has_ended_or_is_everywhere_is_not_scaled(run: Run, web: Scene) -> None:
    jobs.cancel(web.db, serve(web, 1))
    said = run("scale", "4", "2")
    assert (said.code, ended(web, 4)) == (ExitCode.REFUSED, True)
    assert_told(said, "service 4 has ended")
    serve(web, 1, every_worker=True)
    said = run("scale", "5", "2")
    assert said.code == ExitCode.REFUSED
    assert_told(said, "has a replica on every worker")


# --- restart


def test_a_restart_is_asked_for_and_the_leader_does_the_rest(run: Run, web: Scene) -> None:
    dry = run("restart", "web", "--dry-run")
    assert dry.err == "service 1 (web): 2 replicas would be restarted, one after the other\n"
    assert web.db.value("SELECT generation FROM services") == 0
    said = run("restart", "web", "--reason", "new certificate")
    assert (said.code, said.err) == (0, "service 1 (web): 2 replicas are being restarted, one after the other\n")
    assert web.db.row("SELECT generation, rolling FROM services") == (1, True)
    assert web.db.rows("SELECT verb, subject, reason, detail FROM audit") == [
        ("restart", "service:1", "new certificate", {"generation": 1})
    ]
    assert len(service_keeping.roll(web.db, web.term)) == 1
    told = "restarting one after the other, 0 of 3 are back; waits until job 1 on here is ready again"
    assert told in " ".join(run("service", "web").out.split())


def test_of_a_restart_that_waits_everybody_is_told_for_whom(run: Run, web: Scene) -> None:
    jobs.cancel(web.db, [3])
    web.run(web.worker("w2"), serve_one_more(run))
    become_ready(web, 3)
    web.db.run("UPDATE workers SET live_state = 'silent' WHERE name = 'w2'")
    run("restart", "web")
    assert service_keeping.roll(web.db, web.term) == []
    until = "job 4 on w2, of which nothing is heard, is ready again"
    assert f"one after the other, 0 of 3 are back; waits until {until}" in " ".join(run("service", "web").out.split())
    assert f"; it is restarted once {until}; " in " ".join(run("explain", "2", "-o", "json").out.split())
    assert f"; waits until {until}\n" in run("restart", "web", "--wait", "--timeout", "0.01s").err
    (row,) = json.loads(run("services", "-o", "json").out)
    assert row["held_up_by"] == {"job_id": 4, "worker": "w2", "standing": "silent"}
    assert run("services", "-o", "ids", "--filter", "held_up_by.standing:silent").out == "1\n"


def serve_one_more(run: Run) -> list[int]:
    """Scale up by one; its number."""
    run("scale", "web", "3")
    return [4]


def test_waiting_for_a_service_ends_when_all_of_it_is_ready(run: Run, web: Scene) -> None:
    jobs.cancel(web.db, [3])
    assert run("scale", "web", "2", "--wait").code == 0
    said = run("restart", "web", "--wait", "--timeout", "0.01s")
    assert said.code == ExitCode.TIMED_OUT
    assert said.err.splitlines()[-2] == "clusterctl: error: service 1 is not ready in time"
    become_ready(web, *(row[0] for row in web.db.rows("SELECT id FROM allocations")))
    web.db.run("UPDATE allocations SET generation = 1, ran_generation = 1")
    assert run("scale", "web", "2", "--wait").err.endswith("service 1: 2 replicas: 2 ready; 2 restarted\n")


def test_a_service_that_has_ended_is_not_restarted(run: Run, web: Scene) -> None:
    jobs.cancel(web.db, serve(web, 1))
    said = run("restart", "4")
    assert said.code == ExitCode.REFUSED
    assert_told(said, "service 4 has ended")


# --- the verbs of jobs


def test_hold_stops_what_runs_and_keeps_what_waits(run: Run, web: Scene) -> None:
    said = run("hold", "service:web", "--reason", "night")
    assert (said.code, said.err.splitlines()) == (
        0,
        ["job 1 told to stop, to be held", "job 2 told to stop, to be held", "job 3 held"],
    )
    assert web.db.rows("SELECT stop_outcome FROM allocations") == [("held",), ("held",)]
    assert run("hold", "1").err.splitlines()[0] == "job 1 being stopped already, to be held"
    assert run("jobs", "1", "-o", "table").out.splitlines()[1].split()[2] == "stopping"
    said = run("release", "1")
    assert said.code == ExitCode.REFUSED
    assert "job 1 not released: still being stopped" in said.err
    assert "job 1 not requeued: being stopped, to be held" in run("requeue", "1").err
    assert run("cancel", "1").err.splitlines()[0] == "job 1 told to stop"
    web.check()


def test_a_single_replica_is_named_as_one_of_several(run: Run, web: Scene) -> None:
    said = run("cancel", "3")
    assert said.err == "job 3 cancelled\nhint: job 3 is one of 3 replicas; all of them: service:1\n"
    assert run("requeue", "1,2").err.splitlines()[-1] == "job 2 told to stop, to run again"
    assert run("hold", "1", "--dry-run").err.splitlines()[0] == "job 1 not held: being stopped; hold it once it waits"
    assert "hint: " not in run("cancel", "array:1").err


def test_a_cancelled_replica_is_not_submitted_again_alone(run: Run, web: Scene) -> None:
    run("cancel", "3")
    said = run("requeue", "3")
    assert said.code == ExitCode.REFUSED
    assert "job 3 not requeued: a replica that was cancelled; `clusterctl scale` makes others" in said.err
    assert web.db.value("SELECT count(*) FROM jobs") == 3


def test_a_selector_by_name_means_what_lives_of_the_service(run: Run, web: Scene) -> None:
    run("cancel", "3")
    said = run("cancel", "service:web")
    assert (said.code, said.err) == (0, "job 1 told to stop\njob 2 told to stop\n")
    (token,) = web.db.row("SELECT start_token::text FROM allocations") or ("",)
    for order, _ in allocations.recall(web.db, 1, [token]):
        web.end(order, token, Outcome.CANCELLED)
    assert ended(web)
    assert run("jobs", "service:1", "-o", "ids").out == "1\n2\n3\n"
    assert_told(run("cancel", "service:web"), "service 1 (web) has ended")
    assert run("cancel", "service:").code == ExitCode.USAGE
    assert run("cancel", "1", "service:web").code == ExitCode.USAGE


def test_the_names_of_services_are_offered(run: Run, web: Scene) -> None:
    with Cluster(Settings(database_url=web.db.url)) as cluster:
        assert service_words(cluster) == [("1", "partly"), ("web", "partly")]
        assert views.find_service(cluster, "2").id == 1
