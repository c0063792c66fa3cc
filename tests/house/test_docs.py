"""Documents cannot rot: the reference is what the code says, and what pages name is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from clusterctl.cli import root
from clusterctl.model.exits import ExitCode
from clusterctl.model.states import AdminState, AllocationStatus, JobState, LiveState, Outcome
from clusterctl.scheduling.explanation.remedies import REMEDIES
from clusterctl.scheduling.words import SENTENCES
from clusterctl.settings import SETTINGS
from clusterctl.settings.resolve import OF_THE_JOB
from docs.generate import PAGES, REFERENCE, reasons
from tests.house.tree import ROOT, fail_on

DOCS = ROOT / "docs"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CALL = re.compile(r"(?:^|[|&;(`=])\s*(?:\.venv/bin/|/opt/clusterctl/bin/)?clusterctl ([a-z][^\n`|&;)#]*)", re.MULTILINE)


MEASURED = "benchmarks.md"  # by `python -m bench --reference`, on a quiet machine


def pages() -> dict[str, str]:
    """Every document: its path from the root of the tree, and its text."""
    found = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(found)}


def written_by_hand() -> dict[str, str]:
    """The documents that nobody generates."""
    return {name: text for name, text in pages().items() if not name.startswith("docs/reference/")}


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_says_what_the_code_says(name: str) -> None:
    path = REFERENCE / name
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    if written != PAGES[name]():
        pytest.fail(f"{path.relative_to(ROOT)} is out of date: `python -m docs` writes it anew", pytrace=False)


def test_nothing_is_in_the_reference_that_is_not_generated() -> None:
    assert {path.name for path in REFERENCE.iterdir()} == {*PAGES, MEASURED}


def broken_links(found: dict[str, str]) -> Iterator[str]:
    """Links between documents to files and headings that are not there."""
    for name, text in found.items():
        for target in LINK.findall(FENCE.sub("", text)):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            path = ((ROOT / name).parent / file).resolve() if file else ROOT / name
            if file and not path.exists():
                yield f"{name}: {target}"
            elif anchor and anchor not in anchors(found.get(path.relative_to(ROOT).as_posix(), "")):
                yield f"{name}: {target}: no such heading"


def anchors(text: str) -> set[str]:
    """What a page's headings are called in links, by GitHub's rule."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_between_documents_leads_somewhere() -> None:
    fail_on(broken_links(pages()), "Links that lead nowhere:")


def test_a_broken_link_is_caught() -> None:
    page = {"README.md": "# One\n[a](#one) [b](docs/none.md) [c](#two) [d](https://example.org)\n"}
    assert list(broken_links(page)) == ["README.md: docs/none.md", "README.md: #two: no such heading"]


@cache
def console() -> tuple[Any, Any]:
    """The command line, and a context in it."""
    command = root.console()
    return command, command.context_class(command, info_name=root.PROGRAM)


def calls(text: str) -> Iterator[str]:
    """What follows ``clusterctl`` wherever a page calls it, without the comment behind it."""
    blocks = [body for language, body in FENCE.findall(text) if language in ("console", "ini")]
    for block in (*blocks, *re.findall(r"`([^`\n]+)`", FENCE.sub("", text))):
        yield from (call.strip() for call in CALL.findall(block))


def impossible(call: str) -> Iterator[str]:
    """The words of a call that the program would not know: a command, or an option of it."""
    command, ctx = console()
    words = shlex.split(call.replace("'", '"') if call.count("'") % 2 else call)
    found = command.get_command(ctx, words[0])
    if found is None:
        yield words[0]
        return
    known = {option for param in found.params for option in param.opts} | {"--help"}
    own = words[1 : words.index("--")] if "--" in words else words[1:]
    yield from (word for word in own if re.fullmatch(r"--?[a-z][a-z-]*", word) and word not in known)


def test_what_documents_call_the_program_can_do() -> None:
    fail_on(
        (
            f"{name}: clusterctl {call}: {word}?"
            for name, text in written_by_hand().items()
            for call in calls(text)
            for word in impossible(call)
        ),
        "The program knows no such word:",
    )


def test_a_call_that_cannot_be_is_caught() -> None:
    page = (
        "```console\nclusterctl sumbit -- true   # a job\nx=$(clusterctl jobs --colour red)\n```\nand `clusterctl up`"
    )
    assert [word for call in calls(page) for word in impossible(call)] == ["sumbit", "--colour"]


def test_every_command_is_explained_by_hand() -> None:
    told = "\n".join(call for text in written_by_hand().values() for call in calls(text))
    fail_on((name for name in root.WHERE if not re.search(rf"^{name}\b", told, re.MULTILINE)), "No page calls:")


def test_every_setting_is_explained() -> None:
    text = pages()["docs/reference/settings.md"]
    fail_on((name for name in SETTINGS if f"`{name}`" not in text), "Settings that no page explains:")


def test_every_setting_that_is_named_exists() -> None:
    text = "\n".join(pages().values())
    named = {name.lower() for name in re.findall(r"\bCLUSTERCTL_([A-Z][A-Z_]+[A-Z])\b", text)}
    told_to_jobs = {name.removeprefix("CLUSTERCTL_").lower() for name in OF_THE_JOB}
    fail_on(sorted(named - set(SETTINGS) - told_to_jobs - {"like_this"}), "There is no such setting:")


def test_every_state_is_in_the_glossary() -> None:
    text = pages()["docs/glossary.md"]
    states = [*JobState, *AllocationStatus, *AdminState, *LiveState]
    fail_on((state for state in states if f"**{state}**" not in text), "States that the glossary lacks:")


def test_every_reason_has_a_meaning() -> None:
    assert set(REMEDIES) == set(SENTENCES)
    assert set(reasons.OUTCOMES) == set(Outcome)
    assert set(reasons.CODES) == set(ExitCode)


@pytest.mark.parametrize("text", reasons.STABLE)
def test_what_people_grep_for_is_logged(text: str) -> None:
    assert any(line.text.startswith(text) for line in reasons.logged())


def test_make_knows_what_documents_tell_it() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    told = {
        (name, target)
        for name, text in written_by_hand().items()
        for target in re.findall(r"(?:`|^ *)make ([a-z]+)", text, re.MULTILINE)
    }
    assert {("README.md", "demo"), ("README.md", "test")} <= told
    fail_on((f"{name}: make {target}" for name, target in sorted(told) if target not in targets), "No such target:")


def missing_files(found: dict[str, str]) -> Iterator[str]:
    """Files of the tree that documents name and that are not there."""
    for name, text in found.items():
        for path in re.findall(r"`((?:tests|clusterctl|schedd|agentd|docs|bench)/[\w./-]+\.\w+)`", text):
            if not (ROOT / path).exists():
                yield f"{name}: {path}"


def test_files_that_documents_name_are_there() -> None:
    fail_on(missing_files(pages()), "There is no such file:")


def test_every_promise_names_its_tests() -> None:
    promises = re.split(r"^## ", pages()["docs/promises.md"], flags=re.MULTILINE)[1:]
    fail_on(
        (text.splitlines()[0] for text in promises if "`tests/" not in text and not text.startswith("Not yet")),
        "Promises without a test:",
    )


def test_decisions_are_short_numbered_and_listed() -> None:
    index = pages()["docs/decisions/index.md"]
    decisions = sorted(path for path in (DOCS / "decisions").glob("*.md") if path.name != "index.md")
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    fail_on((faults for path in decisions for faults in faults_of(path, index)), "A decision has a form:")


def faults_of(decision: Path, index: str) -> Iterator[str]:
    """How *decision* differs from the form: context, decision, consequence, in 25 lines."""
    text = decision.read_text(encoding="utf-8")
    if re.findall(r"^## (\w+)$", text, re.MULTILINE) != ["Context", "Decision", "Consequence"]:
        yield f"{decision.name}: other headings"
    if len(text.splitlines()) > 25:
        yield f"{decision.name}: more than 25 lines"
    if f"({decision.name})" not in index:
        yield f"{decision.name}: not in the index"
