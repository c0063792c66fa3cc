"""Options of other tools, and those that are not there yet, are told from each other and from mere slips."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from clusterctl.cli import foreign, foreign_options, root
from clusterctl.cli.display.job_rows import JOBS
from clusterctl.cli.display.listing import read_filter
from clusterctl.cli.foreign_options import EVERYWHERE, HERE
from clusterctl.cli.input.sbatch_options import TABLE
from clusterctl.cli.root import WHERE
from clusterctl.model.exits import ExitCode
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told

NOT_FOR_SUBMIT = ("-N", "--nodes")  # there is nothing to say: a job has one worker


@cache
def commands() -> tuple[Any, Any]:
    """The command line, and a context in it."""
    console = root.console()
    return console, console.context_class(console, info_name=root.PROGRAM)


def options(name: str) -> set[str]:
    """All options of a command."""
    console, ctx = commands()
    return {flag for param in console.get_command(ctx, name).params for flag in param.opts}


def hinted() -> Iterator[tuple[str, str, str]]:
    """Command, option of another tool, and how it is said here."""
    for command, table in HERE.items():
        for ours, theirs in table.items():
            yield from ((command, option, ours) for option in theirs.split())
    for ours, theirs in EVERYWHERE.items():
        yield from (("status", option, ours) for option in theirs.split() if ours.split()[0] in options("status"))


@pytest.mark.parametrize("command, option, ours", list(hinted()))
def test_every_hint_can_be_typed(run: Run, command: str, option: str, ours: str) -> None:
    console, ctx = commands()
    words = shlex.split(ours)
    name, words = (words[1], words[2:]) if words[0] == "clusterctl" else (command, words)
    found = console.get_command(ctx, name)
    own = found.context_class(found, info_name=name, parent=ctx)
    found.make_parser(own).parse_args([word.replace("FIELD", "cpus") for word in words])
    if "--filter" in words and command != "workers":
        read_filter(JOBS, words[-1].replace("STATE", "failed"))
    assert option not in options(command)  # else it would be done
    said = run(command, option)
    assert said.code == ExitCode.USAGE
    assert_told(said, f"no such option: {option}")
    assert f"hint: here that is `{ours}`;" in said.err


@pytest.mark.parametrize(
    "words, ours",
    [
        ("-J name true", "--name NAME"),
        ("-Jname true", "--name NAME"),
        ("-a 0-3 true", "--array RANGE"),
        ("-t 10 true", "--time-limit"),
        ("-c4 true", "--cpus N"),
        ("-n 4 true", "--cpus"),
        ("-p long true", "--label partition=NAME"),
        ("-w w1 true", "--worker NAME"),
        ("-e err true", "--stderr PATH"),
        ("--dependency=afterok:1 true", "--after"),
        ("--depend=afterok:1 true", "--after"),
        ("--ntasks 4 true", "--cpus"),
        ("--cpus-per-task=4 true", "--cpus N"),
        ("--requeue true", "--on-worker-loss requeue"),
        ("--gres=gpu:2 true", "--gpus N"),
        ("--nice true", "--priority low"),
        ("--mem 4G true", "--memory SIZE"),
    ],
)
def test_an_option_of_sbatch_is_told_what_it_is_here(run: Run, words: str, ours: str) -> None:
    assert f"hint: here that is `{ours}`; see" in run("submit", *words.split()).err


@pytest.mark.parametrize("option", sorted({name for known in TABLE for name in known.names}))
def test_what_a_script_may_say_is_told_on_the_command_line(run: Run, option: str) -> None:
    known = options("submit")
    told = foreign_options.meant("submit", option, known)
    assert option in known or option in NOT_FOR_SUBMIT or told.split()[0] in known


def test_what_only_sbatch_does_is_not_guessed_to_be_something_else(run: Run) -> None:
    for option in ("--begin=now", "--mail-type=END", "--exclusive", "-N2"):
        assert "hint: nothing here does what it does for sbatch; see" in run("submit", option, "true").err


@pytest.mark.parametrize("word", [*foreign.NOT_YET, "SIMULATE"])
def test_a_command_that_is_not_there_yet_says_so(run: Run, word: str) -> None:
    assert word not in WHERE
    said = run(word, "--whatever")
    assert said.code == ExitCode.USAGE
    assert_told(said, f"{word.lower()} is not there yet")
