"""``process_no_allocation``: a job's process runs on, though its allocation was released."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from itertools import groupby

from clusterctl.cluster import Cluster
from clusterctl.doctor import machine
from clusterctl.doctor.check import Check, Note
from clusterctl.doctor.machine import Marked
from clusterctl.model.findings import Finding, Mended
from clusterctl.store import evidence
from clusterctl.store.evidence import Told

SHOWN = 50  # pids


class ProcessNoAllocation(Check):
    """Only this machine can be looked at; on the others their agents look.

    A process is ours if its allocation and its start token stand in our Postgres: another cluster on this machine
    counts its allocations from 1 too, but it does not have our tokens.
    """

    code = "process_no_allocation"
    severity = "critical"
    meaning = "A process of this machine carries the mark of an attempt that is over: it uses what it no longer holds."
    cure = "Kills the processes that carry this mark, each only if it still is the one that was seen."
    needs = ("postgres", "this machine")
    is_stuck = True
    is_cheap = False

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Marked processes whose attempt was released longer ago than its agent needs to end them."""
        seen = machine.look()
        known = {told.allocation_id: told for told in evidence.told(cluster.db, {p.allocation_id for p in seen.marked})}
        for id, processes in groupby(sorted(seen.marked, key=of_attempt), key=lambda each: each.allocation_id):
            told = known.get(id)
            ours = [each for each in processes if told is not None and each.token == told.token]
            if told is not None and ours and is_overdue(cluster, told):
                yield self.found(told, ours)
        yield from self.limits(cluster, seen.hidden)

    def found(self, told: Told, processes: list[Marked]) -> Finding:
        """One attempt that is over, and what is left of it."""
        subject = f"allocation:{told.allocation_id}"
        pids = [process.pid for process in processes]
        some = f"process {pids[0]} runs" if len(pids) == 1 else f"{len(pids)} processes run"
        return self.finding(
            subject,
            f"{some} on of job {told.job_id}, though its allocation {told.allocation_id} on {told.worker} was released "
            f"({told.release_reason})",
            self.fix(
                subject,
                f"{'it is' if len(pids) == 1 else 'they are'} killed: pid {', '.join(map(str, pids[:SHOWN]))}",
                "what they have not yet written is lost",
                allocation_id=told.allocation_id,
                token=told.token,
                processes=[(process.pid, process.start) for process in processes],
            ),
            since=told.released_at,
            evidence={
                "job_id": told.job_id,
                "worker": told.worker,
                "machine": socket.gethostname(),
                "release_reason": told.release_reason,
                "pids": pids[:SHOWN],
                "process_count": len(pids),
            },
            concerns=(f"job:{told.job_id}", f"worker:{told.worker}"),
        )

    def limits(self, cluster: Cluster, hidden: int) -> Iterator[Note]:
        """What could not be seen from here."""
        here = socket.gethostname()
        others = [name for name in evidence.hostnames(cluster.db) if name != here]
        if others:
            rest = "agent of one other machine looks" if len(others) == 1 else f"agents of {len(others)} others look"
            yield Note(f"processes were looked for on {here} only; the {rest} there")
        if hidden and os.geteuid():
            yield Note(f"{hidden} processes of other users were not looked at: only root and their owners may")

    def mend(self, cluster: Cluster, finding: Finding) -> Mended:
        """Kill them, if the attempt is over and they are what they were."""
        guard = finding.fix.guard
        id, token = guard["allocation_id"], guard["token"]
        known = evidence.told(cluster.db, [id])
        if any(told.status != "released" or told.token != token for told in known) or not known:
            return self.fated("changed", finding, "its allocation is not what it was")
        try:
            killed = machine.end(Marked(pid, start, id, token) for pid, start in guard["processes"])
        except PermissionError:
            return self.fated("refused", finding, "they are another user's: only root and that user may kill them")
        except TimeoutError:
            return self.fated("refused", finding, "killed, but stuck in the kernel: they have not ended yet")
        if not killed:
            return self.fated("changed", finding, "they have ended by themselves")
        return self.fated("done", finding, f"{killed} process{'' if killed == 1 else 'es'} killed")


def is_overdue(cluster: Cluster, told: Told) -> bool:
    """Whether it was released for longer than its agent needs to end it: its own grace, or the one that is set now."""
    patience = max(cluster.settings.term_grace, told.grace_s) + 3 * cluster.settings.beat_every
    return told.released_age_s is not None and told.released_age_s > patience


def of_attempt(process: Marked) -> tuple[int, int]:
    """By attempt, then by pid."""
    return process.allocation_id, process.pid
