"""Modules are nouns that say what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from tests.house.tree import EVERYTHING, Module, fail_on, modules

SAYS_NOTHING = {"util", "helper", "common", "base", "manager", "handler", "core", "misc"}


def empty_names(found: Iterable[Module]) -> Iterator[str]:
    """Modules and packages with a word in their name that would suit any other as well."""
    for module in found:
        words = {word for part in module.words for word in part.lower().split("_")}
        said = sorted(word for word in words if word.removesuffix("s") in SAYS_NOTHING)
        if said:
            yield f"{module.path}: {', '.join(said)}"


def test_no_module_has_a_name_that_says_nothing() -> None:
    fail_on(empty_names(modules(*EVERYTHING)), "Name a module after what it holds, not after its being useful:")


@pytest.mark.parametrize("path", ["a/utils.py", "a/helpers/__init__.py", "a/job_manager.py", "core/jobs.py"])
def test_a_name_that_says_nothing_is_caught(path: str) -> None:
    assert list(empty_names([Module(path, "")]))


def test_words_within_words_are_no_offence() -> None:
    assert not list(empty_names([Module("database/scoreboard.py", "")]))
