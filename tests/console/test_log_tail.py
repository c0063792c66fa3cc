"""Rows that are printed as they come: titles once, columns that only grow, never wider than the terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from clusterctl.cli.display.audit_rows import AUDIT
from clusterctl.cli.display.listing import Form
from clusterctl.cli.display.log_tail import Roll
from clusterctl.model.audit import AuditPicture

NOW = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)


def entry(number: int, actor: str = "ada", subject: str = "job:1", reason: str = "") -> AuditPicture:
    """One row."""
    return AuditPicture(
        id=number, at=NOW, actor=actor, verb="cancel", subject=subject, subjects=1, reason=reason, detail={}
    )


def printed(capsys: pytest.CaptureFixture[str], form: Form | None, *batches: list[AuditPicture]) -> list[str]:
    """The lines that come of some batches."""
    roll = Roll(AUDIT, form)
    for batch in batches:
        roll.show(batch)
    return capsys.readouterr().out.splitlines()


def test_titles_stand_once_and_columns_stay_where_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "table", [], [entry(1)], [], [entry(2, "a"), entry(3, subject="job:12345678901234")])
    assert len(lines) == 4
    assert lines[0].split() == ["UTC", "WHO", "DID", "TO", "WHY"]
    assert {line.index("cancel") for line in lines[1:]} == {lines[0].index("DID")}
    after = printed(capsys, "table", [entry(1, "somebody else")], [entry(2)])
    assert after[1].index("cancel") == after[2].index("cancel")


def test_the_last_column_has_what_is_left_of_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    title, first, second = printed(capsys, "table", [entry(1, reason="x" * 200)], [entry(2, "a" * 100)])
    assert len(first) == 80
    assert first.endswith("…")
    assert "aaa…" in second
    assert title


def test_wide_cuts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    _, line = printed(capsys, "wide", [entry(1, "a" * 100, reason="x" * 200)])
    assert "a" * 100 in line
    assert line.endswith("x" * 200)


def test_on_a_pipe_it_is_tsv_with_one_header(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, None, [], [entry(1, reason="tab\there")], [entry(2)])
    assert [line.split("\t")[0] for line in lines] == ["id", "1", "2"]
    assert lines[1].split("\t")[5] == "tab\\there"


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json_that_never_ends_is_one_object_a_line(capsys: pytest.CaptureFixture[str], form: Form) -> None:
    lines = printed(capsys, form, [entry(1)], [entry(2), entry(3)])
    assert [json.loads(line)["id"] for line in lines] == [1, 2, 3]


def test_ids_stand_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "ids", [entry(1)], [entry(2)]) == ["1", "2"]
