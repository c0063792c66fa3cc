"""The one shape of all checks."""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from clusterctl.cluster import Cluster
from clusterctl.model.findings import Fate, Finding, Fix, Mended, Server, Severity
from clusterctl.store.clues import Clue
from clusterctl.store.evidence import Attempt
from clusterctl.store.waiting import COUNTED, Waiting
from clusterctl.units import format_cpus


class Note(NamedTuple):
    """What a look could not reach, for people."""

    sentence: str


class Check(ABC):
    """One kind of finding: how it is seen, and what puts it right.

    ``meaning`` and ``cure`` are sentences; without a cure there is no mend. ``is_cheap``: every statement has an index
    and only live rows are read. ``reads_rows``: of our own tables, so that it wants the schema that we speak.
    ``covers``: the promises of ``store.invariants`` that this finding explains. ``clue``: where it is missing, a look
    finds nothing.
    """

    code: ClassVar[str]
    severity: ClassVar[Severity]
    meaning: ClassVar[str]
    cure: ClassVar[str] = ""
    needs: ClassVar[tuple[Server, ...]] = ("postgres",)
    is_stuck: ClassVar[bool] = False
    is_cheap: ClassVar[bool] = True
    reads_rows: ClassVar[bool] = True
    covers: ClassVar[frozenset[str]] = frozenset()
    clue: ClassVar[Clue | None] = None

    @abstractmethod
    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """What is wrong now. Raises Outage if a server that it needs does not answer."""

    def glance(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """As much of the look as ``status`` can afford at every call."""
        yield from self.look(cluster) if self.is_cheap else ()

    def mend(self, cluster: Cluster, finding: Finding) -> Mended:
        """Apply *finding*'s fix, if what its guard says still holds. Moved means the same as ``changed``."""
        del cluster
        return self.fated("refused", finding, "there is nothing that could be done safely")

    def finding(
        self,
        subject: str,
        sentence: str,
        fix: Fix,
        *,
        since: datetime | None = None,
        evidence: Mapping[str, Any],
        concerns: tuple[str, ...] = (),
        severity: Severity | None = None,
    ) -> Finding:
        """A finding of this kind."""
        return Finding(
            code=self.code,
            severity=severity or self.severity,
            subject=subject,
            since=since,
            sentence=sentence,
            evidence=evidence,
            fix=fix,
            stuck=self.is_stuck,
            concerns=(subject, *(each for each in concerns if each != subject)),
        )

    def fix(self, subject: str, change: str, risk: str, **guard: Any) -> Fix:
        """A mend that the doctor can make."""
        target = "" if subject == "cluster" else f" {shlex.quote(subject)}"
        command = f"clusterctl doctor --fix{'-stuck' if self.is_stuck else ''} {self.code}{target}"
        return Fix(kind="mend", command=command, available=True, change=change, risk=risk, guard=guard)

    def by_hand(self, command: str = "", change: str = "") -> Fix:
        """What only a person can do, or decide."""
        return Fix(command=command, available=False, change=change)

    def by_vouching(self, worker: str, change: str) -> Fix:
        """What comes right once a person says that the machine of *worker* is dead."""
        command = f"clusterctl worker {worker} --confirm-dead"
        return Fix(kind="confirm_dead", command=command, available=False, change=change)

    def fated(self, fate: Fate, finding: Finding, sentence: str) -> Mended:
        """What became of mending *finding*."""
        return Mended(code=self.code, subject=finding.subject, fate=fate, sentence=sentence)


def facts(attempt: Attempt) -> dict[str, Any]:
    """The evidence that all findings about an attempt give."""
    return {
        "job_id": attempt.job_id,
        "worker": attempt.worker,
        "incarnation": attempt.incarnation,
        "worker_incarnation": attempt.worker_incarnation,
        "allocated_at": attempt.allocated_at,
    }


def holders_of(attempt: Attempt) -> tuple[str, str]:
    """Its job and its worker, which such a finding concerns too."""
    return f"job:{attempt.job_id}", f"worker:{attempt.worker}"


def cpus(milli: int) -> str:
    """``1 CPU``, ``0.5 CPUs``."""
    return f"{format_cpus(milli)} CPU{'' if milli == 1000 else 's'}"


def some_jobs(shape: Waiting) -> str:
    """``job 7 waits``, ``job 7 and 3 like it wait``."""
    if shape.jobs == 1:
        return f"job {shape.job_id} waits"
    more = f"over {COUNTED:,}" if shape.jobs > COUNTED else f"{shape.jobs - 1:,}"
    return f"job {shape.job_id} and {more} like it wait"
