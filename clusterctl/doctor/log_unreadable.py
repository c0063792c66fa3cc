"""``log_unreadable``: what jobs have written is gone, or cannot be read, before its time."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.model.output import default_output
from clusterctl.store import machines
from clusterctl.store.machines import Ended

LOOKED_AT = 200  # attempts, the latest


class Unread(NamedTuple):
    """An attempt, where its output should be, and why it cannot be read."""

    attempt: Ended
    path: str
    why: str


class LogUnreadable(Check):
    """Only what lies in a spool of this machine: what a job was told to write elsewhere is its owner's to delete."""

    code = "log_unreadable"
    severity = "warning"
    meaning = (
        "Of the latest attempts that ended on this machine, some output in a worker's spool is missing or cannot be "
        "read, though it is younger than `keep_logs`."
    )
    needs = ("postgres", "this machine")
    is_cheap = False

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Worker by worker."""
        ended = machines.ended_on(cluster.db, socket.gethostname(), cluster.settings.keep_logs, LOOKED_AT)
        for (worker, spool), its in groupby(sorted(ended, key=by_spool), key=by_spool):
            if is_anothers(Path(spool)):
                yield Note(f"the output of {worker} was not looked at: only root and the owner of {spool} may")
                continue
            attempts = list(its)
            if unread := [found for each in attempts if (found := look_at(each))]:
                yield self.told(worker, spool, unread, len(attempts))

    def told(self, worker: str, spool: str, unread: Sequence[Unread], looked: int) -> Finding:
        """The finding for one worker, by what is wrong with the first."""
        first = unread[0]
        count = f"{len(unread)} of the latest {looked} outputs" if looked > 1 else "the latest output"
        return self.finding(
            f"worker:{worker}",
            f"{count} of {worker} cannot be read; job {first.attempt.job_id}: {first.path}: {first.why}",
            self.by_hand(
                f"ls -la {spool}", "see who deletes there, or whether the disk is mounted; it does not return"
            ),
            since=min(each.attempt.released_at for each in unread),
            evidence={
                "spool": spool,
                "jobs": [each.attempt.job_id for each in unread],
                "first": {"path": first.path, "why": first.why},
                "looked_at": looked,
            },
            concerns=tuple(f"job:{each.attempt.job_id}" for each in unread),
        )


def by_spool(attempt: Ended) -> tuple[str, str]:
    """The worker, and where it keeps its output."""
    return attempt.worker, attempt.spool


def look_at(attempt: Ended) -> Unread | None:
    """What is wrong with the output of *attempt*, if anything is."""
    path = Path(attempt.spool, default_output(attempt.job_id, attempt.attempt))
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        return Unread(attempt, str(path), error.strerror or str(error))
    return None


def is_anothers(spool: Path) -> bool:
    """Whether *spool* belongs to another user, or lies where another lets nobody in: that is their right."""
    try:
        return os.geteuid() not in (0, os.stat(spool).st_uid)
    except PermissionError:
        return True
    except OSError:
        return False
