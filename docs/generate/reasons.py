"""``reasons.md``: every word that says why, and what to do about it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from clusterctl.model.exits import ExitCode
from clusterctl.model.states import FREE_RETURNS, LOSSES, Outcome
from clusterctl.scheduling.explanation.remedies import REMEDIES
from clusterctl.scheduling.words import SENTENCES
from docs.generate.markdown import code, document, table
from docs.generate.source import syntax_of

INTRODUCTION = """\
Every "no" has a reason, as one word. It is the same word in `job`, in `jobs`, in the claim log (table `claims`), in the
view `v_queue` and in JSON, where it is called `reason`; the sentence beside it is called `detail`."""

# What never comes before placement: SQL leaves such jobs out of the queue, or they are placed already.
UNLOOKED_AT = {
    "held": "It was submitted with `--hold`, or somebody held it: the detail says who. `release` lets it go.",
    "dependency": "Jobs that it comes after have not ended. `clusterctl job ID` lists them.",
    "not_before": "It rests after a failed attempt: 1 s, then 2 s, doubling up to 5 minutes.",
    "worker_silent": (
        "It is placed or running on a worker that is not heard. `clusterctl worker NAME` says how long yet."
    ),
    "starting": "A replica that runs, and is not ready yet.",
    "unready": "A replica that runs, was ready, and is no longer: its `--ready-cmd` fails now.",
    "resting": "A replica between two runs on its worker: its process ended, and is started again at the time told.",
    "not_looked_at_yet": "No round has been held since it came (only in `v_queue`; elsewhere: no reason).",
}
CANCELLATIONS = {
    "cancelled": "Somebody cancelled it; the table `audit` says who, and why.",
    "deadline": "It could not have ended by its `--deadline` any more: it was never started.",
    "dependency_never": "A job that it comes after ended in the wrong way: this one can never start.",
}
OUTCOMES = {
    Outcome.EXITED: "Its process ended by itself, with an exit code or by a signal.",
    Outcome.TIME_LIMIT: "It ran longer than `--time-limit`, and was stopped.",
    Outcome.OUT_OF_MEMORY: "It used more memory than `--memory`, and was killed.",
    Outcome.CANCELLED: "It was cancelled, and all its processes are gone.",
    Outcome.CRASH_LOOP: "A replica has ended five times soon after it began; it is tried on another worker.",
    Outcome.START_FAILED: "There is no such command, directory or output file; the detail says which.",
    Outcome.START_TIMEOUT: "No agent started it within `start_timeout`.",
    Outcome.NEVER_STARTED: "Its agent won the start, and died or had no room in its spool before there was a process.",
    Outcome.SUPERVISOR_LOST: "The process that watched it was killed or told to end. What was left of it was ended.",
    Outcome.LEASE_EXPIRED: "Its worker was cut off from Postgres for longer than its lease, and stopped it.",
    Outcome.WORKER_STOPPED: "Its agent was told to stop with its jobs, as `down` does.",
    Outcome.WORKER_REBOOTED: "The machine was started anew.",
    Outcome.WORKER_LOST: (
        "Its worker was declared lost: silent beyond lease, `term_grace` and `lease_margin`, or confirmed dead by a "
        "person."
    ),
    Outcome.HELD: "`clusterctl hold` took it back before it was started.",
    Outcome.REQUEUED: "`clusterctl requeue` stopped it.",
}
CODES = {
    ExitCode.DONE: "Done.",
    ExitCode.FAILED: "Failed; the line on stderr says how.",
    ExitCode.USAGE: "What was asked for makes no sense.",
    ExitCode.UNREACHABLE: "Postgres (or Redis, where it is needed) does not answer.",
    ExitCode.REFUSED: "It makes sense, but not now: a precondition does not hold.",
    ExitCode.PARTLY: "Done for some and not for others.",
    ExitCode.NOT_FOUND: "No such job or worker.",
    ExitCode.SCHEMA: "The database's schema is of another version: `clusterctl db migrate`.",
    ExitCode.NAME_TAKEN: "Another machine is already the worker of this name.",
    ExitCode.TIMED_OUT: "`wait --timeout`: the jobs have not ended in time. They go on.",
    ExitCode.INTERRUPTED: "Ctrl-C.",
    ExitCode.TERMINATED: "SIGTERM.",
}
OF_JOBS = """\
`wait`, and `submit` with `--wait` or `--follow`, end with the exit code of the job, of several with the highest:
128 + n for one that signal n ended, 1 for one that did not complete and has neither."""
LOGS = """\
Daemons log to stderr (under `up` to `<state-dir>/log/<name>.log`), in UTC. `…` stands for a name or a number. Lines
marked *stable* are for grepping: their text changes only with a note in the changelog."""
STABLE = (
    "worker registered: ",
    "active workers: ",
    "no active workers, nothing placed",
    "heartbeat sent",
    "heartbeat failed: ",
    "resource cache synced: ",
    "cache miss, read from Postgres",
    "statistics: ",
)
SPEAKERS = {"schedd": ("schedd",), "agentd": ("agentd",), "both": ("clusterctl/daemon", "clusterctl/live")}


class Line(NamedTuple):
    """Something that a daemon may log."""

    speaker: str
    level: str
    text: str


def page() -> str:
    """The page."""
    waits = [(code(word), SENTENCES[word], what) for word, what in REMEDIES.items()]
    lines = [(line.speaker, line.level, code(line.text), "stable" if is_stable(line) else "") for line in logged()]
    return document(
        "Reasons",
        INTRODUCTION,
        "## Why a job waits",
        table(("reason", "in words", "what helps"), waits),
        table(("reason", "meaning"), pairs(UNLOOKED_AT)),
        "In the claim log there is also `claim_conflict`: a decision met a changed world and was dropped.",
        "## How an attempt ended",
        table(("outcome", "meaning", "what becomes of the job"), [*outcomes()]),
        "A job that was cancelled meanwhile becomes `cancelled`, unless it exited with 0.",
        "## Why a job was cancelled",
        table(("reason", "meaning"), pairs(CANCELLATIONS)),
        "## Exit codes",
        table(("code", "meaning"), [(str(int(number)), CODES[number]) for number in ExitCode]),
        OF_JOBS,
        "## What the logs say",
        LOGS,
        table(("daemon", "level", "text", ""), lines),
    )


def pairs(words: dict[str, str]) -> list[tuple[str, str]]:
    """Rows of a word and its meaning."""
    return [(code(word), meaning) for word, meaning in words.items()]


def outcomes() -> Iterator[tuple[str, str, str]]:
    """A row for each way in which an attempt ends."""
    for outcome in Outcome:
        yield code(outcome), OUTCOMES[outcome], fate(outcome)


def fate(outcome: Outcome) -> str:
    """What ``state_after`` in the database makes of it."""
    if outcome in FREE_RETURNS:
        return "`pending` again; spends nothing"
    if outcome in LOSSES:
        return "`pending` again; the sixth time `lost` (with `--on-worker-loss fail`: `failed` at once)"
    retry = "`pending` again while retries are left, else `failed`"
    special = {
        Outcome.EXITED: f"with 0 `completed`; else {retry}",
        Outcome.TIME_LIMIT: "`timeout`",
        Outcome.CANCELLED: "`cancelled`",
        Outcome.HELD: "`held`; spends nothing",
    }
    return special.get(outcome, retry)


def logged() -> list[Line]:
    """Every line of the daemons' diaries, in the order of the source."""
    return [
        line
        for speaker, folders in SPEAKERS.items()
        for _, module in syntax_of(*folders)
        for node in ast.walk(module)
        if (line := line_of(node, speaker))
    ]


def line_of(node: ast.AST, speaker: str) -> Line | None:
    """What a call such as ``log.info("placed %d jobs", count)`` writes; None for any other."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="log"), attr="debug" | "info" | "warning" | "error" as level),
            args=[ast.Constant(value=str(text)), *_],
        ) if re.search("[a-z]{3}", without_holes(text)):
            return Line(speaker, level, without_holes(text))
    return None


def without_holes(text: str) -> str:
    """*text* with an ellipsis for each ``%s`` of it."""
    return re.sub(r"%%|(?:%[-+ #0-9.]*[a-z])+", lambda hole: "%" if hole[0] == "%%" else "…", text)


def is_stable(line: Line) -> bool:
    """Whether its text is promised."""
    return line.text.startswith(STABLE)
