"""What the doctor writes beside what others write too: each a compare-and-set, each safe to repeat."""

from __future__ import annotations

from clusterctl.model.states import Outcome
from clusterctl.store.connection import Database


def ask_to_stop(db: Database, allocation_id: int, token: str, outcome: Outcome) -> str | None:
    """Ask the agent to end an attempt as *outcome*; its worker's name, or None if it has ended or was asked before."""
    worker: str | None = db.value(
        """
        UPDATE allocations a SET stop_requested_at = cluster_time(), stop_outcome = %(outcome)s
          FROM workers w
         WHERE a.id = %(id)s AND a.status = 'allocated' AND a.start_token = %(token)s::uuid
           AND a.stop_requested_at IS NULL AND w.id = a.worker_id
        RETURNING w.name
        """,
        id=allocation_id,
        token=token,
        outcome=outcome.value,
    )
    return worker


def depose(db: Database, term: int, rounds: int) -> bool:
    """End a term in which nothing was decided since *rounds*, and leave the chair empty; False if something was."""
    with db.transaction():
        db.run("SET LOCAL synchronous_commit = on")  # as for every change of the term
        return bool(
            db.run(
                """
                UPDATE leader SET term = term + 1, holder = '', renewals = renewals + 1
                 WHERE term = %s AND rounds = %s AND holder <> ''
                """,
                term,
                rounds,
            )
        )
