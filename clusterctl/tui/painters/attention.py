"""What needs a hand, the most urgent first: nobody who decides, what is stuck, what is wrong, and why jobs wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from clusterctl.model.findings import RANKS
from clusterctl.model.looks import Sums
from clusterctl.tui.engine.findings import key_of
from clusterctl.tui.lists.findings import Listed
from clusterctl.tui.paint.pieces import Line, Piece, Sight, Tone, data
from clusterctl.tui.painters.findings import LETTERS, TONES, aged
from clusterctl.tui.painters.sums import leaderless_s
from clusterctl.tui.table.columns import Column
from clusterctl.wording import findings as words
from clusterctl.wording.moments import span
from clusterctl.wording.reasons import fitting


class Need(NamedTuple):
    """One of them. ``what`` it is about, in a word; ``told``: a sentence; ``help``: what would mend it.

    ``listed``: the finding, if it is one; ``filter``: the jobs, if it is about jobs that wait, for ``reason``.
    """

    key: str
    kind: str
    tone: Tone
    what: str
    told: str
    since: datetime | None = None
    help: str = ""
    listed: Listed | None = None
    filter: str = ""
    reason: str = ""


def needs(sums: Sums | None, findings: Sequence[Listed], sight: Sight = Sight()) -> list[Need]:  # noqa: B008  # frozen
    """All of them. That nobody leads is said once: where jobs wait for it, the doctor says it."""
    said = any(each.finding.code == "cycle_stalled" for each in findings)
    return [
        *(leaderless(sums, sight) if sums is not None and not said else ()),
        *(need_of(each) for each in sorted(findings, key=urgency)),
        *(waits(sums) if sums is not None else ()),
    ]


def urgency(listed: Listed) -> tuple[int, bool]:
    """The worst first; among equals what holds something for nothing."""
    return RANKS.get(listed.finding.severity, len(RANKS)), not listed.finding.stuck


def leaderless(sums: Sums, sight: Sight) -> Iterator[Need]:
    """Without a leader nothing is placed."""
    missed_s = leaderless_s(sums, sight)
    if missed_s is not None:
        since = sight.now - timedelta(seconds=missed_s) if missed_s else None
        told = "nobody leads: nothing is placed until a schedd runs"
        yield Need("leader", "! LEADER", "bad", "cluster", told, since=since, help=words.BY_HAND)


def need_of(listed: Listed) -> Need:
    """A finding."""
    finding = listed.finding
    done = listed.outcome.sentence if listed.outcome is not None else ""
    return Need(
        key=key_of(finding),
        kind=f"{LETTERS.get(finding.severity, '?')} {'STUCK' if finding.stuck else 'DOCTOR'}",
        tone="good" if done else TONES.get(finding.severity, "plain") if listed.seen_at is None else "dim",
        what=finding.subject,
        told=done or finding.sentence,
        since=finding.since,
        help=words.mend_of(finding),
        listed=listed,
    )


def waits(sums: Sums) -> Iterator[Need]:
    """Why jobs wait, most jobs first."""
    for each in sums.waits:
        if each.jobs:
            yield Need(
                key=f"wait {each.reason}",
                kind=". WAIT",
                tone="plain",
                what=f"{each.jobs:,} job{'' if each.jobs == 1 else 's'}",
                told=each.text,
                reason=each.reason,
                filter=f"state:pending,held reason:{each.reason}",
            )


def kind(need: Need, sight: Sight, width: int) -> Line:
    """Which of them, with a sign."""
    del sight
    return (data(need.kind, need.tone, width),)


def what(need: Need, sight: Sight, width: int) -> Line:
    """What it is about."""
    del sight
    return (data(need.what, "title" if need.listed else "plain", width),)


def told(need: Need, sight: Sight, width: int) -> Line:
    """In a sentence."""
    if need.listed is not None:
        return aged(need.listed, need.told, sight, width)
    return (data(fitting(need.reason, need.told, width) if need.reason else need.told, width=width),)


def since(need: Need, sight: Sight, width: int) -> Line:
    """For how long it has been so."""
    del width
    return (Piece(span(need.since, sight.now) if need.since is not None else "", "warning"),)


def helped(need: Need, sight: Sight, width: int) -> Line:
    """What would mend it, in a word."""
    del sight
    return (data(need.help, "accent", width),)


COLUMNS: tuple[Column[Need], ...] = (
    Column("kind", "KIND", kind, 8),
    Column("what", "WHAT", what, 15, rank=1),
    Column("told", "TOLD", told, 26, grows=True, spills=True),
    Column("since", "SINCE", since, 6, right=True, rank=2),
    Column("help", "HELP", helped, 9, rank=3),
)
