"""The checker finds what is planted, and nothing in sound evidence."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.tower import checker, evidence, report
from tests.tower.checker import PROMISES, check
from tests.tower.evidence import Evidence, Row, Run, read_ledger, read_tracebacks
from tests.tower.takeovers import LOOKED_FOR_S, Takeover, await_next

SPOOLS = {"w1": Path("/nonexistent"), "w2": Path("/nonexistent")}


def plan(number: int, count: int = 1, lines: int = 2, after: tuple[tuple[int, str], ...] = ()) -> Row:
    return {"number": number, "count": count, "lines": lines, "after": after}


def job(id: int, state: str = "completed", **more: Any) -> Row:
    row = {"id": id, "state": state, "reason": "exited", "detail": "", "retries": 0, "on_worker_loss": "requeue"}
    return {**row, "exit_code": 0 if state == "completed" else None, **more}


def allocation(id: int, job: int, attempt: int = 1, worker: str = "w1", **more: Any) -> Row:
    row = {"id": id, "job_id": job, "attempt": attempt, "worker": worker, "status": "released", "cpu_milli": 2000}
    return {**row, "was_started": True, "release_reason": "exited", "exit_code": 0, "signal": None, **more}


def run(allocation: int, job: int, began: float, *, attempt: int = 1, worker: str = "w1", ends: int | None = 0) -> Run:
    """An attempt of three seconds, as its ledger tells it."""
    who = f"{job} {attempt} {allocation} {worker} 2"
    lines = [f"start 70 {began:.6f} {who}", f"beat 70 {began + 1:.6f} {who}", f"beat 70 {began + 3:.6f} {who}"]
    if ends is not None:
        lines.append(f"end 70 {began + 3:.6f} {who} {ends}")
    return replace(read_ledger("\n".join(lines) + "\n", SPOOLS), output=b"line 1\nline 2\n")


def sound() -> Evidence:
    """Job 1 was lost on w1 and completed on w2; 2 and 3 are an array on w1; 4 comes after 1, and 5 never can."""
    return Evidence(
        journal=(
            {"kind": "intent", "plan": plan(1)},
            {"kind": "ack", "number": 1, "ids": [1]},
            {"kind": "intent", "plan": plan(2, count=2)},
            {"kind": "ack", "number": 2, "ids": [2, 3]},
            {"kind": "ack", "number": 2, "ids": [2, 3]},  # the submitter was killed, and asked again
            {"kind": "intent", "plan": plan(3, after=((1, "ok"),))},
            {"kind": "ack", "number": 3, "ids": [4]},
            {"kind": "intent", "plan": plan(4, after=((2, "notok"),))},
            {"kind": "ack", "number": 4, "ids": [5]},
            {"kind": "cancel", "ids": [3]},
            {"kind": "cancelled", "ids": [3], "outcomes": {"3": "stopping"}},
        ),
        jobs={
            1: job(1),
            2: job(2),
            3: job(3, "cancelled", reason="cancelled"),
            4: job(4, "failed", exit_code=7),
            5: job(5, "cancelled", reason="dependency_never"),
        },
        allocations={
            11: allocation(11, 1, release_reason="worker_lost", exit_code=None),
            12: allocation(12, 2),
            13: allocation(13, 3, release_reason="cancelled", exit_code=None),
            14: allocation(14, 1, 2, "w2"),
            15: allocation(15, 4, exit_code=7),
        },
        runs={
            11: run(11, 1, 100, ends=None),
            12: run(12, 2, 100),
            13: run(13, 3, 103, ends=None),
            14: run(14, 1, 110, attempt=2, worker="w2"),
            15: run(15, 4, 120, ends=7),
        },
        capacity={"w1": 4000, "w2": 4000},
        held={"w1": 0, "w2": 0},
        takeovers=(0.2, 11.0),
    )


Plant = Callable[[Evidence], Evidence]


def with_job(id: int, **more: Any) -> Plant:
    return lambda found: replace(found, jobs={**found.jobs, id: {**found.jobs[id], **more}})


def with_allocation(id: int, **more: Any) -> Plant:
    return lambda found: replace(found, allocations={**found.allocations, id: {**found.allocations[id], **more}})


def with_run(id: int, **more: Any) -> Plant:
    return lambda found: replace(found, runs={**found.runs, id: replace(found.runs[id], **more)})


def with_new_job(id: int) -> Plant:
    return lambda found: replace(found, jobs={**found.jobs, id: job(id)})


def without_job(id: int) -> Plant:
    return lambda found: replace(found, jobs={key: row for key, row in found.jobs.items() if key != id})


def without_run(id: int) -> Plant:
    return lambda found: replace(found, runs={key: run for key, run in found.runs.items() if key != id})


def with_entry(**entry: Any) -> Plant:
    return lambda found: replace(found, journal=(*found.journal, entry))


def with_field(**fields: Any) -> Plant:
    return lambda found: replace(found, **fields)


zero_exit: Row = {"release_reason": "exited", "exit_code": 0}
PLANTED: list[tuple[str, str, Plant]] = [
    ("a job is gone", "nothing_acknowledged_is_lost", without_job(2)),
    ("a job that nobody wanted", "nothing_acknowledged_is_lost", with_new_job(9)),
    ("one key, two answers", "nothing_acknowledged_is_lost", with_entry(kind="ack", number=1, ids=[9])),
    ("no answer", "nothing_acknowledged_is_lost", with_entry(kind="intent", plan=plan(9))),
    ("half an array", "nothing_acknowledged_is_lost", with_entry(kind="ack", number=2, ids=[2])),
    ("a parent that is not known", "nothing_acknowledged_is_lost", with_entry(kind="trouble", sentence="NotFound: 1")),
    ("a job that never ends", "every_job_has_ended", with_job(2, state="running")),
    ("an allocation that is held", "every_job_has_ended", with_allocation(12, status="allocated")),
    ("a release without a reason", "every_job_has_ended", with_allocation(12, release_reason="")),
    ("a counter that is not 0", "every_job_has_ended", with_field(held={"w1": 500})),
    ("failed, with a retry left", "states_follow_from_attempts", with_job(4, retries=1)),
    ("completed without a zero exit", "states_follow_from_attempts", with_job(4, state="completed")),
    ("lost after one loss", "states_follow_from_attempts", with_job(3, state="lost")),
    ("cancelled, and nobody asked", "states_follow_from_attempts", with_job(4, state="cancelled", reason="cancelled")),
    ("again after a zero exit", "states_follow_from_attempts", with_allocation(11, **zero_exit)),
    ("cancelled, and failed", "cancels_are_kept", with_job(3, state="failed")),
    ("another exit code", "exits_are_true", with_allocation(12, exit_code=1)),
    ("another exit code of the job", "exits_are_true", with_job(4, exit_code=8)),
    ("an exit that nobody made", "exits_are_true", without_run(12)),
    ("never started, and ran", "exits_are_true", with_allocation(11, release_reason="never_started")),
    ("started too late, and ran", "exits_are_true", with_allocation(11, release_reason="start_timeout")),
    ("ran without a start", "what_ran_was_allocated", with_allocation(12, was_started=False)),
    ("ran elsewhere", "what_ran_was_allocated", with_allocation(12, worker="w2")),
    ("one start, two processes", "what_ran_was_allocated", with_run(12, starts=2)),
    ("two attempts at once", "no_two_attempts_overlap", with_run(11, last=110.5)),
    ("too much at once", "capacity_is_kept", with_run(13, began=102.9)),
    ("output is missing", "output_is_complete", with_run(12, output=b"line 1\n")),
    ("output is gone", "output_is_complete", with_run(12, output=None)),
    ("output of another", "output_is_complete", with_run(11, output=b"line 1\nline 1\n")),
    ("before its parent", "dependencies_are_kept", with_run(14, last=121)),
    ("in spite of its parent", "dependencies_are_kept", with_job(1, state="failed")),
    ("not run, though it could", "dependencies_are_kept", with_job(2, state="failed")),
    ("a process is left", "nothing_is_left_running", with_field(left_running=(70,))),
    ("a law is broken", "the_laws_hold", with_field(broken_laws=("no worker is overbooked worker w1",))),
    ("a daemon has died", "no_daemon_crashed", with_field(deaths=("w1 with 1",))),
    ("a traceback", "no_daemon_crashed", with_field(tracebacks=("w1.log:3: KeyError",))),
    ("nobody leads for long", "the_next_leads_in_time", with_field(takeovers=(15.5,))),
    ("nobody leads any more", "the_next_leads_in_time", with_field(takeovers=(math.inf,))),
]  # fmt: skip


def test_sound_evidence_is_believed() -> None:
    assert check(sound()) == []


@pytest.mark.parametrize("promise, plant", [case[1:] for case in PLANTED], ids=[case[0] for case in PLANTED])
def test_what_is_planted_is_found(promise: str, plant: Plant) -> None:
    assert promise in {violation.promise for violation in check(plant(sound()))}


def test_every_promise_has_been_seen_to_fail() -> None:
    assert {promise for _, promise, _ in PLANTED} == {promise.__name__ for promise in PROMISES}


def test_w1_is_full_to_the_last_cpu_in_the_sound_evidence() -> None:
    """So that one more shows; and an end at the moment of a beginning is no excess."""
    assert sound().runs[12].last == sound().runs[13].began
    full = replace(sound(), capacity={"w1": 3999, "w2": 4000})
    assert [violation.subject for violation in check(full)] == ["worker w1"]


def test_a_daemon_left_behind_by_a_job_counts_as_the_job() -> None:
    who = "1 1 11 w1 2"
    run = read_ledger(f"start 70 5.0 {who}\nend 70 6.0 {who} 0\nbeat 71 9.5 {who}\n", SPOOLS)
    assert (run.began, run.last, run.exits, run.starts) == (5.0, 9.5, (0,), 1)


def test_a_traceback_is_told_by_its_last_line(tmp_path: Path) -> None:
    lines = ["all is well", "    Traceback (most recent call last):", '      File "x.py", line 1', "        at()"]
    (tmp_path / "s1.log").write_text("\n".join([*lines, "    KeyError: 3", "all is well again", ""]))
    assert list(read_tracebacks(tmp_path)) == ["s1.log:2: KeyError: 3"]


def test_a_takeover_counts_if_nothing_else_was_wrong() -> None:
    killed = {"began": 9.9, "ended": 14.0, "place": "process s1"}
    apart = {"began": 11.0, "ended": 12.0, "place": "process w1"}
    outage = {"began": 11.0, "ended": 12.0, "place": "postgres"}
    submitter = {"began": 11.0, "ended": 12.0, "place": "process submitter"}
    its_line = {"began": 11.0, "ended": 12.0, "place": "line submitter"}
    other = {"began": 11.0, "ended": 12.0, "place": "line s2"}
    assert report.undisturbed([Takeover(10, 10.5, came=True)], [killed, apart]) == (0.5,)
    assert report.undisturbed([Takeover(10, 11.5, came=True)], [killed, submitter, its_line]) == (1.5,)
    assert report.undisturbed([Takeover(10, 11.5, came=True)], [killed, outage]) == ()
    assert report.undisturbed([Takeover(10, 11.5, came=True)], [killed, other]) == ()


def test_a_takeover_that_never_came_is_told_unless_something_else_was_wrong() -> None:
    killed = {"began": 9.9, "ended": 36.0, "place": "process s1"}
    outage = {"began": 20.0, "ended": 21.0, "place": "postgres"}
    assert report.undisturbed([Takeover(10, 35, came=False)], [killed]) == (math.inf,)
    assert report.undisturbed([Takeover(10, 35, came=False)], [killed, outage]) == ()


@pytest.mark.parametrize(
    "terms, came", [([4, 4, 5], True), ([4, None, 5], True), ([4, None] * 50, False)], ids=["came", "unseen", "never"]
)
def test_whoever_waits_for_the_next_leader_notes_whether_it_came(terms: list[int | None], came: bool) -> None:
    found: list[Takeover] = []
    pauses = list(await_next(4, iter(terms).__next__, found, now=count(100).__next__))
    assert found == [Takeover(100, 100 + len(pauses) + 1 + (not came), came)]
    assert len(pauses) == (3 if came else LOOKED_FOR_S - 1)


@pytest.mark.parametrize("module", [checker, evidence])
def test_what_judges_shares_no_code_with_what_is_judged(module: Any) -> None:
    tree = ast.parse(Path(module.__file__).read_text())
    froms = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imports = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    allowed = {"__future__", "collections", "dataclasses", "functools", "json", "math", "pathlib", "psycopg", "typing"}
    assert {name.partition(".")[0] for name in [*froms, *imports] if name != "tests.tower.evidence"} <= allowed
