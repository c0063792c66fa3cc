"""Words of a command line as amounts: what ``submit`` is told, in the units that the model counts in."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import typer

from clusterctl import units
from clusterctl.model.spec import MAX_ARRAY, After, AfterCondition

T = TypeVar("T")
CONDITIONS: dict[str, AfterCondition] = {"": "ok", "ok": "ok", "any": "any", "notok": "notok"}


class Pair(NamedTuple):
    """A name and its value."""

    name: str
    value: str


class Dependencies(NamedTuple):
    """What one ``--after`` asks for."""

    jobs: tuple[After, ...]


def told(parse: Callable[[str], T]) -> Callable[[str], T]:
    """*parse* for an option: its sentence reaches the user, with the option's name before it."""

    def parse_or_tell(text: str | T) -> T:
        if not isinstance(text, str):  # typer sends the default this way too, which is an amount already
            return text
        try:
            return parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return parse_or_tell


def seconds(text: str) -> int:
    """Whole seconds, a part counting as one."""
    found = math.ceil(units.parse_duration(text))
    if found < 1:
        raise ValueError("it must be longer than 0")
    return found


def pair(text: str) -> Pair:
    """A name and a value, from ``NAME=value``."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise ValueError(f"{text!a:.80} is not NAME=value")
    return Pair(name, value)


def dependencies(text: str) -> Dependencies:
    """What to wait for, from ``42``, ``42:any`` or ``42-51:ok``."""
    numbers, sign, condition = text.partition(":")
    if condition not in CONDITIONS or (sign and not condition):
        raise ValueError(f"{condition!a:.40} is no condition: after the colon comes ok, any or notok")
    ranges = units.parse_numbers(numbers)
    if sum(map(len, ranges)) > MAX_ARRAY:
        raise ValueError(f"more than {MAX_ARRAY:,} jobs")
    return Dependencies(tuple(After(number, CONDITIONS[condition]) for each in ranges for number in each))
