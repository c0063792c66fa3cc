"""What dialogs say of a proposal, and of what came of it."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.model.proposals import Aside, Change, Deed, Outcome, Proposal
from clusterctl.text import cells
from clusterctl.tui.dialogs.words import Room, as_typed, flowed, outcome_lines, proposal_lines, summary, told
from clusterctl.tui.paint.pieces import Glyphs, Line
from tests.console.top.strange_text import STRANGE

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
anything = st.one_of(st.sampled_from(list(STRANGE.values())), st.text(max_size=60))


def proposal_of(text: str, changes: int = 1, asides: int = 1) -> Proposal:
    """One of which every string is *text*."""
    change, aside = Change(subject=text, before=text, after=text), Aside(subject=text, why=text)
    return Proposal(
        deed=Deed(verb="cancel"), title=text, why=(text,), changes=(change,) * changes, more=2,
        asides=(aside,) * asides, risk=text, precondition=text, command=("clusterctl", text), typed=text,
    )  # fmt: skip


def text_of(lines: list[Line]) -> list[str]:
    """Without the tones."""
    return ["".join(piece.text for piece in line) for line in lines]


def a_cancellation(count: int, **other: Any) -> Proposal:
    """So many jobs are to be cancelled."""
    changes = tuple(Change(subject=f"job:{n}", before="pending", after="cancelled") for n in range(count))
    return Proposal(deed=Deed(verb="cancel"), title=f"Cancel {count} jobs?", changes=changes, **other)


def test_a_proposal_says_why_what_what_not_at_what_risk_only_if_what_and_how_it_is_typed() -> None:
    proposal = Proposal(
        deed=Deed(verb="mend"),
        title="Release allocation 9?",
        why=("reserved for 4m12s, and not started",),
        changes=(Change(subject="allocation:9", before="reserved", after="released"),
                 Change(subject="worker:w1", before="reserved 8", after="reserved 0")),
        asides=(Aside(subject="job:3", why="had ended already"),),
        risk="none: no agent has started it",
        precondition="it is still reserved",
        command=("clusterctl", "doctor", "--fix-stuck", "reserved_expired", "allocation:9"),
    )  # fmt: skip
    assert text_of(proposal_lines(proposal, Room(60), Glyphs())) == [
        "Why     reserved for 4m12s, and not started",
        "",
        "Will    allocation 9  reserved → released",
        "        worker w1     reserved 8 → reserved 0",
        "",
        "Leave   job 3: had ended already",
        "",
        "Risk    none: no agent has started it",
        "",
        "Only if it is still reserved",
        "",
        "Undo    not possible",
        "",
        "$ clusterctl doctor --fix-stuck reserved_expired",
        "  allocation:9",
    ]


def test_of_many_the_first_ten_are_listed_and_the_others_are_counted() -> None:
    lines = text_of(proposal_lines(a_cancellation(10, more=15), Room(60), Glyphs()))
    assert "        job 9   pending → cancelled" not in lines  # they stand under each other
    assert "        job 9  pending → cancelled" in lines
    assert "        and 15 more" in lines


def test_where_there_is_little_room_fewer_are_listed_so_that_the_risk_is_seen() -> None:
    lines = text_of(proposal_lines(a_cancellation(10, more=15, risk="much"), Room(60, lines=8), Glyphs()))
    assert len(lines) <= 8
    assert "        and 22 more" in lines
    assert "Risk    much" in lines


def test_what_is_marked_and_not_seen_is_told_beside_what_is_left() -> None:
    lines = text_of(proposal_lines(a_cancellation(1), Room(60), Glyphs(), "2 of 12 marked are hidden by the filter"))
    assert "Leave   2 of 12 marked are hidden by the filter" in lines


def test_without_changes_there_is_nothing_to_do_and_nothing_to_undo() -> None:
    lines = text_of(proposal_lines(Proposal(deed=Deed(verb="hold"), title="Nothing to hold"), Room(60), Glyphs()))
    assert lines == ["Will    nothing to do"]


def test_a_command_is_quoted_as_a_shell_wants_it() -> None:
    one = Proposal(deed=Deed(verb="drain"), title="", command=("clusterctl", "drain", "w 1; rm"))
    assert as_typed(one) == "clusterctl drain 'w 1; rm'"
    two = Proposal(deed=Deed(verb="mend"), title="", commands=(("a", "b"), ("c", "d e")))
    assert as_typed(two) == "a b\nc 'd e'"


def test_a_shell_reads_from_a_copied_command_what_was_meant_and_the_terminal_obeys_none_of_it() -> None:
    texts = [text for text in [*STRANGE.values(), "it's \x1b\\c"] if "\0" not in text]
    texts = [text for text in texts if text.encode(errors="ignore").decode() == text]  # of others a shell knows bytes
    typed = as_typed(Proposal(deed=Deed(verb="drain"), title="", command=("printf", r"%s\0", *texts)))
    assert not CONTROL.search(typed)
    read = subprocess.run(["bash", "-c", typed], capture_output=True, check=True, timeout=60).stdout
    assert read.decode().split("\0")[:-1] == texts


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("width", [30, 54, 96])
def test_no_string_of_a_proposal_or_outcome_reaches_the_screen_as_it_came(name: str, width: int) -> None:
    text = STRANGE[name]
    outcome = Outcome(subject=text, fate="done", sentence=text)
    lines = [*proposal_lines(proposal_of(text, 12, 12), Room(width), Glyphs()), *outcome_lines([outcome] * 2, width)]
    assert not any(CONTROL.search(line) for line in text_of(lines))
    assert all(cells(line) <= width for line in text_of(lines))


@given(anything, st.integers(20, 120), st.integers(0, 12), st.integers(0, 12))
def test_every_line_fits_whatever_is_proposed(text: str, width: int, changes: int, asides: int) -> None:
    lines = text_of(proposal_lines(proposal_of(text, changes, asides), Room(width), Glyphs()))
    assert all(cells(line) <= width and not CONTROL.search(line) for line in lines)


@given(st.text(st.characters(exclude_categories=("C", "Z", "M")), max_size=80), st.integers(2, 30))
def test_flowing_loses_no_letter(text: str, width: int) -> None:
    assert "".join(flowed(text, width)) == text
    assert all(cells(line) <= width for line in flowed(text, width))


def outcomes(**fates: int) -> list[Outcome]:
    """So many of each."""
    every = [(fate, n) for fate, count in fates.items() for n in range(count)]
    return [Outcome(subject=f"job:{n}", fate=fate, sentence=f"{fate} {n}") for fate, n in every]  # type: ignore[arg-type]  # a word of it


def test_the_toast_counts_and_tells_the_first_reasons() -> None:
    assert told(outcomes(done=3, changed=1, refused=0)) == [
        "done 3, changed meanwhile 1, refused 0",
        "job 0: changed 0",
    ]
    assert told(outcomes(done=1, refused=5))[1:] == [
        "job 0: refused 0", "job 1: refused 1", "job 2: refused 2", "O tells of each",
    ]  # fmt: skip


def test_what_was_as_wished_already_is_counted_apart() -> None:
    assert summary(outcomes(done=1, unchanged=2)) == "done 1, as wished already 2, changed meanwhile 0, refused 0"


def test_one_outcome_is_told_as_a_sentence() -> None:
    assert told(outcomes(changed=1)) == ["changed meanwhile, left as it is: job 0: changed 0"]


def test_those_stand_first_that_somebody_has_to_look_after() -> None:
    lines = text_of(outcome_lines(outcomes(done=1, changed=1, refused=1), 60))
    assert lines == [
        "done 1, changed meanwhile 1, refused 1",
        "",
        "refused    job 0: refused 0",
        "changed    job 0: changed 0",
        "done       job 0: done 0",
    ]


def test_a_sentence_that_names_its_subject_is_told_as_it_is() -> None:
    outcome = Outcome(subject="worker:w1", fate="changed", sentence="worker w1 may live: it has been heard meanwhile")
    assert told([outcome]) == [
        "changed meanwhile, left as it is: worker w1 may live: it has been heard meanwhile",
    ]


def test_that_there_is_no_way_back_is_said_once() -> None:
    lines = text_of(proposal_lines(a_cancellation(1, risk="its work is lost; it cannot be undone"), Room(60), Glyphs()))
    assert sum("cannot be undone" in line for line in lines) == 1
