"""Deeds on the stage: proposed of what stands there, and done to what still is as it was then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from clusterctl.model.errors import NotFound, Refused
from clusterctl.model.job_verbs import decide
from clusterctl.model.proposals import Aside, Change, Deed, Outcome, Proposal
from clusterctl.tui.deeds import seen_in

if TYPE_CHECKING:
    from tests.console.top.stage import StageSource

JOBS = {"cancel": "cancelled", "hold": "held", "release": "pending", "requeue": "pending"}
WORKERS = {"drain": "draining", "resume": "open", "confirm_dead": "lost", "forget": "forgotten"}
UNDONE = {"drain": "resume", "resume": "drain", "hold": "release", "release": "hold"}
MANY = 10


def propose(stage: StageSource, deed: Deed) -> Proposal:
    """What *deed* would change. Bound to the version of each: its whole row."""
    changes, asides = [], []
    for subject in subjects_of(deed):
        row = row_of(stage, deed, subject)
        if row is None:
            raise NotFound(f"no {subject.replace(':', ' ')}", "`clusterctl jobs` lists them")
        if why := why_not(deed, row):
            asides.append(Aside(subject=subject, why=why))
        else:
            changes.append(Change(subject=subject, before=state_of(row), after=after(deed)))
    count = len(changes)
    undo = replace(deed, verb=UNDONE[deed.verb]) if deed.verb in UNDONE else None
    severe = count > MANY or deed.verb == "prune"
    return Proposal(
        deed=deed,
        title=title_of(deed),
        why=tuple(each.sentence for each in deed.findings),
        changes=tuple(changes[:MANY]),
        more=max(0, count - MANY),
        asides=tuple(asides),
        risk="its work so far is lost, unless it keeps it itself" if deed.verb in ("cancel", "requeue") else "",
        precondition="each is still as it is shown here",
        command=(
            "clusterctl",
            deed.verb,
            *(subject.partition(":")[2] or f"--{subject}" for subject in subjects_of(deed)),
        ),
        undo=undo,
        weight="severe" if severe else "mild" if undo else "moderate",
        typed=str(count) if severe else "",
        guard={each.subject: repr(row_of(stage, deed, each.subject)) for each in changes},
    )


def carry_out(stage: StageSource, proposal: Proposal) -> list[Outcome]:
    """Do it to what still is as it was; of each what came of it."""
    outcomes = []
    for subject, seen in proposal.guard.items():
        row = row_of(stage, proposal.deed, subject)
        if repr(row) != seen:
            now = "gone" if row is None else state_of(row)
            outcomes.append(Outcome(subject=subject, fate="changed", sentence=f"it is {now} now"))
            continue
        act(stage, proposal.deed, subject)
        outcomes.append(Outcome(subject=subject, fate="done", sentence=after(proposal.deed)))
    return outcomes


def subjects_of(deed: Deed) -> list[str]:
    """All that it is about."""
    service = [] if deed.service is None else [f"service:{deed.service}"]
    findings = [each.subject for each in deed.findings]
    return [
        *(f"job:{each}" for each in deed.jobs),
        *(f"worker:{each}" for each in deed.workers),
        *service,
        *findings,
        *deed.what,
    ]


def row_of(stage: StageSource, deed: Deed, subject: str) -> Any:
    """As it stands there now; None if it does not."""
    kind, _, name = subject.partition(":")
    if deed.verb == "mend":
        return next((each for each in stage.found if each.subject == subject), None)
    if kind in ("job", "service"):
        return (stage.jobs if kind == "job" else stage.services).get(int(name))
    if kind == "worker":
        return stage.workers.get(name)
    return subject if not name else None


def state_of(row: Any) -> str:
    """In a word."""
    if isinstance(row, str):
        return "old rows"
    return str(getattr(row, "state", None) or getattr(row, "admin_state", None) or "stuck")


def after(deed: Deed) -> str:
    """What it will be."""
    return {**JOBS, **WORKERS, "mend": "mended", "prune": "forgotten", "restart": "restarted"}.get(
        deed.verb, f"{deed.replicas} replicas"
    )


def why_not(deed: Deed, row: Any) -> str:
    """Why it is left as it is; empty if it is not."""
    if deed.verb in JOBS:
        step = decide(deed.verb, seen_in(row))  # type: ignore[arg-type]  # those of JOBS are verbs of jobs
        return "" if step.act else step.foreseen
    return f"{row.admin_state} already" if deed.verb in UNDONE and row.admin_state == after(deed) else ""


def title_of(deed: Deed) -> str:
    """``Cancel job 7?``, ``Cancel 12 jobs?``."""
    subjects = subjects_of(deed)
    whom = subjects[0].replace(":", " ") if len(subjects) == 1 else f"{len(subjects)} {subjects[0].partition(':')[0]}s"
    return f"{deed.verb.replace('_', ' ').capitalize()} {whom}?"


def act(stage: StageSource, deed: Deed, subject: str) -> None:
    """Change the row."""
    kind, _, name = subject.partition(":")
    if deed.verb == "mend":
        stage.found = tuple(each for each in stage.found if each.subject != subject)
    elif kind == "job":
        stage.jobs[int(name)] = replace(stage.jobs[int(name)], state=JOBS[deed.verb])
    elif kind == "worker" and deed.verb == "forget":
        del stage.workers[name]
    elif kind == "worker":
        field = "live_state" if deed.verb == "confirm_dead" else "admin_state"
        stage.workers[name] = replace(stage.workers[name], **{field: WORKERS[deed.verb]})
    elif kind == "service" and stage.services[int(name)].state == "ended":
        raise Refused("the service has ended")
