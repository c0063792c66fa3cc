"""The findings as the rows of a list: filtered and ordered here, for no database knows them. Pure.

What was mended stays for a while with what became of it, so that nobody has to ask whether it worked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from clusterctl.model import listing
from clusterctl.model.console import AFTERWARDS_S
from clusterctl.model.filters import Filter
from clusterctl.model.findings import RANKS, Finding
from clusterctl.model.looks import Key, Page
from clusterctl.model.proposals import Outcome
from clusterctl.tui.engine.findings import Found, key_of

SPANS = {"age": ("since", "")}


class Listed(NamedTuple):
    """A finding as it stands in the list, and what became of the mend that was tried; None if none was.

    ``seen_at``: when it was last seen, if the last look could not check whether it is so still; else None.
    """

    finding: Finding
    outcome: Outcome | None = None
    seen_at: datetime | None = None


class FindingList:
    """What was found, and what of that was mended just now. *now* is in seconds of a clock that never goes back."""

    def __init__(self, *, stuck_only: bool = False) -> None:
        self._stuck_only = stuck_only
        self._found: tuple[Finding, ...] = ()
        self._kept: Mapping[str, datetime] = {}
        self._ended: dict[str, tuple[float, Listed]] = {}

    def take(self, found: Found) -> None:
        """What the last look has brought."""
        self._found = found.stuck if self._stuck_only else found.findings
        self._kept = found.kept

    def acted(self, outcomes: Sequence[Outcome], now: float) -> None:
        """Mends were tried on these subjects."""
        by_subject = {outcome.subject: outcome for outcome in outcomes}
        for finding in self._found:
            if outcome := by_subject.get(finding.subject):
                self._ended[key_of(finding)] = (now + AFTERWARDS_S, Listed(finding, outcome))

    def listed(self, now: float) -> list[Listed]:
        """All of them: what is wrong, and in its place what was mended a moment ago."""
        self._ended = {key: (until, row) for key, (until, row) in self._ended.items() if now < until}
        rows = {key_of(each): Listed(each, seen_at=self._kept.get(key_of(each))) for each in self._found}
        rows.update({key: row for key, (_, row) in self._ended.items()})
        return sorted(rows.values(), key=lambda row: RANKS.get(row.finding.severity, len(RANKS)))

    def page(self, now: float, *, at: datetime, filter: Filter | None, sort: Sequence[str]) -> Page[Listed]:
        """Those that *filter* leaves, in that order. *at*: now, by the database's clock, from which ages are told."""
        rows = self.listed(now)
        if filter is not None or sort:  # else nobody need know them as plain data
            rows = listing.chosen([(searchable(row.finding, at), row) for row in rows], filter, sort)
        keyed: dict[Key, Listed] = {key_of(row.finding): row for row in rows}
        return Page(keys=tuple(keyed), rows=keyed, total=len(keyed))


def searchable(finding: Finding, at: datetime) -> dict[str, Any]:
    """A finding as plain data, its age beside it."""
    plain: dict[str, Any] = msgspec.to_builtins(finding, builtin_types=(datetime,), enc_hook=str)
    return listing.with_spans(plain, SPANS, at)
