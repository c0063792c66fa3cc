"""Reading a filter, and asking it of rows: what each form means, and that nothing unreadable means anything."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.model.claim_log import ClaimPicture
from clusterctl.model.errors import BadInput
from clusterctl.model.filter_text import parse
from clusterctl.model.filters import Filter, Vocabulary, expression, literal, matches
from clusterctl.model.findings import Finding
from clusterctl.model.pictures import JobPicture, WorkerPicture
from clusterctl.model.vocabulary import WORDS as WORDS_OF
from clusterctl.model.vocabulary import vocabulary_of

WORDS = Vocabulary(
    {
        "id": "number", "name": "text", "state": "text", "command": "text", "cpus.total": "number",
        "memory_mb": "memory", "lease_s": "duration", "seen_at": "time", "open": "flag", "labels": "map",
        "exit_code": "number", "priority": "number",
    },
    ("id", "name", "command"),
    {"state": ("held", "completed", "failed", "Lost")},
)  # fmt: skip
ROW: dict[str, Any] = {
    "id": 42, "name": "Train-7", "state": "failed", "command": ["python", "train.py", "--rate=0.1"],
    "cpus": {"total": 4.0}, "memory_mb": 2048, "lease_s": 90.0, "seen_at": "2026-03-01T12:30:15.250Z", "open": True,
    "labels": {"gpu": "A100", "example.com/zone": "north"}, "exit_code": None, "priority": 75,
}  # fmt: skip


def holds(text: str, **changed: Any) -> bool:
    """Whether the row, with some fields *changed*, is meant by *text*."""
    return matches(parse(text, WORDS), {**ROW, **changed})


TRUE = (
    "state:failed", "state=failed", "state==failed", "STATE:Failed", "state:completed,failed", "name:train-*",
    "name:train-?", "name:*7", "-name:eval*", "!name:eval*", "name!:eval", "name!=eval", "id:42", "id:41,42", "id>41",
    "id>=42", "id<42.5", "id<=42", "id!=7", "id:>41", "cpus.total>=4", "cpus.total:4.0", "memory:2G", "memory_mb<4G",
    "memory>1.5G", "lease:1m30s", "lease_s>1m", "lease<2:00", "seen_at:2026-03-01", "seen_at>=2026-03-01",
    "seen_at<2026-03-02", "seen_at<=2026-03-01", "seen_at:2026-03-01T12:30", "seen_at:2026-03-01T12:30:15Z",
    "seen_at:2026-03-01T12:30:15.250", "seen_at>2026-02-28", "seen_at:2026-03-01T13:30+01:00", "open:yes",
    "open!=false", "label.gpu:a100", "labels.gpu:a*", "labels.example.com/zone:north", "labels:any", "labels.ssd:none",
    "exit_code:none", "-exit_code:any", "-exit_code:0", "exit_code:0,none", "train", "'rate=0.1'", "42", "TRAIN.PY",
    "-eval", "state:failed id:42", '"train.py --rate"', "name:'Train-7'", "  state:failed\t", "tr?in", "a*n",
    "priority:high", "priority>=Medium", "priority:low,high", "state:fail*", "-state:lost", "state:none,failed",
    "-'or'", "name!=or", "-'('",
)  # fmt: skip
FALSE = (
    "state:completed", "-state:failed", "state!=failed", "name:train", "name:'train-*'", "name:\"*\"", "id>42", "id<42",
    "id:7", "cpus.total>4", "memory>2G", "lease>90", "seen_at>2026-03-01", "seen_at<2026-03-01", "seen_at:2026-03-02",
    "seen_at:2026-03-01T12:31", "seen_at>2026-03-01T12:30:15.250", "open:no", "labels.gpu:none", "labels:none",
    "exit_code:0", "exit_code!=0", "exit_code>0", "exit_code<1", "exit_code!=none", "exit_code:any", "-exit_code:none",
    "eval", "-train", "state:failed id:7", "'%'", "_rain",
)  # fmt: skip


@pytest.mark.parametrize("text", TRUE)
def test_it_holds(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize("text", FALSE)
def test_it_does_not_hold(text: str) -> None:
    assert not holds(text)


UNREADABLE = {
    "": "empty", "   ": "empty", "''": "nothing to look for", "-''": "nothing to look for", "name:": "missing",
    "name:a,": "missing", "name:,a": "missing", "colour:red": "no field 'colour'", "nme:x": "no field",
    "cpus>4": "cpus has parts: cpus.total$", "id:seven": "not a number", "id:1e9": "not a number",
    "id:nan": "not a number", "name!=any": "any stands alone",
    "id>1,2": "one amount only", "id>none": "one amount only", "id:any,1": "any stands alone", "id>any": "any stands",
    "state>failed": "no order", "open>yes": "no order", "open:perhaps": "neither true nor false",
    "labels:gpu": "has keys", "memory:lots": "memory", "lease:soon": "duration", "seen_at:yesterday": "not a time",
    "seen_at:2026-02-30": "calendar",
    "name=~x": "'=~' is no operator", "name<>x": "is no operator", "id=>4": "is no operator", "!": "is no operator",
    "name:'x": "never closed", 'id:4 "x': "never closed", "http://x": "no field 'http'", ":x": "no field ''",
    "state:fialed": "state is never 'fialed'", "state:failed,fialed": "state is never 'fialed'",
    "-state:fialed": "never 'fialed'", "state!=Fialed": "never 'Fialed'", "state:'failed*'": "never",
    "state:q*": "is never",
    "state:failed OR state:lost": "not joined", "state:failed and id:4": "not joined", "( id:4": "not joined",
    "(id:4": "not joined", "id:4 || id:5": "not joined", "-(id:4)": "not joined", "priority:hihg": "not a number",
    "labels.:x": "no field", "name.x:y": "no field",
}  # fmt: skip


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_cannot_be_read_is_said_and_never_means_all(text: str) -> None:
    with pytest.raises(BadInput, match=UNREADABLE[text]) as told:
        parse(text, WORDS)
    assert told.value.hint


def test_an_error_names_the_term_and_its_place_and_what_was_perhaps_meant() -> None:
    with pytest.raises(BadInput) as told:
        parse("id:42  stat:failed", WORDS)
    assert str(told.value) == "the filter's term 'stat:failed' (character 8): there is no field 'stat'"
    assert told.value.hint == "did you mean state?"
    with pytest.raises(BadInput) as told:
        parse("colour:red", WORDS)
    assert told.value.hint.startswith("one of id, name, state")


def test_a_filter_of_no_end_is_refused() -> None:
    with pytest.raises(BadInput, match="longer than"):
        parse("x" * 10_001, WORDS)
    with pytest.raises(BadInput, match="more than 100 terms"):
        parse("x " * 101, WORDS)


PIECES = ["name", "id", "labels", "none", "any", "a", "4", *":=!<>~'\"-,*?. "]


@given(st.text(max_size=30) | st.lists(st.sampled_from(PIECES)).map("".join))
def test_whatever_is_typed_it_is_a_filter_or_bad_input(text: str) -> None:
    try:
        found = parse(text, WORDS)
    except BadInput:
        return
    assert found.terms
    matches(found, ROW)


@given(st.text(max_size=12))
def test_text_in_quotes_means_itself_and_nothing_else(text: str) -> None:
    quote = "'" if '"' in text else '"'
    if quote in text or not text:
        return
    found = parse(f"name:{quote}{text}{quote}", WORDS)
    assert matches(found, {**ROW, "name": text})
    assert not matches(found, {**ROW, "name": text + "x"})


@given(st.sampled_from(TRUE + FALSE))
def test_a_filter_survives_its_way_through_the_door(text: str) -> None:
    found = parse(text, WORDS)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Filter) == found


def test_letters_are_folded_as_postgres_folds_them_in_c() -> None:
    assert holds("name:STRASSE", name="strasse")
    assert not holds("name:Ä", name="ä")
    assert not holds("name:i", name="İ")


def test_a_pattern_with_one_meaning_is_told_from_one_with_many() -> None:
    assert literal(r"50\%") == "50%"
    assert literal("50%") is None
    assert literal("a_b") is None
    assert expression(r"50\%_").fullmatch("50%x")


def test_every_field_of_a_picture_can_be_named_with_its_kind() -> None:
    jobs, workers = vocabulary_of(JobPicture).kinds, vocabulary_of(WorkerPicture).kinds
    assert {jobs[name] for name in ("usage.memory_mb", "memory_mb")} == {"memory"}
    assert (jobs["submitted_at"], jobs["time_limit_s"], jobs["command"]) == ("time", "duration", "text")
    assert (jobs["allocation.status"], jobs["exit_code"], jobs["labels"]) == ("text", "number", "map")
    assert (workers["cpus.used"], workers["memory_mb.total"], workers["heartbeat_age_s"]) == (
        "number",
        "memory",
        "duration",
    )


def test_a_word_that_a_field_can_never_be_is_named_with_what_was_meant() -> None:
    with pytest.raises(BadInput) as told:
        parse("state:failed,fialed", WORDS)
    assert str(told.value) == "the filter's term 'state:failed,fialed' (character 1): state is never 'fialed'"
    assert told.value.hint == "did you mean failed?"
    with pytest.raises(BadInput) as told:
        parse("state:xyz", WORDS)
    assert told.value.hint == "one of held, completed, failed, Lost"


def test_parts_of_an_amount_are_named_also_where_its_unit_was_left_out() -> None:
    with pytest.raises(BadInput, match=r"memory has parts: memory_mb\.total, memory_mb\.reserved"):
        parse("memory>1G", vocabulary_of(WorkerPicture))


@pytest.mark.parametrize(
    "noun, text",
    [
        (JobPicture, "state:fialed"),
        (JobPicture, "kind:bacth"),
        (JobPicture, "allocation.status:resreved"),
        (JobPicture, "allocation.release_reason:time_limt"),
        (WorkerPicture, "live_state:upp"),
        (WorkerPicture, "admin_state:drianing"),
        (ClaimPicture, "event:foo"),
        (Finding, "severity:error"),
    ],
)
def test_a_slip_in_a_closed_vocabulary_is_refused_whatever_is_listed(noun: type[msgspec.Struct], text: str) -> None:
    with pytest.raises(BadInput, match="is never"):
        parse(text, vocabulary_of(noun))
    assert parse("event:claimskipped,Rel*", vocabulary_of(ClaimPicture)).terms


def test_every_field_of_which_all_words_are_known_is_a_field() -> None:
    for noun, words in WORDS_OF.items():
        assert words.keys() <= vocabulary_of(noun).kinds.keys()


def test_a_filter_of_nothing_cannot_be_made_nor_sent() -> None:
    with pytest.raises(ValueError, match="a term at least"):
        Filter(())
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"terms": []}', type=Filter)
