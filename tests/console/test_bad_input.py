"""What cannot be done is said in one line and a hint, before anything is connected."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clusterctl.model.exits import ExitCode
from tests.console.conftest import Run, Said


def assert_told(said: Said, *words: str) -> None:
    """One line of error, one of hint, nothing else; *words* stand in it."""
    lines = said.err.splitlines()
    assert len(lines) == 2, said.err
    assert lines[0].startswith("clusterctl: error: "), said.err
    assert lines[1].startswith("hint: ")
    assert len(lines[1]) > len("hint: ")
    assert said.out == ""
    for word in words:
        assert word in lines[0], said.err


BAD_OPTIONS = [
    ("submit --cpus 0 true", "--cpus"),
    ("submit --cpus -2 true", "--cpus"),
    ("submit --cpus many true", "--cpus"),
    ("submit --cpus", "--cpus"),
    ("submit --memory 1.5X true", "memory"),
    ("submit --memory -4G true", "memory"),
    ("submit --gpus -1 true", "--gpus"),
    ("submit --gpus 1.5 true", "not a whole number"),
    ("submit --key= true", "--key is empty"),
    ("submit --time-limit -5 true", "--time-limit"),
    ("submit --time-limit abc true", "--time-limit"),
    ("submit --time-limit 1:2:3:4 true", "--time-limit"),
    ("submit --time-limit 0 true", "--time-limit"),
    ("submit --priority urgent true", "--priority"),
    ("submit --array 5-1 true", "5-1 runs backwards"),
    ("submit --array 0-9%0 true", "--array"),
    ("submit --array 0-1000000 true", "100,000"),
    ("submit --after x true", "--after"),
    ("submit --after 7:maybe true", "maybe"),
    ("submit --after 7 --after 7:any true", "twice"),
    ("submit --retries -1 true", "-1 is not from 0 to 1000"),
    ("submit --env NOVALUE true", "--env"),
    ("submit --env 1=x true", "variable"),
    ("submit --label x true", "--label"),
    ("submit --on-worker-loss shrug true", "shrug"),
    ("submit --lease 0 true", "--lease"),
    ("submit --tenant a/b true", "tenant"),
    ("submit --frobnicate true", "--frobnicate"),
    ("submit --array 0-3 --follow true", "--follow"),
    ("submit", "COMMAND"),
    ("jobs --state asleep", "asleep"),
    ("jobs --limit 0", "--limit"),
    ("jobs -o xml", "xml"),
    ("job seven", "seven"),
    ("job", "SELECTOR"),
    ("cancel 9-7", "9-7"),
    ("cancel array:x", "array:x"),
    ("cancel all 7", "all stands alone"),
    ("cancel array:3 7", "array:3 stands alone"),
    ("wait 0", "counted from 1"),
    ("wait 7 --timeout soon", "--timeout"),
    ("logs 7 --tail -1", "--tail"),
    ("frobnicate", "frobnicate"),
    ("db", "Choose from: migrate, status"),
    ("status please", "one word too many: please"),
    ("db destroy", "destroy"),
    ("--frobnicate", "--frobnicate"),
]


@pytest.mark.parametrize("line, word", BAD_OPTIONS, ids=[line for line, _ in BAD_OPTIONS])
def test_nonsense_is_named_in_one_line(run: Run, line: str, word: str) -> None:
    said = run(*line.split())
    assert said.code == ExitCode.USAGE
    assert_told(said, word)


def test_the_hint_names_the_command_that_was_asked_for(run: Run) -> None:
    for line in ("schedd --name", "submit --tenant a/b true", "submit --retries -1 true"):
        assert f"hint: see `clusterctl {line.split()[0]} --help`" in run(*line.split()).err


def test_a_misspelt_command_is_guessed(run: Run) -> None:
    said = run("sumbit", "true")
    assert said.code == ExitCode.USAGE
    assert "did you mean `clusterctl submit`?" in said.err


@pytest.mark.parametrize(
    "argv, word",
    [
        (["true", "a\0b"], "NUL"),
        (["true", "bad\udcff"], "UTF-8"),
        (["--name", "n" * 10_000, "true"], "200"),
        (["--name", "bad\udcff", "true"], "UTF-8"),
        (["true", "x" * 128 * 1024], "128 KiB"),
        (["--env", "BIG=" + "x" * 128 * 1024, "true"], "128 KiB"),
        (["--cwd", "/bad\udcff", "true"], "UTF-8"),
        ([""], "empty"),
        (["true", *["x" * 1024] * 1100], "1 MiB"),
    ],
    ids=["nul", "surrogate", "long name", "surrogate name", "long argument", "long variable", "cwd", "empty", "large"],
)
def test_hostile_words_are_refused(run: Run, argv: list[str], word: str) -> None:
    said = run("submit", *argv)
    assert said.code == ExitCode.USAGE
    assert_told(said, word)


@pytest.mark.parametrize(
    "name, content, word",
    [
        ("missing.sh", None, "no script"),
        ("./missing", None, "no script"),
        ("empty.sh", b"", "empty"),
        ("blank.sh", b"\n \n", "empty"),
        ("binary.sh", b"\x7fELF\0\0", "binary"),
        ("latin.sh", b"#!/bin/sh\necho \xe9\n", "binary"),
        ("large.sh", b"#!/bin/sh\n" + b"#" * 1024 * 1024, "1 MiB"),
    ],
)
def test_a_script_that_is_none_is_refused(
    run: Run, tmp_path: Path, name: str, content: bytes | None, word: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    said = run("submit", name)
    assert said.code == ExitCode.USAGE
    assert_told(said, word)


def test_a_directory_and_a_pipe_are_no_scripts(run: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.sh")
    assert_told(run("submit", str(tmp_path / "folder")), "is a directory")
    assert_told(run("submit", str(tmp_path / "pipe.sh")), "no regular file")


def test_escapes_in_an_error_are_shown_and_not_sent(run: Run) -> None:
    said = run("jobs", "--state", "\x1b[2J[red]\u202e")
    assert "\x1b" not in said.err
    assert "\u202e" not in said.err
    assert "[red]" in said.err


def test_a_settings_file_that_cannot_be_read_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "clusterctl.toml").write_text("lease = 'never'\n")
    said = run("jobs")
    assert said.code == ExitCode.USAGE
    assert_told(said, "clusterctl.toml", "lease")


def test_a_bad_redis_port_is_said_before_anything_is_submitted(run: Run) -> None:
    said = run("submit", "--redis-url", "redis://localhost:port", "true")
    assert said.code == ExitCode.USAGE
    assert_told(said, "port")


@pytest.mark.parametrize(
    "argv",
    [
        ["cancel", "1", "--reason", "a\udcff"],
        ["jobs", "--filter", "name:\udcff"],
        ["jobs", "--tenant", "\udcff"],
        ["label", "w1", "\udcff=1"],
        ["drain", "\udcff"],
        ["\udcff"],
    ],
    ids=str,
)
def test_what_is_no_utf_8_is_named_whatever_it_is_for(run: Run, argv: list[str]) -> None:
    said = run(*argv)
    assert said.code == ExitCode.USAGE
    assert_told(said, "UTF-8")


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_no_time_is_beyond_the_calendar(run: Run, day: str) -> None:
    said = run("jobs", "--filter", f"submitted_at>{day}")
    assert said.code == ExitCode.USAGE
    assert_told(said, day)
