"""The audit as rows of a listing."""

from __future__ import annotations

from clusterctl.cli.display.ages import clock
from clusterctl.cli.display.listing import Listing, field, plain_of
from clusterctl.cli.display.table import Column
from clusterctl.model.audit import AuditPicture
from clusterctl.wording.audit import whom

COLUMNS: list[Column[AuditPicture]] = [
    Column("ID", lambda entry: str(entry.id), right=True, wide=True),
    Column("UTC", lambda entry: clock(entry.at)),
    Column("WHO", lambda entry: entry.actor, least=6),
    Column("DID", lambda entry: entry.verb, least=6),
    Column("TO", whom, least=8),
    Column("DETAIL", lambda entry: field(entry.detail) or "-", wide=True),
    Column("WHY", lambda entry: entry.reason or "-", least=6),
]
FIELDS = "id at actor verb subject reason detail"
AUDIT: Listing[AuditPicture] = Listing(
    "entries", COLUMNS, plain_of, FIELDS, "id", noun=AuditPicture, spans={"age": ("at", "")}
)
