"""One finding: what is wrong and how one knows, what would be done about it and when not, and what led there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from clusterctl.model.finding_story import FindingStory
from clusterctl.model.findings import Finding
from clusterctl.tui.details.topic import Topic
from clusterctl.tui.engine.findings import key_of
from clusterctl.tui.lists.findings import Listed
from clusterctl.tui.paint.pieces import Line, Piece, Sight, data
from clusterctl.tui.painters.claims import event_of
from clusterctl.tui.painters.findings import FATES, LETTERS, is_mended, seen_ago, tone_of
from clusterctl.tui.painters.ruled import LABEL, labelled, rule, wrapped
from clusterctl.wording import findings as words
from clusterctl.wording.claims import why
from clusterctl.wording.moments import ago, clock, stamp

PAGE = "docs/reference/findings.md"
LEAST_PREVIEW = 4  # lines
LONGEST_LABEL = 24  # cells
MOST_FACTS = 40  # rows of evidence


def topic(row: Listed) -> Topic:
    """What a pane shows of *row*."""
    finding = row.finding
    title = [
        Piece(f"{LETTERS.get(finding.severity, '?')} ", tone_of(finding)),
        data(finding.code, "title"),
        Piece(" "),
        data(finding.subject, "accent"),
    ]
    return Topic(
        subject=key_of(finding),
        title=title,
        ask=lambda source: source.finding_story(finding),
        paint=partial(page, row),
    )


def page(row: Listed, story: FindingStory, sight: Sight, width: int) -> list[Line]:
    """All of it, most urgent first."""
    finding = row.finding
    return [
        *became(row, width),
        *unchecked(row, sight, width),
        *what(finding, story, sight, width),
        rule([Piece("What helps", "title")], width, sight.glyphs, helps_by(row)),
        *remedy(row, story, sight, width),
        rule([Piece("Evidence", "title")], width, sight.glyphs),
        *evidence(finding, sight, width),
        *lately(finding, story, sight, width),
    ]


def became(row: Listed, width: int) -> Iterator[Line]:
    """What became of a mend a moment ago."""
    if row.outcome is not None:
        told, tone = FATES[row.outcome.fate]
        yield from labelled([(told, row.outcome.sentence)], width, {told: tone})


def unchecked(row: Listed, sight: Sight, width: int) -> Iterator[Line]:
    """That nobody knows whether it is so still."""
    if row.seen_at is not None:
        told = f"{seen_ago(row.seen_at, sight)}; it could not be checked since"
        yield from labelled([("not checked", told)], width, {"not checked": "warning"})


def what(finding: Finding, story: FindingStory, sight: Sight, width: int) -> Iterator[Line]:
    """What is wrong, since when, and what that means."""
    since = finding.since
    when = "" if since is None else f"{stamp(since)}  {ago(since, sight.now)}"
    facts = [("what", finding.sentence), ("since", when), ("concerns", ", ".join(finding.concerns[1:]))]
    yield from labelled(facts, width, {"what": tone_of(finding)})
    yield from labelled([("means", story.meaning)], width, {"means": "dim"})


def evidence(finding: Finding, sight: Sight, width: int) -> Iterator[Line]:
    """How one knows, a fact a line."""
    facts = list(words.evidence_rows(finding.evidence, sight.now))[:MOST_FACTS]
    longest = max((len(label) for label, _ in facts), default=0)
    yield from labelled(facts, width, label_width=min(max(longest, LABEL), LONGEST_LABEL))


def helps_by(row: Listed) -> Line:
    """Which key does it."""
    finding = row.finding
    if row.outcome is not None:
        told, tone = FATES[row.outcome.fate]
        return [Piece(told, tone)]
    if finding.fix.available:
        return [Piece("F mends it", "accent")]
    return [
        Piece("F, if it is dead", "accent") if words.asks_whether_dead(finding) else Piece("left to a person", "dim")
    ]


def remedy(row: Listed, story: FindingStory | None, sight: Sight, width: int) -> Iterator[Line]:
    """How it is now and how it would be, at what risk, and when it will not be done."""
    finding, fix = row.finding, row.finding.fix
    if is_mended(row):
        pass
    elif fix.available:
        facts = [("now", words.at_present(finding, sight.now)), ("then", fix.change), ("risk", fix.risk)]
        facts += [("only if", words.precondition(finding)), ("how", story.cure if story else "")]
        yield from labelled(facts, width, {"then": "good", "how": "dim"})
    else:
        yield from labelled([(words.BY_HAND, words.by_hand(finding))], width)
    yield from labelled([("command", fix.command)], width)
    if story is not None:
        yield from labelled([("page", f"{PAGE}, {finding.code}")], width, {"page": "dim"})


def preview(row: Listed, sight: Sight, size: tuple[int, int]) -> list[Line]:
    """The same in at most so many lines, for a terminal with no room for a page beside the list."""
    width, height = size
    finding = row.finding
    head = [data(finding.code, "title"), Piece(" "), data(finding.subject, "accent")]
    lines = [
        rule(head, width, sight.glyphs, helps_by(row)),
        *became(row, width),
        *unchecked(row, sight, width),
        *labelled([("what", finding.sentence)], width, {"what": tone_of(finding)}),
        *remedy(row, None, sight, width),
    ]
    return lines[:height] if height >= LEAST_PREVIEW else []


def lately(finding: Finding, story: FindingStory, sight: Sight, width: int) -> Iterator[Line]:
    """What was decided and done about its job, or its worker, newest first."""
    told = [(claim.last_at, event_of(claim), why(claim, sight.now)) for claim in story.claims]
    told += [(deed.at, f"{deed.actor} {deed.verb}", f"{deed.subject}  {deed.reason}") for deed in story.deeds]
    if not told:
        return
    number, name = words.concerned(finding, "job"), words.concerned(finding, "worker")
    yield rule([Piece("Lately, "), data(f"job {number}" if number else name, "title")], width, sight.glyphs)
    for at, head, tail in sorted(told, key=lambda each: each[0], reverse=True):
        begin = f"{clock(at, sight.now)} "
        first, *rest = wrapped(f"{head} {tail}".rstrip(), width - len(begin) - 1)
        yield [Piece(f" {begin}", "dim"), Piece(first)]
        for line in rest[:1]:
            yield [Piece(" " * (len(begin) + 1)), Piece(line)]
