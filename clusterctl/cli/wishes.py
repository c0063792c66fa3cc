"""Words of a command line as amounts: what ``submit`` is told, in the units that the model counts in."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import typer

from clusterctl import units
from clusterctl.model.spec import MAX_ARRAY, After

T = TypeVar("T")
CONDITIONS = ("ok", "any", "notok")


def told(parse: Callable[[str], T]) -> Callable[[str], T]:
    """*parse* for an option: its sentence reaches the user, with the option's name before it."""

    def parse_or_tell(text: str) -> T:
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


def pair(text: str) -> tuple[str, str]:
    """A name and a value, from ``NAME=value``."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise ValueError(f"{text!a:.80} is not NAME=value")
    return name, value


def dependencies(text: str) -> tuple[After, ...]:
    """What to wait for, from ``42``, ``42:any`` or ``42-51:ok``."""
    numbers, sign, condition = text.partition(":")
    if sign and condition not in CONDITIONS:
        raise ValueError(f"{condition!a:.40} is no condition: after the colon comes {', '.join(CONDITIONS)}")
    ranges = units.parse_numbers(numbers)
    if sum(map(len, ranges)) > MAX_ARRAY:
        raise ValueError(f"more than {MAX_ARRAY:,} jobs")
    # A word that is in CONDITIONS is an AfterCondition; mypy cannot see that through a tuple.
    wanted = next((each for each in CONDITIONS if each == condition), "ok")
    return tuple(After(number, wanted) for each in ranges for number in each)  # type: ignore[arg-type]  # see above
