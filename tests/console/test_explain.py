"""``explain``, and ``submit --dry-run``: why a job is where it is, for people and for programs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from clusterctl.cluster import login_name
from clusterctl.model.exits import ExitCode
from clusterctl.model.spec import Spec
from clusterctl.model.states import Outcome
from clusterctl.store import jobs
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.store import service
from tests.store.scene import Scene

EXPLANATION = """
    job_id state reason headline steps candidates candidate_table best position share blockers starts_at deadline
    changes replicas history delays
"""
STEP, BEST, POSITION = "filter removed workers sentence", "worker score policy parts fallback", "before of"
BLOCKER, CHANGE = "job_id worker cpus memory_mb expected_end basis", "option starts_on sentence"


@pytest.fixture
def busy(scene: Scene) -> Scene:
    """Job 1 holds 6 of 8 CPUs of w1 for at most an hour; job 2, which needs 4, waits, and so does 3."""
    worker = scene.worker("w1")
    scene.jobs(cpus=6, name="long", time_limit_s=3600)
    scene.run(worker, [1])
    scene.jobs(cpus=4, name="fit")
    scene.jobs(cpus=4, name="later")
    return scene


def told(run: Run, *argv: str) -> dict[str, Any]:
    said = run("explain", *argv, "-o", "json")
    assert said.code == 0, said.err
    found: dict[str, Any] = msgspec.json.decode(said.out)
    return found


def has(thing: dict[str, Any], fields: str) -> bool:
    return thing.keys() >= set(fields.split())


def test_json_has_the_fields_of_the_contract(run: Run, busy: Scene) -> None:
    found = told(run, "2")
    assert has(found, EXPLANATION)
    assert all(has(step, STEP) for step in found["steps"])
    assert has(found["best"], BEST)
    assert has(found["position"], POSITION)
    assert has(found["blockers"][0], BLOCKER)
    assert has(found["starts_at"], "at basis")
    assert has(found["changes"][0], CHANGE)
    assert (found["job_id"], found["state"], found["reason"]) == (2, "pending", "fits_now")
    assert found["starts_at"]["at"] == found["blockers"][0]["expected_end"]
    assert found["changes"][0]["sentence"] == "--cpus 2 starts now on w1"


def test_with_history_it_is_told_for_how_long_each_reason_has_delayed_it(run: Run, busy: Scene) -> None:
    assert run("hold", "2", "--reason", "wait for the data").code == run("release", "2").code == 0
    assert told(run, "2")["history"] == told(run, "2")["delays"] == []
    found = told(run, "2", "--history")
    assert {each["reason"] for each in found["history"]} == {"not_looked_at", "held"}
    for each in found["history"]:
        assert has(each, "reason from to seconds sentence")
        assert each["from"] <= each["to"]
    assert sum(each["share"] for each in found["delays"]) == pytest.approx(1)
    assert sum(each["seconds"] for each in found["delays"]) == pytest.approx(
        sum(each["seconds"] for each in found["history"])
    )
    card = run("explain", "2", "--history").out
    assert "DELAYED BY" in card
    assert f"held by {login_name()}: wait for the data" in " ".join(card.split())


def test_a_score_is_told_by_its_parts_beside_those_of_other_candidates(run: Run, scene: Scene) -> None:
    for name, cpus in (("w1", 8), ("w2", 4), ("w3", 1)):
        scene.worker(name, cpus=cpus)
    scene.jobs(cpus=2)
    found = told(run, "1")
    assert found["best"]["worker"] == "w2"
    assert found["best"]["parts"] == {"gpus": 0, "cpus": 2.0, "memory_mb": 63_936}
    removed = {each["worker"]: each["removed_by"] for each in found["candidate_table"]}
    assert removed == {"w1": "", "w2": "", "w3": "fits_ever"}
    rows = [line.split() for line in run("explain", "1").out.splitlines()]
    table = rows[[row[:1] for row in rows].index(["CANDIDATE"]) + 1 :]
    assert [row[0] for row in table] == ["w2", "w1"]


def test_a_deadline_is_told_of_what_waits_and_of_what_runs(run: Run, busy: Scene) -> None:
    assert (
        run("submit", "--priority", "high", "--cpus", "4", "--time-limit", "10m", "--deadline", "30m", "true").code == 0
    )
    waits = told(run, "4")["deadline"]
    assert "it would have to start before " in waits["sentence"]
    assert waits["sentence"].endswith(", and that is not to be expected: it is cancelled then")
    busy.run(busy.worker("w2"), [4])
    assert told(run, "4")["deadline"]["sentence"].endswith("in 30 min")
    assert "it should have ended by " in " ".join(run("explain", "4").out.split())


def test_a_running_replica_tells_how_it_serves(run: Run, scene: Scene) -> None:
    spec = Spec(command=("serve",), ready_cmd="curl -sf localhost")
    orders, _, _ = service.running(scene, 3, spec=spec)
    assert "; not ready yet: its `curl -sf localhost` has not succeeded; " in told(run, "2")["headline"]
    service.become_ready(scene, *(order.allocation_id for order in orders))
    assert "; ready for 0 s; its worker was heard " in told(run, "2")["headline"]
    scene.db.run(
        """
        UPDATE allocations SET ready_at = NULL, restarts = 2, last_exit = 'exit code 1',
               resting_until = cluster_time() + interval '40 s' WHERE job_id = 2
        """
    )
    resting = told(run, "2")["headline"]
    assert "; its process has ended (exit code 1) and is started again at " in resting
    assert "; restarted 2 times; " in resting
    assert told(run, "2")["ends_at"]["basis"] == "no estimate: a service does not end by itself"
    scene.silence(20.0)
    assert ": at " in told(run, "1")["headline"]
    assert told(run, "1")["headline"].endswith("; then it waits again, for another worker")


def test_a_replica_tells_whose_turn_it_is_in_a_rolling_restart(run: Run, scene: Scene) -> None:
    orders, _, _ = service.running(scene, 3)
    service.become_ready(scene, *(order.allocation_id for order in orders))
    assert run("restart", "1").code == 0
    assert "; it is restarted next, as its service wants; " in told(run, "1")["headline"]
    scene.db.run("UPDATE allocations SET generation = 1, ready_at = NULL WHERE job_id = 1")
    assert "; its process is being restarted, as its service wants; " in told(run, "1")["headline"]
    waits = told(run, "3")["headline"]
    assert "; it is restarted once job 1 on w1 is ready again; 2 replicas are still to come; " in waits


def test_the_number_of_a_service_explains_all_of_its_replicas(run: Run, scene: Scene) -> None:
    orders, _, _ = service.running(scene, 2)
    service.become_ready(scene, orders[0].allocation_id)
    assert run("scale", "1", "3").code == 0
    assert run("hold", "3").code == 0
    found = told(run, "1")["replicas"]
    assert [(each["job_id"], each["state"], each["worker"]) for each in found] == [
        (1, "running", "w1"),
        (2, "running", "w1"),
        (3, "held", None),
    ]
    assert [each["sentence"] for each in found][:2] == ["ready for 0 s", "not ready yet"]
    assert told(run, "2")["replicas"] == []
    rows = [line.split() for line in run("explain", "1").out.splitlines()]
    table = rows[[row[:1] for row in rows].index(["REPLICA"]) + 1 :]
    assert [row[:2] for row in table] == [["1", "running"], ["2", "running"], ["3", "held"]]


def test_a_single_job_is_an_object_and_several_are_a_list(run: Run, busy: Scene) -> None:
    several = msgspec.json.decode(run("explain", "2-3", "-o", "json").out)
    assert [each["job_id"] for each in several] == [2, 3]
    assert [each["position"]["before"] for each in several] == [0, 1]


def test_a_card_tells_the_same_within_the_terminal(run: Run, busy: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in (80, 40):
        monkeypatch.setenv("COLUMNS", str(columns))
        card = run("explain", "3").out
        assert max(map(len, card.splitlines())) <= columns
        flat = " ".join(card.split())
        for words in ("later pending", "fits_now: needs 4 CPUs", "--cpus 2 starts now on w1", "1 job before it, of 2"):
            assert words in flat
        assert [line.split()[:2] for line in card.splitlines() if line.startswith(("fits_now", "left"))] == [
            ["fits_now", "1"],
            ["left", "0"],
        ]


def test_several_cards_stand_apart_and_too_many_are_refused(run: Run, busy: Scene) -> None:
    assert run("explain", "1-3").out.count("\n\njob ") == 2
    busy.jobs(30)
    said = run("explain", "all")
    assert said.code == ExitCode.USAGE
    assert_told(said, "33 jobs")


def test_an_unknown_job_is_not_found(run: Run, scene: Scene) -> None:
    said = run("explain", "99")
    assert said.code == ExitCode.NOT_FOUND
    assert_told(said, "99")


def test_every_state_has_its_sentence(run: Run, busy: Scene) -> None:
    worker = busy.worker("w2")
    (reserved,) = busy.jobs(name="reserved")
    busy.reserve(worker, [reserved])
    assert "runs on w1 for" in told(run, "1")["headline"]
    assert told(run, "1")["ends_at"]["basis"] == "its time limit of 60 min"
    found = told(run, str(reserved))
    assert "reserved on w2 for" in found["headline"]
    assert "it must start by" in found["headline"]
    assert run("cancel", "1", "--reason", "wrong data").code == 0
    stopping = told(run, "1")
    assert stopping["state"] == "stopping"
    assert "asked to stop" in stopping["headline"]
    assert stopping["headline"].endswith(f"by {login_name()}: wrong data")
    (failed,) = busy.jobs(name="broken")
    busy.finish(busy.worker("w3"), failed, code=3)
    assert told(run, str(failed))["headline"].startswith("failed: exit code 3; ended at ")
    (child,) = busy.jobs(cpus=1)
    busy.silence(20.0)
    assert "is silent" in told(run, "1")["headline"]
    assert told(run, "1")["advice"].endswith("`clusterctl worker w1 --confirm-dead`.")
    assert told(run, str(child))["reason"] == "no_workers"


def test_a_held_job_and_one_that_comes_after_others_are_told_apart(run: Run, busy: Scene) -> None:
    assert run("submit", "--hold", "true").code == 0
    held = told(run, "4")
    assert (held["reason"], held["headline"]) == ("held", "held since it was submitted")
    assert held["changes"][0]["option"] == "clusterctl release 4"
    assert run("release", "4").code == run("hold", "4", "--reason", "wait for the data").code == 0
    found = told(run, "4")["headline"]
    assert found.startswith(f"held by {login_name()} since ")
    assert found.endswith(": wait for the data")
    assert run("submit", "--after", "1", "true").code == 0
    child = told(run, "5")
    assert (child["reason"], [each["job_id"] for each in child["blockers"]]) == ("dependency", [1])
    assert child["starts_at"]["basis"] == "at the earliest, when job 1 ends: its time limit of 60 min"


def test_a_job_that_rests_tells_after_which_failure(run: Run, busy: Scene) -> None:
    (job,) = busy.jobs(retries=2)
    busy.finish(busy.worker("w1"), job, code=3)
    found = told(run, str(job))
    assert found["reason"] == "not_before"
    assert found["headline"].endswith("after a failed attempt: exit code 3")


def test_what_strangers_wrote_is_shown_literally(run: Run, busy: Scene) -> None:
    evil = "\x1b[31mred"
    assert run("submit", "--label", f"zone={evil}", "--name", evil, "true").code == 0
    card = run("explain", "4").out
    assert "\x1b" not in card
    assert "without the labels zone=\\e[31mred" in " ".join(card.split())
    assert told(run, "4")["steps"][0]["sentence"] == f"without the labels zone={evil}"


def test_a_dry_run_says_what_would_become_of_it_and_makes_no_job(run: Run, busy: Scene) -> None:
    said = run("submit", "--dry-run", "--cpus", "2", "true")
    assert said.code == 0
    assert "would start now, on w1" in said.out
    assert said.err == "would submit 1 job: 'true'\n"
    full = " ".join(run("submit", "--dry-run", "--cpus", "3", "true").out.split())
    assert "would wait: needs 3 CPUs" in full
    assert "--cpus 2 starts now on w1" in full
    assert busy.db.value("SELECT count(*) FROM jobs") == 3


def test_a_dry_run_knows_what_becomes_of_the_jobs_that_it_comes_after(run: Run, busy: Scene) -> None:
    assert "comes after 1 job that has not ended: job 2" in " ".join(
        run("submit", "--dry-run", "--after", "2", "true").out.split()
    )
    jobs.cancel(busy.db, [2])
    assert "would be cancelled at once" in run("submit", "--dry-run", "--after", "2", "true").out
    assert run("submit", "--dry-run", "--after", "99", "true").code == ExitCode.NOT_FOUND


def test_after_a_submit_only_what_can_never_start_is_warned_of(run: Run, busy: Scene) -> None:
    assert run("submit", "--cpus", "8", "true").err == ""
    said = run("submit", "--cpus", "9", "true")
    assert said.err.startswith("warning: needs 9 CPUs; no worker that it may use is that large")
    assert len(said.err.splitlines()) == 1


def test_the_story_of_a_waiting_job_points_to_its_explanation(run: Run, busy: Scene) -> None:
    assert "`clusterctl explain 2`" in run("job", "2").out
    assert "explain" not in run("job", "1").out


def test_an_attempt_that_cost_none_of_the_retries_is_not_counted_among_them(run: Run, scene: Scene) -> None:
    worker = scene.worker("w1")
    once, twice = scene.jobs(1) + scene.jobs(1, retries=1)
    orders, token = scene.run(worker, [once, twice])
    for order in orders:
        assert run("requeue", str(order.job_id)).code == 0
        scene.end(order, token, Outcome.REQUEUED)
    scene.run(worker, [once, twice])
    assert ", attempt 2; " in told(run, str(once))["headline"]
    assert ", attempt 2 of 2; " in told(run, str(twice))["headline"]
    header, *rows = run("jobs", "-o", "table").out.splitlines()
    end = header.index("TRY") + len("TRY")
    tries = {row.split()[0]: row[:end].split()[-1] for row in rows}
    assert tries == {str(once): "2", str(twice): "2/2"}
