"""What dialogs say, as lines of pieces. Pure: no Textual, and all that strangers wrote passes ``data``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clusterctl.model.console import AFTERWARDS_S
from clusterctl.model.proposals import Change, Outcome, Proposal
from clusterctl.text import cells, visible
from clusterctl.tui.paint.pieces import Glyphs, Line, Piece, Tone, data

LABEL = 8  # cells before what is said
LISTED = 10  # changes, and asides; more are counted
REASONS = 3  # told of what was not done, before somebody asks for all
LONGEST = 2000  # cells of one sentence
SUBJECT = 24  # cells of a subject beside what it will be


class Room(NamedTuple):
    """Cells of a line, and lines that are seen without scrolling; of many things so many are listed."""

    width: int
    lines: int = 1_000
    listed: int = LISTED
    airy: bool = True  # a blank line between two parts


def proposal_lines(proposal: Proposal, room: Room, glyphs: Glyphs, aside: str = "") -> list[Line]:
    """All that is to be known before somebody says yes; shorter lists where it cannot all be seen at once.

    *aside*: what else is left, beside what the proposal itself leaves.
    """
    shorter = [room, room._replace(airy=False), *(room._replace(airy=False, listed=most) for most in (6, 3))]
    for tried in shorter:
        lines = all_lines(proposal, tried, glyphs, aside)
        if len(lines) <= room.lines:
            break
    return lines


def all_lines(proposal: Proposal, room: Room, glyphs: Glyphs, aside: str) -> list[Line]:
    """The same, in exactly that room."""
    lines: list[Line] = []
    commands = proposal.commands or ((proposal.command,) if proposal.command else ())
    for part in (
        labelled("Why", shortlist(proposal.why, room.listed), room.width),
        changes(proposal, room, glyphs),
        asides(proposal, aside, room),
        labelled("Risk", [proposal.risk] if proposal.risk else [], room.width, tone=risk_tone(proposal.risk)),
        labelled("Only if", [proposal.precondition] if proposal.precondition else [], room.width),
        labelled("Undo", undoing(proposal), room.width),
        (line for words in commands[: room.listed] for line in command(words, room.width)),
    ):
        said = list(part)
        lines += [[], *said] if lines and said and room.airy else said
    return lines


UNDO = f"possible: U within {AFTERWARDS_S:.0f} s afterwards, or the same way at any time"
NO_UNDO = "cannot be undone"  # said in a risk, it need not be said twice


def changes(proposal: Proposal, room: Room, glyphs: Glyphs) -> Iterator[Line]:
    """What will be otherwise, one after another; the first of many."""
    width = room.width
    listed = proposal.changes[: room.listed]
    more = len(proposal.changes) - len(listed) + proposal.more
    if not listed:
        yield from labelled("Will", ["nothing to do"], width)
        return
    column = max(cells(data(called(each.subject), width=SUBJECT).text) for each in listed)
    for at, each in enumerate(listed):
        yield from one_change(each, "Will" if at == 0 else "", column, width, glyphs)
    if more:
        yield [Piece(" " * LABEL), Piece(f"and {more:,} more", "dim")]


def one_change(change: Change, label: str, column: int, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """``job 7  running on w1 → cancelled``; in several lines where there is no room."""
    subject = data(called(change.subject), width=column)
    before, after = data(change.before, "dim", width=LONGEST), data(change.after, width=LONGEST)
    blank = Piece(" " * (column - cells(subject.text) + 2))
    arrow = [before, Piece(f" {glyphs.arrow} ", "dim")] if change.before else []
    pieces = [subject, blank, *arrow, after._replace(tone="title")]
    if sum(cells(piece.text) for piece in pieces) <= width - LABEL:
        yield [labels(label), *pieces]
        return
    yield [labels(label), data(called(change.subject), width=width - LABEL)]
    whole = f"{before.text} {glyphs.arrow} {after.text}" if change.before else after.text
    for line in flowed(whole, width - LABEL - 2):
        yield [Piece(" " * (LABEL + 2)), Piece(line)]


def asides(proposal: Proposal, aside: str, room: Room) -> Iterator[Line]:
    """What will be left as it is, and why."""
    listed = shortlist([f"{called(each.subject)}: {each.why}" for each in proposal.asides], room.listed)
    return labelled("Leave", [*listed, *([aside] if aside else [])], room.width)


def undoing(proposal: Proposal) -> list[str]:
    """Whether it can be taken back, unless the risk has said so already."""
    if not proposal.changes or NO_UNDO in proposal.risk:
        return []
    if proposal.undo:
        return [UNDO]
    return [f"not by U: {proposal.by_hand}" if proposal.by_hand else "not possible"]


def risk_tone(risk: str) -> Tone:
    """A warning, unless there is none."""
    return "plain" if risk.startswith("none") else "warning"


def shortlist(sentences: Sequence[str], most: int) -> list[str]:
    """The first of them, and how many more there are."""
    more = len(sentences) - most
    return [*sentences[:most], *([f"and {more:,} more"] if more > 0 else [])]


def command(words: Sequence[str], width: int) -> Iterator[Line]:
    """The same as one would type it. It is broken where the dialog ends, and copied whole."""
    for at, line in enumerate(flowed(data(shlex.join(words), width=LONGEST).text, width - 2)):
        yield [Piece("  " if at else "$ ", "dim"), Piece(line, "accent")]


def as_typed(proposal: Proposal) -> str:
    """All its commands, one a line, to be pasted into a shell, of which a terminal obeys nothing."""
    commands = proposal.commands or ((proposal.command,) if proposal.command else ())
    return "\n".join(" ".join(map(word, command)) for command in commands)


def word(text: str) -> str:
    r"""*text* as one word of a shell; what a terminal obeys, or hides, as bash and zsh write it: ``$'\x1b'``."""
    if visible(text) == text:
        return shlex.quote(text)
    return "$'" + "".join(map(_in_word, text)) + "'"


def _in_word(letter: str) -> str:
    if visible(letter) == letter:
        return f"\\{letter}" if letter in "'\\" else letter
    of_a_byte = "surrogateescape" if "\udc80" <= letter <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in letter.encode(errors=of_a_byte))


def labelled(label: str, sentences: Sequence[str], width: int, *, tone: Tone = "plain") -> Iterator[Line]:
    """*sentences* under each other beside a *label*."""
    for at, sentence in enumerate(sentences):
        for line, text in enumerate(flowed(data(sentence, width=LONGEST).text, width - LABEL)):
            yield [labels(label if at == line == 0 else ""), Piece(text, tone)]


def labels(label: str) -> Piece:
    """The cells before what is said."""
    return Piece(f"{label:{LABEL}}", "dim")


def called(subject: str) -> str:
    """``job 7`` for ``job:7``."""
    return subject.replace(":", " ", 1)


def flowed(text: str, width: int) -> list[str]:
    """*text*, which is safe, in lines of at most *width* cells; words that are longer are broken."""
    lines, line, room = [], "", max(2, width)
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if cells(joined) <= room:
            line = joined
            continue
        lines += [line] if line else []
        *whole, line = broken(word, room)
        lines += whole
    return [*lines, line]


def broken(word: str, room: int) -> list[str]:
    """*word* in pieces of at most *room* cells."""
    pieces: list[str] = []
    piece, used = "", 0
    for letter in word:
        wide = cells(letter)
        if used + wide > room:
            pieces, piece, used = [*pieces, piece], "", 0
        piece, used = piece + letter, used + wide
    return [*pieces, piece]


def summary(outcomes: Sequence[Outcome]) -> str:
    """``done 3, changed meanwhile 1, refused 0``."""
    counts = {fate: sum(each.fate == fate for each in outcomes) for fate in ("done", "changed", "unchanged", "refused")}
    already = f", as wished already {counts['unchanged']:,}" if counts["unchanged"] else ""
    return f"done {counts['done']:,}{already}, changed meanwhile {counts['changed']:,}, refused {counts['refused']:,}"


def told(outcomes: Sequence[Outcome], *, many: str = "O tells of each") -> list[str]:
    """What came of it, for a toast: the sum, and the first reasons. Not safe yet: whoever shows it makes it so."""
    if len(outcomes) == 1:
        only = outcomes[0]
        return [f"{FATES[only.fate]}: {about(only)}"]
    rest = [each for each in outcomes if each.fate not in ("done", "unchanged")]
    reasons = [about(each) for each in rest[:REASONS]]
    return [summary(outcomes), *reasons, *([many] if len(rest) > REASONS else [])]


def about(outcome: Outcome) -> str:
    """``job 7: cancelled``; a sentence that names its subject itself needs no other."""
    subject = called(outcome.subject)
    return outcome.sentence if outcome.sentence.startswith(f"{subject} ") else f"{subject}: {outcome.sentence}"


FATES = {
    "done": "done",
    "changed": "changed meanwhile, left as it is",
    "unchanged": "as wished already",
    "refused": "refused",
}
TONES: dict[str, Tone] = {"done": "good", "changed": "warning", "unchanged": "dim", "refused": "bad"}


def outcome_lines(outcomes: Sequence[Outcome], width: int) -> list[Line]:
    """What came of each: those first that somebody has to look after."""
    order = ("refused", "changed", "unchanged", "done")
    lines: list[Line] = [*([Piece(line, "title")] for line in flowed(summary(outcomes), width)), []]
    for each in sorted(outcomes, key=lambda each: order.index(each.fate)):
        said = flowed(data(about(each), width=LONGEST).text, width - 11)
        for at, text in enumerate(said):
            fate = Piece(f"{each.fate:11}" if at == 0 else " " * 11, TONES[each.fate])
            lines.append([fate, Piece(text)])
    return lines
