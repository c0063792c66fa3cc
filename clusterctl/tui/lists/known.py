"""Which lists there are without a console: what their rows are, and their columns. The screens show the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from clusterctl.model.audit import AuditPicture
from clusterctl.model.claim_log import ClaimPicture
from clusterctl.model.findings import Finding
from clusterctl.model.listing import fields_of_sort
from clusterctl.model.pictures import JobPicture, WorkerPicture
from clusterctl.model.services import ServicePicture
from clusterctl.tui.lists.courses import Courses
from clusterctl.tui.lists.shape import Shape
from clusterctl.tui.painters import audit, claims, findings, jobs, services, workers
from clusterctl.tui.table.columns import Column


class List(NamedTuple):
    """One list: how it is called, what a filter may name, and how its rows are drawn."""

    title: str
    noun: type
    spans: tuple[str, ...]
    columns: Sequence[Column[Any]]
    unordered: frozenset[str] = frozenset()  # fields that a filter or a row has, and no database can order by

    def shape(self) -> Shape:
        """One that filters it."""
        return Shape(noun=self.noun, spans=self.spans)

    def sort(self, fields: Sequence[str]) -> tuple[str, ...]:
        """*fields*, which it is to be ordered by. Raises BadInput for one that it cannot be."""
        return fields_of_sort(fields, (each for each in self.shape().vocabulary.kinds if each not in self.unordered))


LISTS: dict[str, List] = {
    "workers": List("Workers", WorkerPicture, ("age",), workers.columns(Courses()), frozenset({"heartbeat_ttl_s"})),
    "jobs": List("Jobs", JobPicture, ("age", "wait", "ran"), jobs.COLUMNS),
    "stuck": List("Stuck", Finding, ("age",), findings.STUCK),
    "claims": List("Claims", ClaimPicture, ("age",), claims.COLUMNS),
    "doctor": List("Doctor", Finding, ("age",), findings.DOCTOR),
    "services": List("Services", ServicePicture, ("age",), services.COLUMNS),
    "audit": List("Audit", AuditPicture, ("age",), audit.AUDIT, frozenset({"detail"})),
}
