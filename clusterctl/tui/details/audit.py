"""One entry of the audit, with all that was noted of it."""

from __future__ import annotations

from functools import partial

from clusterctl.model.audit import AuditPicture
from clusterctl.tui.details.topic import Topic
from clusterctl.tui.paint.pieces import Line, Piece, Sight, data
from clusterctl.tui.painters.ruled import labelled, rule
from clusterctl.wording.audit import whom
from clusterctl.wording.findings import evidence_rows
from clusterctl.wording.moments import ago, stamp


def topic(entry: AuditPicture) -> Topic:
    """What a pane shows of *entry*: nothing has to be asked for."""
    title = [data(entry.verb, "title"), Piece(" "), data(entry.subject, "accent", 40)]
    return Topic(subject=f"audit:{entry.id}", title=title, ask=lambda _: entry, paint=partial(page))


def page(entry: AuditPicture, sight: Sight, width: int) -> list[Line]:
    """Who, what, to what, when, why, and what the verb has noted besides."""
    facts = [
        ("when", f"{stamp(entry.at)}  {ago(entry.at, sight.now)}"),
        ("who", entry.actor),
        ("did", entry.verb),
        ("to", whom(entry)),
        ("why", entry.reason or "no reason was given"),
        ("number", str(entry.id)),
    ]
    lines = list(labelled(facts, width, {} if entry.reason else {"why": "dim"}))
    if entry.detail:
        lines += [rule([Piece("Noted with it", "title")], width, sight.glyphs)]
        lines += labelled(evidence_rows(entry.detail, sight.now), width)
    return lines
