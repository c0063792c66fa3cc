"""The promises, asked of the evidence. Every check yields what is wrong: of what, and how.

Shares no code with the cluster.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.tower.evidence import Evidence, Row

FINAL = {"completed", "failed", "timeout", "cancelled", "lost"}
LOSSES = {"never_started", "supervisor_lost", "lease_expired", "worker_rebooted", "worker_lost"}
FREE = {"start_timeout", "worker_stopped", "requeued"}
DID_NOT_RUN = {"start_timeout", "never_started", "start_failed"}
MOST_LOSSES = 6
TAKEOVER_S = 15.0
NO_ROOM = 74  # what a job of the tower exits with when it could not write its output

Wrong = Iterator[tuple[str, str]]


class Violation(NamedTuple):
    """A promise that was broken: which, of what, and how one sees it."""

    promise: str
    subject: str
    sentence: str


def check(evidence: Evidence) -> list[Violation]:
    """Everything that is wrong; empty if all promises were kept."""
    return [
        Violation(promise.__name__, subject, sentence)
        for promise in PROMISES
        for subject, sentence in promise(evidence)
    ]


def nothing_acknowledged_is_lost(evidence: Evidence) -> Wrong:
    """Every acknowledged job is there, every intent was answered, always alike, and nothing else is there."""
    answers: dict[int, set[tuple[int, ...]]] = defaultdict(set)
    for entry in evidence.journal:
        if entry["kind"] == "ack":
            answers[entry["number"]].add(tuple(entry["ids"]))
        if entry["kind"] == "trouble":
            yield "submitter", entry["sentence"]
    for number, plan in evidence.plans.items():
        told = sorted(answers[number])
        if len(told) != 1 or len(told[0]) != plan["count"]:
            yield f"submission {number}", f"asked for {plan['count']} jobs, it was answered {told}"
    for job in evidence.acknowledged.keys() - evidence.jobs.keys():
        yield f"job {job}", "was acknowledged, and is not there"
    for job in evidence.jobs.keys() - evidence.acknowledged.keys():
        yield f"job {job}", "is there, and was never acknowledged"


def every_job_has_ended(evidence: Evidence) -> Wrong:
    """After a while of peace nothing is under way, and nothing is held."""
    for job, row in evidence.jobs.items():
        if row["state"] not in FINAL:
            yield f"job {job}", f"is {row['state']} for ever: {row['reason']} {row['detail']}"
    for id, row in evidence.allocations.items():
        if row["status"] != "released" or not row["release_reason"]:
            yield f"allocation {id}", f"is {row['status']}, its reason {row['release_reason']}"
    for worker, milli in evidence.held.items():
        if milli:
            yield f"worker {worker}", f"still holds {milli} thousandths of CPUs"


def states_follow_from_attempts(evidence: Evidence) -> Wrong:
    """A job's last state is what its attempts make it, and nothing came after an attempt that was final."""
    asked = {id for entry in evidence.journal if entry["kind"] == "cancel" for id in entry["ids"]}
    for job, row in evidence.jobs.items():
        attempts = evidence.attempts[job]
        if row["state"] in FINAL and row["state"] not in possible_states(row, attempts, job in asked):
            story = " ".join(describe(attempt) for attempt in attempts)
            yield f"job {job}", f"is {row['state']} after [{story}] with {row['retries']} retries"
        for attempt in attempts[:-1]:
            if is_final(attempt):
                yield f"job {job}", f"went on after attempt {attempt['attempt']}, {describe(attempt)}"


def possible_states(job: Row, attempts: list[Row], cancelled: bool) -> set[str]:
    """What *job* may be now."""
    last = attempts[-1] if attempts else None
    if last and last["release_reason"] == "exited" and last["exit_code"] == 0:
        return {"completed"}
    if cancelled:  # whether that came in time is another check's question
        return {"cancelled", *possible_states(job, attempts, cancelled=False)}
    failures = sum(is_own_failure(attempt) for attempt in attempts)
    losses = sum(attempt["release_reason"] in LOSSES for attempt in attempts)
    if job["reason"] == "dependency_never":
        return {"cancelled"}
    if last is None:
        return set()
    if last["release_reason"] == "time_limit":
        return {"timeout"}
    if last["release_reason"] in LOSSES:
        return {"failed"} if job["on_worker_loss"] == "fail" else {"lost"} if losses == MOST_LOSSES else set()
    return {"failed"} if is_own_failure(last) and failures == job["retries"] + 1 else set()


def is_own_failure(attempt: Row) -> bool:
    """Whether it spends one of the user's retries."""
    return attempt["release_reason"] not in {*LOSSES, *FREE, "cancelled", "time_limit"} and attempt["exit_code"] != 0


def is_final(attempt: Row) -> bool:
    """Whether nothing may follow."""
    reason = attempt["release_reason"]
    return reason in {"time_limit", "cancelled"} or (reason == "exited" and attempt["exit_code"] == 0)


def describe(attempt: Row) -> str:
    """Shortly, how it ended."""
    code, signal = attempt["exit_code"], attempt["signal"]
    more = f":{code}" if code is not None else f":signal-{signal}" if signal is not None else ""
    return f"{attempt['release_reason']}{more}"


def cancels_are_kept(evidence: Evidence) -> Wrong:
    """What was answered "cancelled" is; what was answered "stopping" is, unless it was done by then."""
    for entry in evidence.journal:
        for id, outcome in entry.get("outcomes", {}).items():
            state = evidence.jobs.get(int(id), {}).get("state")
            allowed = {"cancelled": {"cancelled"}, "stopping": {"cancelled", "completed"}}.get(outcome, FINAL)
            if state in FINAL and state not in allowed:
                yield f"job {id}", f"its cancelling was answered {outcome!r}, and it is {state}"


def exits_are_true(evidence: Evidence) -> Wrong:
    """What is recorded of an attempt is what the attempt itself wrote down."""
    for id, row in evidence.allocations.items():
        run = evidence.runs.get(id)
        reason, code = row["release_reason"], row["exit_code"]
        if reason in DID_NOT_RUN and run:
            yield f"allocation {id}", f"is called {reason}, and ran on {run.worker}"
        if reason == "exited" and code is not None and (run.exits if run else ()) != (code,):
            yield f"allocation {id}", f"exited with {code}, and wrote down {run.exits if run else 'nothing'}"
        if reason == "exited" and code is None and row["signal"] is None:
            yield f"allocation {id}", "exited without exit code or signal"
    for job, row in evidence.jobs.items():
        attempts = evidence.attempts[job]
        if attempts and row["exit_code"] != attempts[-1]["exit_code"]:
            yield f"job {job}", f"says {row['exit_code']}, its last attempt {attempts[-1]['exit_code']}"


def what_ran_was_allocated(evidence: Evidence) -> Wrong:
    """Whoever wrote a ledger had won the start of that very attempt on that very worker, once."""
    for id, run in evidence.runs.items():
        row = evidence.allocations.get(id)
        said = (run.job, run.attempt, run.worker, run.cpu_milli)
        if row is None or not row["was_started"]:
            yield f"allocation {id}", f"ran job {run.job} on {run.worker} without having been started"
        elif said != (row["job_id"], row["attempt"], row["worker"], row["cpu_milli"]):
            yield f"allocation {id}", f"its processes believed to be {said}"
        if run.starts != 1:
            yield f"allocation {id}", f"was started {run.starts} times"


def no_two_attempts_overlap(evidence: Evidence) -> Wrong:
    """An attempt gives its first sign of life after the last one of those before it."""
    for job, attempts in evidence.runs_of.items():
        former = attempts[0]
        for run in attempts[1:]:
            if run.began <= former.last:
                both = f"{run.attempt} on {run.worker} and {former.attempt} on {former.worker}"
                yield f"job {job}", f"attempts {both} ran together for {former.last - run.began:.3f} s"
            former = max(former, run, key=lambda each: each.last)


def capacity_is_kept(evidence: Evidence) -> Wrong:
    """On no worker do the attempts that live at one moment have more CPUs than it offers."""
    steps: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for run in evidence.runs.values():
        steps[run.worker] += [(run.began, run.cpu_milli), (run.last, -run.cpu_milli)]
    for worker, changes in steps.items():
        held = most = 0
        for _, milli in sorted(changes):  # at one moment, ends come before beginnings
            held += milli
            most = max(most, held)
        if most > evidence.capacity[worker]:
            yield f"worker {worker}", f"ran {most} thousandths of CPUs, and has {evidence.capacity[worker]}"


def output_is_complete(evidence: Evidence) -> Wrong:
    """All that an attempt wrote is there, in order, and nothing else; also of those that were ended halfway."""
    for id, run in evidence.runs.items():
        plan = evidence.plans.get(evidence.acknowledged.get(run.job, 0))
        if plan is None:
            continue
        wanted = "".join(f"line {number}\n" for number in range(1, plan["lines"] + 1)).encode()
        output = run.output or b""
        if not wanted.startswith(output):
            yield f"allocation {id}", f"its output is not what it wrote: {output[-80:]!r}"
        elif run.exits and NO_ROOM not in run.exits and output != wanted:
            yield f"allocation {id}", f"of {len(wanted)} bytes of output {len(output)} are left"


def dependencies_are_kept(evidence: Evidence) -> Wrong:
    """A child begins after the last sign of life of its parents, if they ended as it asked, and else never."""
    for child, number in evidence.acknowledged.items():
        runs = evidence.runs_of.get(child)
        parents = [
            (parent, is_met(evidence, parent, condition)) for parent, condition in evidence.plans[number]["after"]
        ]
        if not runs:
            never = evidence.jobs.get(child, {}).get("reason") == "dependency_never"
            if never and all(met for _, met in parents):
                yield f"job {child}", "was never run, though its parents ended as it asked"
            continue
        for parent, met in parents:
            if not met or any(run.last >= runs[0].began for run in evidence.runs_of.get(parent, ())):
                yield f"job {child}", f"ran before job {parent} had ended, or in spite of its end"


def is_met(evidence: Evidence, parent: int, condition: str) -> bool:
    """Whether *parent* has ended as *condition* says."""
    state = evidence.jobs.get(parent, {}).get("state")
    return state in FINAL and {"ok": state == "completed", "notok": state != "completed"}.get(condition, True)


def nothing_is_left_running(evidence: Evidence) -> Wrong:
    """Every process of every job is gone."""
    for pid in evidence.left_running:
        yield f"process {pid}", "belongs to a job that has ended"


def the_laws_hold(evidence: Evidence) -> Wrong:
    """The query of broken promises has no answer."""
    for subject, count in Counter(evidence.broken_laws).items():
        yield subject, f"{count} times"


def no_daemon_crashed(evidence: Evidence) -> Wrong:
    """Daemons end when they are told to, and at no time with a traceback."""
    for death in evidence.deaths:
        yield death, "ended by itself"
    for traceback in evidence.tracebacks:
        yield traceback, "is in its log"


def the_next_leads_in_time(evidence: Evidence) -> Wrong:
    """When a leader is gone, or cannot be heard, another leads soon."""
    for seconds in evidence.takeovers:
        if seconds == math.inf:
            yield "leader", "no other has led for as long as anybody looked"
        elif seconds > TAKEOVER_S:
            yield "leader", f"the next term began after {seconds:.1f} s"


PROMISES: tuple[Callable[[Evidence], Wrong], ...] = (
    nothing_acknowledged_is_lost,
    every_job_has_ended,
    states_follow_from_attempts,
    cancels_are_kept,
    exits_are_true,
    what_ran_was_allocated,
    no_two_attempts_overlap,
    capacity_is_kept,
    output_is_complete,
    dependencies_are_kept,
    nothing_is_left_running,
    the_laws_hold,
    no_daemon_crashed,
    the_next_leads_in_time,
)
