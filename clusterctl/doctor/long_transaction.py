"""``long_transaction``: somebody has a transaction open, and does not end it."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import server
from clusterctl.units import format_age

PATIENCE = 300.0  # seconds; none of our own takes a tenth of that


class LongTransaction(Check):
    """Its locks keep others waiting, and what is deleted anywhere is kept for it: the busy tables swell."""

    code = "long_transaction"
    severity = "warning"
    meaning = "A transaction in the cluster's database has been open for five minutes: a backup, or somebody's psql."
    reads_rows = False

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Every one that we may see."""
        for open in server.long_transactions(cluster.db, self._patience):
            who = f"{open.application or 'a program without a name'} (pid {open.pid}, role {open.user})"
            yield self.finding(
                "cluster",
                f"{who} has had a transaction open for {format_age(open.age_s)}, {open.state or 'busy'}; its "
                f"last statement: {open.statement or 'not for us to see'}",
                self.by_hand(
                    f"psql -c 'SELECT pg_terminate_backend({open.pid})'", "ask its owner first; what it wrote is undone"
                ),
                since=open.since,
                evidence={
                    "pid": open.pid,
                    "application": open.application,
                    "role": open.user,
                    "state": open.state,
                    "age_s": round(open.age_s, 1),
                    "statement": open.statement,
                },
            )
        if hidden := server.hidden_sessions(cluster.db):
            yield Note(f"{hidden} sessions of other roles in Postgres were not looked at: pg_read_all_stats may")
