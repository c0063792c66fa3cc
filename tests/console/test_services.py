"""``submit --service``, and services in lists: ``services``, ``service``, ``jobs``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clusterctl.model.exits import ExitCode
from clusterctl.model.registration import Registered
from clusterctl.store import jobs
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.store.scene import Scene
from tests.store.service import become_ready, serve

SERVE = ("--", "sleep", "1000")


@pytest.fixture
def web(scene: Scene, worker: Registered) -> Scene:
    """Service 1, ``web``, of three replicas: 1 and 2 run and are ready, 3 waits."""
    ids = serve(scene, 3)
    orders, _ = scene.run(worker, ids[:2])
    become_ready(scene, *(order.allocation_id for order in orders))
    return scene


# --- submit


def test_a_service_is_submitted_with_its_replicas(run: Run, scene: Scene) -> None:
    said = run("submit", "--service", "--replicas", "3", "--name", "web", "--lease", "60s", *SERVE)
    assert (said.code, said.out) == (0, "Submitted service 1 (3 replicas 1-3)\n")
    assert scene.db.rows("SELECT kind, array_id, array_index, lease_s FROM jobs ORDER BY id") == [
        ("service", 1, index, 60) for index in range(3)
    ]
    assert scene.db.row("SELECT name, every_worker, slo_p99_ms FROM services") == ("web", False, None)
    scene.check()


@pytest.mark.parametrize(
    "words, told",
    [
        (["--service"], "Submitted service 1 (1 replica)\n"),
        (["--daemon"], "Submitted service 1 (a replica on every worker)\n"),
        (["--service", "--daemon"], "Submitted service 1 (a replica on every worker)\n"),
        (["--service", "--parsable"], "1\n"),
        (["--service", "--replicas", "3", "--parsable"], "1-3\n"),
    ],
)
def test_what_submit_says_of_a_service(run: Run, scene: Scene, words: list[str], told: str) -> None:
    assert run("submit", *words, *SERVE).out == told
    assert scene.db.value("SELECT every_worker FROM services") is ("--daemon" in words)


def test_readiness_and_slo_reach_the_spec_and_the_service(run: Run, scene: Scene) -> None:
    run("submit", "--service", "--ready-cmd", "test -e up", "--slo-p99-ms", "80", *SERVE)
    run("submit", "--service", "--ready-after", "1m", *SERVE)
    assert scene.db.rows("SELECT spec->>'ready_cmd', spec->>'ready_after_s' FROM submissions ORDER BY id") == [
        ("test -e up", None), (None, "60"),
    ]  # fmt: skip
    assert scene.db.rows("SELECT slo_p99_ms FROM services ORDER BY id") == [(80,), (None,)]


@pytest.mark.parametrize(
    "words, why",
    [
        (["--replicas", "2"], "--replicas is of a service"),
        (["--ready-cmd", "true"], "--ready-cmd is of a service"),
        (["--ready-after", "5s"], "--ready-after is of a service"),
        (["--slo-p99-ms", "5"], "--slo-p99-ms is of a service"),
        (["--service", "--array", "0-3"], "--array does not go with --service"),
        (["--service", "--time-limit", "5m"], "--time-limit does not go with --service"),
        (["--service", "--retries", "2"], "--retries does not go with --service"),
        (["--service", "--deadline", "5h"], "--deadline does not go with --service"),
        (["--service", "--wait"], "--wait does not go with --service"),
        (["--daemon", "--wait"], "--wait does not go with --service"),
        (["--daemon", "--replicas", "2"], "--daemon and --replicas do not go together"),
        (["--daemon", "--worker", "w1"], "--daemon and --worker do not go together"),
        (["--service", "--ready-cmd", "true", "--ready-after", "5s"], "do not go together"),
        (["--service", "--ready-cmd", " "], "--ready-cmd is empty"),
        (["--service", "--on-worker-loss", "fail"], "a service does not fail"),
        (["--service", "--replicas", "0"], "--replicas"),
        (["--service", "--replicas", "1001"], "--replicas"),
        (["--service", "--slo-p99-ms", "0"], "--slo-p99-ms"),
        (["--service", "--replicas", "2", "--follow"], "--follow shows the output of one job"),
    ],
)
def test_what_makes_no_sense_for_a_service_is_refused_in_a_sentence(
    run: Run, scene: Scene, words: list[str], why: str
) -> None:
    said = run("submit", *words, *SERVE)
    assert said.code == ExitCode.USAGE
    assert_told(said, why)
    assert scene.db.value("SELECT count(*) FROM jobs") == 0


def test_a_script_may_say_itself_that_it_is_a_service(run: Run, scene: Scene, tmp_path: Path) -> None:
    script = tmp_path / "serve.sh"
    script.write_text("#!/bin/sh\n#CC --service --replicas 2 --ready-after 5s\nexec sleep 1000\n")
    assert run("submit", str(script)).out == "Submitted service 1 (2 replicas 1-2)\n"
    said = run("submit", "--replicas", "4", str(script))
    assert said.out == "Submitted service 3 (4 replicas 3-6)\n"
    script.write_text("#!/bin/sh\n#CC --service --wait\nexec sleep 1000\n")
    assert_told(run("submit", str(script)), "--wait does not go with --service")


def test_services_stand_beside_jobs_in_a_list(run: Run, scene: Scene, tmp_path: Path) -> None:
    lines = [
        {"command": ["sleep", "9"], "service": True, "replicas": 2, "ready-after": "5s"},
        {"command": "true"},
        {"command": "probe", "daemon": True},
    ]
    path = tmp_path / "list.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    dry = run("submit", "--from", str(path), "--dry-run").err
    assert dry.startswith("would submit 4 jobs, among them 2 services: ")
    assert run("submit", "--from", str(path)).out == (
        "Submitted 4 jobs 1-4, with 2 services: 1 (2 replicas), 4 (a replica on every worker)\n"
    )
    assert scene.db.rows("SELECT id, every_worker FROM services ORDER BY id") == [(1, False), (4, True)]
    path.write_text(json.dumps({"command": ["true"], "replicas": 2}) + "\n")
    assert_told(run("submit", "--from", str(path)), "line 1: --replicas is of a service")


def test_a_dry_run_of_a_service_makes_none(run: Run, scene: Scene, worker: Registered) -> None:
    said = run("submit", "--service", "--replicas", "3", "--dry-run", *SERVE)
    assert said.code == 0
    assert said.err.startswith("would submit a service, 3 replicas: 'sleep'\n")
    assert scene.db.value("SELECT count(*) FROM services") == 0


def test_the_same_key_is_the_same_service(run: Run, scene: Scene) -> None:
    words = ("submit", "--service", "--replicas", "2", "--key", "k", *SERVE)
    assert run(*words).out == run(*words).out == "Submitted service 1 (2 replicas 1-2)\n"


# --- services, service, jobs


def test_the_list_of_services_says_how_they_stand(run: Run, web: Scene) -> None:
    header, row = run("services", "-o", "table").out.splitlines()
    assert header.split()[:6] == ["ID", "NAME", "STATE", "READY", "RUNNING", "WAITING"]
    assert row.split()[:6] == ["1", "web", "partly", "2/3", "2", "1"]
    assert run("services", "-o", "ids").out == "1\n"
    (service,) = json.loads(run("services", "-o", "json").out)
    assert service["replicas"] == {
        "wanted": 3, "ready": 2, "starting": 0, "unready": 0, "resting": 0, "silent": 0, "scheduled": 0, "pending": 1,
        "held": 0, "stopping": 0,
    }  # fmt: skip
    assert run("services", "--filter", "replicas.ready<2").err == "no services\n"
    assert run("services", "--filter", "web state:partly", "-o", "ids").out == "1\n"


def test_an_ended_service_is_listed_for_an_hour_and_then_with_all(run: Run, web: Scene) -> None:
    jobs.cancel(web.db, serve(web, 1, name="old"))
    assert run("services", "-o", "ids").out == "1\n4\n"
    web.db.run("UPDATE services SET ended_at = ended_at - interval '2 h' WHERE id = 4")
    assert run("services", "-o", "ids").out == "1\n"
    assert run("services", "--all", "-o", "ids").out == "1\n4\n"


def test_the_card_of_a_service_shows_each_replica(run: Run, web: Scene) -> None:
    web.db.run("UPDATE allocations SET restarts = 4, last_exit = 'exit code 7' WHERE job_id = 2")
    for word in ("1", "3", "web", "service:web", "array:1"):
        card = run("service", word).out
        assert card.startswith("service 1  web  partly\n  runs as     3 replicas: 2 ready, 1 pending\n")
    rows = [line.split() for line in card.splitlines()[-3:]]
    assert [row[:4] for row in rows] == [
        ["1", "0", "running", "here"], ["2", "1", "running", "here"], ["3", "2", "pending", "-"],
    ]  # fmt: skip
    assert "exit code 7" in card
    story = json.loads(run("service", "web", "-o", "json").out)
    assert (story["id"], [each["id"] for each in story["jobs"]]) == (1, [1, 2, 3])


def test_what_names_no_service_or_several_is_refused(run: Run, web: Scene) -> None:
    for word in ("nope", "99", "4"):
        said = run("service", word)
        assert said.code == ExitCode.NOT_FOUND
        assert_told(said, f"no service '{word}'")
    web.jobs()
    assert run("service", "4").code == ExitCode.NOT_FOUND
    serve(web, 1)
    said = run("service", "web")
    assert said.code == ExitCode.USAGE
    assert_told(said, "2 services are called 'web': 1, 5")
    assert_told(run("restart", ""), "a service is named by its number")


def test_jobs_say_of_each_replica_how_it_fares(run: Run, web: Scene) -> None:
    web.db.run(
        "UPDATE allocations SET ready_at = NULL, restarts = 2, last_exit = 'exit code 1',"
        " resting_until = now() + interval '50 s' WHERE job_id = 1"
    )
    out = run("jobs", "--filter", "kind:service", "-o", "wide").out
    assert "restarts in 50s: exit code 1" in out or "restarts in 49s: exit code 1" in out
    assert [line.split()[3] for line in out.splitlines()[2:3]] == ["ready"]
    assert run("jobs", "--filter", "reason:resting", "-o", "ids").out == "1\n"
    assert run("jobs", "--filter", "service.restarts>1", "-o", "ids").out == "1\n"
    (job, *_) = json.loads(run("jobs", "1", "-o", "json").out)
    assert (job["reason"], job["service"]["id"], job["service"]["restarts"]) == ("resting", 1, 2)
    assert "its process ended (exit code 1), and is started again at " in job["detail"]
    web.db.run("UPDATE allocations SET resting_until = NULL WHERE job_id = 1")
    assert run("jobs", "--filter", "reason:starting", "-o", "ids").out == "1\n"
    assert "service     1, replica 0, restarted 2×; its last end: exit code 1\n" in run("job", "1").out


def test_a_batch_job_has_no_service(run: Run, scene: Scene) -> None:
    scene.jobs()
    (job,) = json.loads(run("jobs", "-o", "json").out)
    assert job["service"] is None
