"""Seeing that the database says no, and which no."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from clusterctl.model.errors import Moved

ILLEGAL_STEP = "CC001"
NOT_ACCEPTING = "CC002"
DISAGREEMENT = "CC003"
OLD_INCARNATION = "CC004"
STALE_LEADER = "CC005"
COUNTERS = "CC006"
CHECK = "23514"
UNIQUE = "23505"


@contextmanager
def refused(code: str, constraint: str | None = None) -> Iterator[None]:
    """The statement inside is refused with this SQLSTATE (and by this constraint), however the store words it."""
    with pytest.raises((Moved, psycopg.Error)) as caught:
        yield
    error = caught.value.__cause__ or caught.value
    assert isinstance(error, psycopg.Error)
    assert error.sqlstate == code, error
    assert constraint in {None, error.diag.constraint_name}, error
