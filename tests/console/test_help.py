"""Help pages: examples first, and readable on any terminal."""

from __future__ import annotations

import pytest

from clusterctl.cli.foreign import HERE, meant
from clusterctl.cli.root import WHERE
from tests.console.conftest import Run


@pytest.mark.parametrize("name", WHERE)
@pytest.mark.parametrize("columns", [40, 80])
def test_a_page_has_its_examples_before_its_options_and_fits(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    said = run(name, "--help")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0].startswith("Usage: clusterctl ")
    assert lines.index("Examples:") < next(at for at, line in enumerate(lines) if "--help" in line)
    examples = [line for line in lines if line.startswith("  clusterctl")]
    assert all(len(line) <= columns for line in lines if line not in examples and not line.startswith("  -"))


def test_a_comment_beside_an_example_can_be_pasted_with_it(run: Run) -> None:
    assert "  clusterctl demo --keep      # and then: clusterctl jobs --all" in run("demo", "-h").out.splitlines()


def test_the_commands_are_grouped_by_what_one_does_with_them(run: Run) -> None:
    said = run("--help")
    assert (
        said.out.index("Everyday:") < said.out.index("  submit ") < said.out.index("Admin:") < said.out.index("  up ")
    )
    for name in WHERE:
        assert f"\n  {name} " in said.out
    assert said.out.index("Examples:") < said.out.index("Everyday:")


def test_what_is_given_before_or_after_the_command_is_the_same(run: Run) -> None:
    url = "postgresql://elsewhere/x"
    before = run("--database-url", url, "config", "show").out
    after = run("config", "show", "--database-url", url).out
    assert before == after
    assert url in before


def test_help_is_a_word_too(run: Run) -> None:
    assert run("help").out == run("--help").out
    assert run("help", "jobs").out == run("jobs", "--help").out


def test_an_option_that_is_nearly_one_is_guessed(run: Run) -> None:
    said = run("submit", "--memry", "4G", "true")
    assert (said.code, said.err.splitlines()[0]) == (2, "clusterctl: error: no such option: --memry")
    assert "did you mean --memory?" in said.err


def test_a_word_of_another_tool_is_told_what_it_is_here(run: Run) -> None:
    said = run("squeue")
    assert (said.code, "did you mean `clusterctl jobs`?" in said.err) == (2, True)


@pytest.mark.parametrize("command", HERE)
def test_the_words_of_other_tools_lead_to_what_there_is(command: str) -> None:
    assert command.partition(" ")[0] in {*WHERE, "--version"}
    for word in HERE[command].split():
        assert word not in WHERE
        assert meant(word, WHERE) == command
