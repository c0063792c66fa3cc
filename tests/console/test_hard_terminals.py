"""Lists on terminals that are narrow, dumb or know no letters but ours, and for readers who have seen enough."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from clusterctl.model.registration import Measures
from clusterctl.store import job_steps, workers
from clusterctl.text import cells
from tests.console.conftest import Run
from tests.console.terminal import at_a_terminal
from tests.house.tree import ROOT
from tests.store.scene import Scene

LISTS = ("jobs", "workers", "claims", "audit", "tenants", "config show")
NAME = "ŝtrange-\x1b[31m-näme-名前-that-is-longer-than-any-column"


@pytest.fixture
def crowded(scene: Scene) -> Scene:
    """Something for every list to show: jobs of every state, claims, an audit, two tenants, a silent worker."""
    worker, other = scene.worker("w1"), scene.worker("a-worker-with-a-name-of-forty-characters-or")
    waiting, held = scene.jobs(2, name=NAME)
    running, failed = scene.jobs(2, tenant="physics-and-all-that-belongs-to-it", cpus=2)
    scene.finish(worker, failed, code=137)
    scene.run(worker, [running])
    job_steps.hold(scene.db, [held], "held by ada: " + "for a reason of many words " * 5)
    scene.db.run("INSERT INTO audit (actor, verb, subject, reason) VALUES ('ada', 'hold', %s, %s)", f"job:{held}", NAME)
    workers.sync(scene.db, worker.worker_id, worker.incarnation, Measures(used_milli=1500, memory_mb=900, load1=1.25))
    workers.silence(scene.db, scene.term, {other.worker_id: 0})
    assert scene.state(waiting) == "pending"
    return scene


@pytest.mark.parametrize("words", LISTS)
@pytest.mark.parametrize("columns", [40, 25])
def test_no_line_of_a_table_is_wider_than_a_narrow_terminal(
    run: Run, crowded: Scene, monkeypatch: pytest.MonkeyPatch, words: str, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = run(*words.split(), "-o", "table").out.splitlines()
    assert len(lines) > 1
    assert [line for line in lines if cells(line) > columns] == []


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"NO_COLOR": "1"}, {"TERM": ""}])
def test_a_terminal_that_wants_no_escapes_gets_none(crowded: Scene, environment: dict[str, str]) -> None:
    for words in LISTS if "NO_COLOR" in environment else ("jobs", "workers"):
        code, shown = at_a_terminal(b"", *words.split(), **environment)
        assert (code, "\x1b" in shown) == (0, False)
    assert "\x1b[" in at_a_terminal(b"", "jobs")[1]


@pytest.mark.parametrize("form", ["table", "wide", "tsv", "json", "jsonl", "ids"])
def test_without_a_locale_nothing_is_lost_and_nothing_crashes(crowded: Scene, form: str) -> None:
    environment = {"LC_ALL": "C", "LANG": "", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for words in LISTS if form == "table" else ("jobs",):  # whose names are the strangest
        code, shown = at_a_terminal(b"", *words.split(), "-o", form, **environment)
        assert code == 0, shown
        assert "Traceback" not in shown


@pytest.mark.parametrize("words", ["jobs --limit 100000", "jobs -o json --limit 100000", "jobs -o ids --limit 100000"])
def test_a_reader_who_has_seen_enough_is_no_error(scene: Scene, words: str) -> None:
    scene.jobs(10_000, name="a-name-of-some-length-so-that-the-pipe-is-full")
    asked = [sys.executable, "-m", "clusterctl", *words.split()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as ours:
        assert ours.stdout
        assert ours.stderr
        assert ours.stdout.readline()
        ours.stdout.close()
        assert (ours.stderr.read(), ours.wait(50)) == (b"", 0)


def test_every_list_has_every_form(run: Run, crowded: Scene) -> None:
    for words in LISTS:
        for form in ("table", "wide", "json", "jsonl", "tsv", "ids"):
            said = run(*words.split(), "-o", form)
            assert said.code == 0
            assert "\x1b" not in said.out
            assert len(said.out.splitlines()) >= 1


@pytest.mark.parametrize("words", ["jobs", "workers", "claims", "audit", "tenants"])
def test_every_list_takes_a_filter_an_order_and_a_limit(run: Run, crowded: Scene, words: str) -> None:
    said = run(words, "--filter", "colour:red")
    assert (said.code, "there is no field 'colour'" in said.err) == (2, True)
    said = run(words, "--sort", "colour")
    assert (said.code, "cannot sort by 'colour'" in said.err) == (2, True)
    said = run(words, "--filter", "zzzzz")
    assert (said.code, said.err.startswith("no ")) == (0, True)
    (first,) = run(words, "--limit", "1", "-o", "ids").out.splitlines()
    assert first in run(words, "-o", "ids").out.splitlines()


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_the_facts_of_the_cluster_are_folded_where_it_is_narrow_and_cut_nowhere_else(
    crowded: Scene, columns: int
) -> None:
    url = os.environ["CLUSTERCTL_DATABASE_URL"]
    url += ("&" if "?" in url else "?") + "&".join(["connect_timeout=60", "keepalives=1", "keepalives_idle=30"] * 2)
    _, shown = at_a_terminal(b"", COLUMNS=str(columns), NO_COLOR="1", CLUSTERCTL_DATABASE_URL=url)
    lines = [line for line in shown.replace("\r", "").splitlines() if not line.startswith("hint")]
    assert all(cells(line) <= columns for line in lines)
    if columns < 80:
        assert "…" not in shown
        told = " ".join(shown.split())
        assert "1 up, 1 silent, 0 lost; 0 draining" in told
        assert any(line.startswith(" " * 12) for line in lines)
    else:
        assert "…" in shown
        assert not any(line.startswith(" ") for line in lines)


def test_where_letters_are_few_bars_and_cuts_are_of_plain_signs(crowded: Scene) -> None:
    def shown(*words: str, columns: int = 80) -> str:
        return at_a_terminal(b"", *words, COLUMNS=str(columns), PYTHONIOENCODING="ascii")[1]

    for words in LISTS:
        told = shown(*words.split())
        assert not [sign for sign in ("\\u2588", "\\u2592", "\\u2591", "\\u2026") if sign in told]
    assert "##" in shown("workers")
    assert "~" in shown("workers", columns=40)
    assert "\\u540d" in shown("jobs", columns=140)  # a stranger's letter stays one that can be read back
