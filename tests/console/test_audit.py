"""``audit``: who did what to how many, and why."""

from __future__ import annotations

import msgspec
import pytest

from clusterctl.cluster import login_name
from clusterctl.model.exits import ExitCode
from clusterctl.store import audit
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.store.scene import Scene

ENTRY = "id at actor verb subject reason detail"


@pytest.fixture
def told(scene: Scene) -> Scene:
    """Ada has cancelled six jobs at once and drained a worker; Bob has cancelled one."""
    audit.note(scene.db, "ada", "cancel", [f"job:{number}" for number in range(7, 13)], "wrong input")
    audit.note(scene.db, "ada", "drain", ["worker:w1"], "")
    audit.note(scene.db, "bob", "cancel", ["job:9"], "again")
    return scene


def lines(run: Run, *words: str) -> list[list[str]]:
    """The table's lines without titles and times, word by word."""
    return [line.split()[1:] for line in run("audit", "-o", "table", *words).out.splitlines()[1:]]


def test_what_was_done_at_one_stroke_is_one_line_of_the_table(run: Run, told: Scene) -> None:
    assert lines(run) == [
        ["ada", "cancel", "job:7-12", "(6)", "wrong", "input"],
        ["ada", "drain", "worker:w1", "-"],
        ["bob", "cancel", "job:9", "again"],
    ]
    assert lines(run, "--limit", "1") == [["bob", "cancel", "job:9", "again"]]
    assert "… 2 more" in run("audit", "-o", "table", "--limit", "1").err


def test_for_programs_each_subject_has_its_row(run: Run, told: Scene) -> None:
    rows = msgspec.json.decode(run("audit", "-o", "json").out)
    assert all(row.keys() >= set(ENTRY.split()) for row in rows)
    assert [row["subject"] for row in rows] == [*[f"job:{number}" for number in range(7, 13)], "worker:w1", "job:9"]
    header, first, *_ = run("audit").out.splitlines()
    assert header.split("\t") == ENTRY.split()
    assert first.split("\t")[2:6] == ["ada", "cancel", "job:7", "wrong input"]


@pytest.mark.parametrize(
    "words, ids",
    [
        (["--job", "9"], [3, 8]),
        (["--worker", "w1"], [7]),
        (["--by", "bob"], [8]),
        (["--verb", "drain"], [7]),
        (["--filter", "actor:ada reason:wrong*"], [1, 2, 3, 4, 5, 6]),
        (["--filter", "subject:worker*"], [7]),
        (["--since", "1h", "--by", "nobody"], []),
        (["--limit", "2"], [7, 8]),
        (["--sort", "-id", "--limit", "2"], [8, 7]),
    ],
)
def test_entries_can_be_chosen(run: Run, told: Scene, words: list[str], ids: list[int]) -> None:
    assert [int(id) for id in run("audit", "-o", "ids", *words).out.split()] == ids


def test_a_folded_line_counts_only_what_was_chosen(run: Run, told: Scene) -> None:
    assert lines(run, "--filter", "subject:job*", "--by", "ada") == [
        ["ada", "cancel", "job:7-12", "(6)", "wrong", "input"]
    ]
    assert lines(run, "--job", "9")[0] == ["ada", "cancel", "job:9", "wrong", "input"]


def test_a_sorted_table_is_not_folded(run: Run, told: Scene) -> None:
    assert len(lines(run, "--sort", "subject")) == 8


def test_what_the_command_line_changes_is_told(run: Run, scene: Scene) -> None:
    scene.worker("w1")
    scene.jobs()
    run("cancel", "1", "--reason", "by mistake")
    run("drain", "w1", "--reason", "new \x1b[31mkernel")
    me = login_name()
    assert lines(run) == [
        [me, "cancel", "job:1", "by", "mistake"],
        [me, "drain", "worker:w1", "new", "\\e[31mkernel"],
    ]


def test_entries_of_any_age_are_told_and_how_far_back_they_go(run: Run, told: Scene) -> None:
    told.db.run("UPDATE audit SET at = at - interval '20 d'")
    assert len(lines(run)) == 3
    assert lines(run, "--since", "1d") == []
    assert "the audit begins " in run("audit", "--since", "60d").err
    assert "begins" not in run("audit", "--since", "1d").err


@pytest.mark.parametrize(
    "words", ["--since yesterday", "--job all", "--filter colour:red", "--sort colour", "-f --sort id"]
)
def test_nonsense_is_refused_before_the_cluster_is_asked(run: Run, words: str) -> None:
    said = run("audit", *words.split())
    assert_told(said)
    assert said.code == ExitCode.USAGE
