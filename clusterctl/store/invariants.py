"""What must hold of the rows at every moment, whoever wrote them: for tests after each step, and for the doctor.

The laws of 0002 refuse what they can see in one statement. This looks at everything, and so is slow: never in a loop.
"""

from __future__ import annotations

from importlib import resources
from typing import LiteralString

import msgspec

from clusterctl.store.connection import Database


class Violation(msgspec.Struct, frozen=True):
    """A promise that does not hold: which, and of what (``worker w1``, ``job 17``, ``allocation 23``)."""

    promise: str
    subject: str


def violations(db: Database) -> list[Violation]:
    """Every broken promise; empty in a sound database. Reads all rows."""
    return db.nouns(Violation, query())


def query() -> LiteralString:
    """The text of ``invariants.sql``: ours, shipped beside this module, and without parameters."""
    return (resources.files(__package__) / "invariants.sql").read_text()
