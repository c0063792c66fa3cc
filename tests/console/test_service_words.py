"""What is said of services: how replicas fare, what a verb will not do, and how a service is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clusterctl.model.exits import ExitCode
from clusterctl.model.registration import Registered
from clusterctl.store import jobs, service_keeping
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.store.scene import Scene
from tests.store.service import become_ready, serve
from tests.store.test_quotas import grant
from tests.store.threads import PATIENCE, in_background
from tests.until import until


@pytest.fixture
def web(scene: Scene, worker: Registered) -> Scene:
    """Service 1, ``web``, of three replicas: 1 and 2 run and are ready, 3 waits."""
    ids = serve(scene, 3)
    orders, _ = scene.run(worker, ids[:2])
    become_ready(scene, *(order.allocation_id for order in orders))
    return scene


def row(run: Run) -> list[str]:
    """State, ready and running of the only service."""
    return run("services", "-o", "table").out.splitlines()[1].split()[2:5]


# --- how they fare


def test_nobody_knows_whether_a_replica_on_a_silent_worker_serves(run: Run, web: Scene) -> None:
    web.silence(20)
    assert row(run) == ["silent", "0/3", "2"]
    assert "3 replicas: 2 silent, 1 pending\n" in run("service", "web").out
    assert run("services", "--filter", "replicas.silent>1", "-o", "ids").out == "1\n"
    lines = [line for line in run("explain", "1").out.splitlines() if "worker_silent" in line]
    assert len(lines) == 2
    assert not any("ready for" in line for line in lines)


def test_who_was_ready_and_is_no_longer_is_not_called_starting(run: Run, web: Scene) -> None:
    web.db.run("UPDATE allocations SET ready_at = NULL, was_ready = true WHERE job_id = 1")
    assert row(run) == ["partly", "1/3", "2"]
    assert "1 ready, 1 unready, 1 pending" in run("service", "web").out
    assert run("jobs", "--filter", "reason:unready", "-o", "ids").out == "1\n"
    assert run("jobs", "--filter", "service.was_ready:true", "-o", "ids").out == "1\n"
    assert run("jobs", "1", "-o", "table").out.splitlines()[1].split()[3] == "unready"
    assert "fares       it runs, was ready, and is no longer\n" in run("job", "1").out
    assert "; ready no longer; " in run("explain", "1").out.replace("\n", " ")
    web.db.run("UPDATE allocations SET ready_at = NULL, was_ready = true")
    assert row(run)[0] == "unready"
    web.db.run("UPDATE allocations SET generation = 1")  # it is being restarted
    assert row(run)[0] == "starting"
    assert run("jobs", "--filter", "reason:starting", "-o", "ids").out == "1\n2\n"


def test_a_service_of_which_a_replica_is_held_is_not_all_ready(run: Run, web: Scene) -> None:
    run("hold", "3", "--reason", "night")
    assert row(run) == ["partly", "2/3", "2"]
    card = run("job", "3").out
    assert "  waits       held by " in card
    assert "held: held" not in card


# --- what a verb will not do


def test_a_dry_run_of_scale_is_refused_as_scale_would_be(run: Run, web: Scene) -> None:
    grant(web.db, "default", max_pending=2)
    for words in (("--dry-run",), ()):
        said = run("scale", "web", "6", *words)
        assert said.code == ExitCode.REFUSED
        assert_told(said, "tenant default may have 2 waiting jobs: 1 wait, and this would add 3")
    assert run("scale", "web", "4", "--dry-run").code == 0
    assert run("scale", "web", "1", "--dry-run").code == 0


def test_a_restart_says_of_what_is_held_that_nothing_is_restarted(run: Run, scene: Scene) -> None:
    serve(scene, 3, hold=True)
    said = run("restart", "web")
    assert said.err == (
        "service 1 (web): nothing to restart, no replica runs: all are held\n"
        "hint: `clusterctl release service:1` lets those start that are held\n"
    )
    said = run("scale", "web", "4", "--wait", "--timeout", "60s")
    assert said.code == ExitCode.REFUSED
    assert "clusterctl: error: service 1 is held: so none of it becomes ready\n" in said.err
    assert said.err.endswith("`clusterctl release service:1` lets it start\n")


def test_a_single_replica_is_not_restarted_one_after_the_other(run: Run, web: Scene) -> None:
    jobs.cancel(web.db, [2])
    assert run("restart", "web").err == "service 1 (web): 1 replica is being restarted\n"


def test_waiting_for_a_restart_does_not_wait_for_what_no_worker_has(run: Run, web: Scene) -> None:
    def roll_on() -> None:
        """What the leader does, and the agents of both."""
        until(lambda: web.db.value("SELECT rolling FROM services"), what="a restart")
        while web.db.value("SELECT rolling FROM services"):
            service_keeping.roll(web.db, web.term)
            become_ready(web, *(row[0] for row in web.db.rows("SELECT id FROM allocations")))

    thread, answer = in_background(roll_on)
    assert run("restart", "web", "--wait", "--timeout", "60s").code == 0
    thread.join(PATIENCE)
    assert (answer, row(run)) == ([None], ["partly", "2/3", "2"])


def test_who_cancels_one_replica_of_many_everywhere_is_told_that_another_comes(
    run: Run, scene: Scene, worker: Registered
) -> None:
    serve(scene, 2, every_worker=True)
    hint = "hint: service 1 is for every worker: another is made at once; "
    assert run("cancel", "2", "--dry-run").err.splitlines()[-1].startswith(hint)
    assert hint not in run("hold", "2").err
    assert hint not in run("cancel", "service:1").err


# --- how it is named


def test_the_audit_names_the_service_and_is_found_by_any_of_its_replicas(run: Run, web: Scene) -> None:
    run("scale", "web", "2")
    run("restart", "web")
    entries = [json.loads(line) for line in run("audit", "--job", "2", "-o", "jsonl").out.splitlines()]
    assert [(each["verb"], each["subject"]) for each in entries] == [("scale", "service:1"), ("restart", "service:1")]


def test_the_doctor_knows_a_service_by_its_name(run: Run, web: Scene) -> None:
    web.db.run("UPDATE allocations SET ready_at = NULL, restarts = 5, last_exit = 'exit code 1' WHERE job_id = 1")
    found = run("doctor", "service:web", "-o", "jsonl").out
    assert found == run("doctor", "service:1", "-o", "jsonl").out
    assert '"crash_loop"' in found
    assert_told(run("doctor", "service:nope"), "no service 'nope'")
    serve(web, 1)
    assert_told(run("doctor", "service:web"), "2 services are called 'web'")


@pytest.mark.parametrize("verb", ["explain", "logs", "cancel", "jobs"])
def test_a_bare_name_is_no_job_but_may_be_a_service(run: Run, web: Scene, verb: str) -> None:
    said = run(verb, "web")
    assert said.code == ExitCode.USAGE
    assert "did you mean service:web? " in said.err


def test_the_name_of_a_service_that_has_ended_says_so(run: Run, web: Scene) -> None:
    jobs.cancel(web.db, serve(web, 1, name="ticker"))
    for words in (("service", "ticker"), ("scale", "ticker", "2"), ("logs", "service:ticker")):
        said = run(*words)
        assert said.code == ExitCode.NOT_FOUND
        assert_told(said, "service 4 (ticker) has ended")
    serve(web, 1, name="ticker")
    assert run("service", "ticker").out.startswith("service 5  ticker")


def test_a_service_that_is_a_script_says_so(run: Run, scene: Scene, tmp_path: Path) -> None:
    script = tmp_path / "serve"
    script.write_text("#!/bin/sh\nexec sleep \\\n1000\n\n")
    run("submit", "--service", "--", str(script), "--port", "0")
    run("submit", "--service", "--", str(script))
    run("submit", "--service", "--", "sleep", "1000")
    told = [line.split("  ")[-1].strip() for line in run("services", "-o", "wide").out.splitlines()[1:]]
    assert told == ["a script of 4 lines: --port 0", "a script of 4 lines", "sleep 1000"]
    assert "  command     a script of 4 lines: --port 0\n" in run("job", "1").out
    plain = [json.loads(line) for line in run("services", "-o", "jsonl").out.splitlines()]
    assert [(each["command"], each["script_lines"]) for each in plain[1:]] == [([], 4), (["sleep", "1000"], None)]
