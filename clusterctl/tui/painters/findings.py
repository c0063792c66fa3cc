"""Findings as rows: of what is stuck, and of all that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from clusterctl.model.findings import Examination, Finding
from clusterctl.text import masked
from clusterctl.tui.engine.findings import Found
from clusterctl.tui.lists.findings import Listed
from clusterctl.tui.paint.pieces import Line, Piece, Sight, Tone, data
from clusterctl.tui.painters.ruled import wrapped
from clusterctl.tui.table.columns import Column
from clusterctl.units import format_age
from clusterctl.wording import findings as words

LETTERS: Mapping[str, str] = {"critical": "!", "warning": "~", "info": "i"}
TONES: Mapping[str, Tone] = {"critical": "bad", "warning": "warning", "info": "dim"}
FATES: Mapping[str, tuple[str, Tone]] = {
    "done": ("mended", "good"),
    "unchanged": ("unchanged", "dim"),
    "changed": ("changed", "warning"),
    "refused": ("refused", "bad"),
}
MOST_FOOTNOTES = 3  # lines of what was not looked at


def tone_of(finding: Finding) -> Tone:
    """How bad it is."""
    return TONES.get(finding.severity, "plain")


def is_mended(row: Listed) -> bool:
    """Whether it was put right a moment ago."""
    return row.outcome is not None and row.outcome.fate == "done"


def letter(row: Listed, sight: Sight, width: int) -> Line:
    """How bad it is, without colours."""
    del sight, width
    return [Piece(LETTERS.get(row.finding.severity, "?"), tone_of(row.finding) if row.seen_at is None else "dim")]


def severity(row: Listed, sight: Sight, width: int) -> Line:
    """How bad it is, in a word."""
    del sight
    return [data(row.finding.severity, tone_of(row.finding) if row.seen_at is None else "dim", width)]


def code(row: Listed, sight: Sight, width: int) -> Line:
    """Which kind of finding."""
    del sight
    return [data(row.finding.code, "plain", width)]


def subject(row: Listed, sight: Sight, width: int) -> Line:
    """What it is about."""
    del sight
    return [data(row.finding.subject, "title" if row.seen_at is None else "dim", width)]


def job(row: Listed, sight: Sight, width: int) -> Line:
    """Its job, if it concerns one."""
    del sight
    return [data(words.concerned(row.finding, "job") or "-", "plain", width)]


def worker(row: Listed, sight: Sight, width: int) -> Line:
    """Its worker, if it concerns one."""
    del sight
    return [data(words.concerned(row.finding, "worker") or "-", "plain", width)]


def cpus(row: Listed, sight: Sight, width: int) -> Line:
    """What it holds for nothing."""
    del sight, width
    held = words.cpus_of(row.finding)
    return [Piece("-" if held is None else f"{held:g}")]


def held(row: Listed, sight: Sight, width: int) -> Line:
    """For how long it has held that; as long as it is stuck it grows."""
    del width
    since = None if is_mended(row) else words.holds_since(row.finding)
    return [Piece("-" if since is None else format_age((sight.now - since).total_seconds()))]


def since(row: Listed, sight: Sight, width: int) -> Line:
    """For how long it has been wrong."""
    del width
    begun = row.finding.since
    return [Piece("-" if begun is None else format_age((sight.now - begun).total_seconds()))]


def evidence(row: Listed, sight: Sight, width: int) -> Line:
    """How one knows: the sentence where there is room for it, else a few words; after a mend, what became of it."""
    if row.outcome is not None:
        return [data(row.outcome.sentence, "plain", width)]
    whole = len(row.finding.sentence) <= width
    return aged(row, row.finding.sentence if whole else words.brief(row.finding), sight, width)


def sentence(row: Listed, sight: Sight, width: int) -> Line:
    """What is wrong; after a mend, what became of it."""
    return aged(row, row.finding.sentence if row.outcome is None else row.outcome.sentence, sight, width)


def aged(row: Listed, text: str, sight: Sight, width: int) -> Line:
    """*text*; of what could not be checked of late dimmed, after how old it is."""
    if row.seen_at is None:
        return [data(text, "plain", width)]
    age = Piece(f"{seen_ago(row.seen_at, sight)}: ", "warning")
    return [age, data(text, "dim", max(1, width - len(age.text)))]


def seen_ago(seen_at: datetime, sight: Sight) -> str:
    """``seen 2m ago``: not checked since."""
    return f"seen {format_age(max(0.0, (sight.now - seen_at).total_seconds()))} ago"


def mend(row: Listed, sight: Sight, width: int) -> Line:
    """What would put it right; after a mend, whether it did."""
    del sight
    if row.outcome is not None:
        told, tone = FATES[row.outcome.fate]
        return [Piece(told, tone)]
    word = words.mend_of(row.finding)
    return [data(word, "dim" if word == words.BY_HAND else "accent", width)]


STUCK: tuple[Column[Listed], ...] = (
    Column("letter", "", letter, 1, sort="severity"),
    Column("subject", "SUBJECT", subject, 15, sort="subject"),
    Column("job", "JOB", job, 6, right=True, rank=3),
    Column("worker", "WORKER", worker, 9, rank=2),
    Column("cpus", "CPU", cpus, 4, right=True, rank=4),
    Column("held", "HELD", held, 7, sort="since", right=True, rank=1),
    Column("evidence", "EVIDENCE", evidence, 14, sort="sentence", grows=True),
    Column("mend", "FIX", mend, 11),
    Column("code", "CODE", code, 25, sort="code", rank=5),
)
DOCTOR: tuple[Column[Listed], ...] = (
    Column("letter", "", letter, 1, sort="severity"),
    Column("severity", "SEVERITY", severity, 8, sort="severity", rank=5),
    Column("code", "CODE", code, 22, sort="code", rank=1),
    Column("since", "SINCE", since, 7, sort="since", right=True, rank=2),
    Column("subject", "SUBJECT", subject, 15, sort="subject"),
    Column("sentence", "WHAT", sentence, 18, sort="sentence", grows=True),
    Column("mend", "FIX", mend, 11, rank=3),
)


def footnotes(found: Found, width: int) -> list[Line]:
    """What nobody could look for, and what was out of reach, in a few lines; nothing if all was seen."""
    failed = [f"the last look for findings failed: {masked(found.trouble)}"] if found.trouble else []
    told = [line for note in (*failed, *notes(found.examination)) for line in wrapped(note, width - 2)]
    lines: list[Line] = [[Piece(" "), Piece(line, "warning")] for line in told[:MOST_FOOTNOTES]]
    if (more := len(told) - MOST_FOOTNOTES) > 0:
        lines.append([Piece(f" and {more} lines more: clusterctl doctor", "dim")])
    return lines


def notes(examination: Examination) -> Iterator[str]:
    """A sentence for each reason why something was not checked, and for each limit of the look."""
    by_reason: dict[str, list[str]] = {}
    for each in examination.unchecked:
        by_reason.setdefault(each.reason, []).append(each.code)
    for reason, codes in by_reason.items():
        yield f"not checked: {masked(reason)}: {', '.join(codes)}"
    yield from examination.notes
