"""Mends of findings, proposed. What nobody can mend, but a person who knows that a machine is dead, is proposed so."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from clusterctl.cluster import Cluster
from clusterctl.doctor.registry import BY_CODE
from clusterctl.model.errors import BadInput
from clusterctl.model.findings import Finding
from clusterctl.model.pictures import WorkerPicture
from clusterctl.model.proposals import Aside, Change, Deed, Outcome, Proposal
from clusterctl.model.states import LiveState
from clusterctl.operations import mending
from clusterctl.operations.proposals import workers as machines
from clusterctl.operations.proposals.wording import PROGRAM, care, fewer_reserved, heard, listed, things, typed_in
from clusterctl.store import worker_rows
from clusterctl.wording import findings as words

OF_THE_DEAD = "dead_worker_jobs"
LATE_START = "reserved_expired"


def propose(cluster: Cluster, deed: Deed) -> Proposal:
    """What the doctor would do about each of the findings, as they were found."""
    if not deed.findings:
        raise BadInput("no findings are named")
    if all(finding.code == OF_THE_DEAD for finding in deed.findings):
        names = tuple(finding.subject.removeprefix("worker:") for finding in deed.findings)
        return machines.propose(cluster, Deed(verb="confirm_dead", workers=names))
    meant = [finding for finding in deed.findings if finding.fix.available]
    asides = tuple(Aside(subject=each.subject, why=by_hand(each)) for each in deed.findings if not each.fix.available)
    if not meant:
        return Proposal(deed=deed, title="Nothing to mend", asides=asides)
    workers = [each for each in worker_rows.read(cluster.db) if concerned(each, meant)]
    changes = [change for finding in meant for change in changes_of(finding)]
    risks = dict.fromkeys(finding.fix.risk for finding in meant if finding.fix.risk)
    return Proposal(
        deed=deed,
        title=title(meant),
        why=tuple(reasons(meant, workers)),
        **listed(changes, fewer_reserved(workers, freed(meant))),
        asides=asides,
        risk="; ".join(risks),
        precondition=only_if(meant),
        **typed_in(*commands(meant)),
        **care("moderate", len(meant), meant[0].subject),
        guard={},  # each fix has its own
    )


def carry_out(cluster: Cluster, proposal: Proposal, reason: str) -> list[Outcome]:
    """Mend those that still are as they were found."""
    meant = [finding for finding in proposal.deed.findings if finding.fix.available]
    mended = mending.mend(cluster, meant, reason=reason)
    return [Outcome(subject=each.subject, fate=each.fate, sentence=each.sentence) for each in mended]


def only_if(meant: Sequence[Finding]) -> str:
    """What must still hold, in the words of the finding; of several kinds in general."""
    same = len({finding.code for finding in meant}) == 1
    return words.precondition(meant[0]) if same else "everything is still as it was found"


def by_hand(finding: Finding) -> str:
    """What only a person can do."""
    told = [f"`{finding.fix.command}`"] if finding.fix.command else []
    told += [finding.fix.change] if finding.fix.change else []
    return f"left to a person: {', '.join(told) or 'nobody knows what would be right'}"


def title(meant: Sequence[Finding]) -> str:
    """What is asked."""
    first = meant[0]
    if all(finding.code == LATE_START for finding in meant):
        what = first.subject.replace(":", " ") if len(meant) == 1 else things(len(meant), "reservation")
        return f"Release {what}?"
    return f"Mend {first.code} of {first.subject}?" if len(meant) == 1 else f"Mend {things(len(meant), 'finding')}?"


def reasons(meant: Sequence[Finding], workers: Sequence[WorkerPicture]) -> list[str]:
    """What was found, what that means, and which of the workers are not heard."""
    told = [finding.sentence for finding in meant]
    told += dict.fromkeys(BY_CODE[finding.code].meaning for finding in meant)
    return told + [heard(each) for each in workers if each.live_state != LiveState.UP]


def changes_of(finding: Finding) -> list[Change]:
    """What the mend will change; of a reservation, in the words that are used for it elsewhere."""
    if finding.code != LATE_START:
        return [Change(subject=finding.subject, before=finding.code, after=finding.fix.change)]
    job, worker = finding.evidence["job_id"], finding.evidence["worker"]
    return [
        Change(subject=finding.subject, before="reserved", after="released"),
        Change(subject=f"job:{job}", before=f"scheduled on {worker}", after="waits again; it spends no retry"),
    ]


def freed(meant: Sequence[Finding]) -> Counter[str]:
    """How many CPUs of which workers are given back from reservations."""
    total: Counter[str] = Counter()
    for finding in meant:
        if finding.code == LATE_START:
            total[finding.evidence["worker"]] += finding.evidence["cpus"]
    return total


def concerned(worker: WorkerPicture, meant: Sequence[Finding]) -> bool:
    """Whether one of the findings is about that worker too."""
    return any(f"worker:{worker.name}" in finding.concerns for finding in meant)


def commands(meant: Sequence[Finding]) -> list[list[str]]:
    """One for each kind: of several kinds and subjects, one command would mean every pair of them."""
    if len(meant) == 1:
        return [[word for word in shlex.split(meant[0].fix.command) if word != PROGRAM]]
    kinds: dict[str, list[Finding]] = {}
    for finding in meant:
        kinds.setdefault(finding.code, []).append(finding)
    return [
        ["doctor", "--fix-stuck" if some[0].stuck else "--fix", code, *(each.subject for each in some)]
        for code, some in kinds.items()
    ]
