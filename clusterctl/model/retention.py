"""What is forgotten when it is old."""

from __future__ import annotations

from typing import Literal

from clusterctl.model.errors import BadInput
from clusterctl.settings import Settings

Kind = Literal["jobs", "allocations", "claims", "samples", "history", "audit"]
LONGEST_AGO = 3e10  # seconds, a thousand years: before that Postgres's own calendar would end


def age_of(settings: Settings, kind: Kind, older_than_s: float | None) -> float:
    """After how many seconds *kind* goes: as somebody said, else as the setting ``keep_…`` says. Raises BadInput."""
    if older_than_s is None:
        return float(getattr(settings, f"keep_{kind}"))
    check_age(older_than_s)
    return older_than_s


def check_age(older_than_s: float) -> None:
    """BadInput for what is no age."""
    if not 0 <= older_than_s <= LONGEST_AGO:
        raise BadInput(f"an age of {older_than_s:g} s is none")
