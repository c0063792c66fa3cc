"""Words of a command line as amounts: what ``submit`` is told, in the units that the model counts in."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

import typer

from clusterctl import units
from clusterctl.cli.input.files import read_lines
from clusterctl.model.spec import MAX_ARRAY, After, AfterCondition
from clusterctl.model.validity import TENANT

T = TypeVar("T")
DAY = 86_400.0  # seconds
CONDITIONS: dict[str, AfterCondition] = {"": "ok", "ok": "ok", "any": "any", "notok": "notok"}
JOBS_AND_CONDITION = re.compile("(array:)?([^:]*)(:?)(.*)", re.DOTALL)


class Pair(NamedTuple):
    """A name and its value."""

    name: str
    value: str


class Dependencies(NamedTuple):
    """What one ``--after`` asks for: *jobs*; or those that *word* (``last``, ``array:7``) means, on *condition*."""

    jobs: tuple[After, ...]
    word: str = ""
    condition: AfterCondition = "ok"


class Deadline(NamedTuple):
    """By when it should have ended: so many seconds after the submit, or at that moment, in seconds since 1970."""

    after_s: float | None = None
    at: float | None = None


class ArrayWish(NamedTuple):
    """Ascending *indices*, how many may run at once (None: all), and of a file a line for each index."""

    indices: tuple[int, ...]
    limit: int | None
    lines: tuple[str, ...] | None = None


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


def deadline(text: str) -> Deadline:
    """``6h`` from now, ``06:00`` today or tomorrow, or a moment as ``--filter`` reads it; UTC, unless said."""
    word, now = text.strip(), datetime.now(UTC)
    clock = re.fullmatch("([01]?[0-9]|2[0-3]):([0-5][0-9])", word)
    if clock is None and re.fullmatch("[0-9:]*:[0-9:]*", word):  # elsewhere that is a duration, and here who knows
        raise ValueError(f"{word!a:.40} is no time of day: write 06:00, or 90m or 6h from now")
    if clock is not None:
        at = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return Deadline(at=(at if at > now else at + timedelta(days=1)).timestamp())
    if not re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}", word):
        return Deadline(after_s=from_now(word))
    from clusterctl.model.filter_values import moment

    begin, end = moment(word)
    if end - begin >= DAY:
        raise ValueError(f"{word!a:.40} is a whole day: say by what time, as in {word}T18:00")
    if begin <= now.timestamp():
        raise ValueError(f"{word!a:.40} is past")
    return Deadline(at=begin)


def from_now(word: str) -> int:
    """Whole seconds, of a word that might also have been meant as a time."""
    try:
        return seconds(word)
    except ValueError:
        if re.fullmatch("[0-9.dhms-]+", word):  # it was meant as a duration
            raise
        raise ValueError(f"{word!a:.40} is no deadline: write 90m or 6h from now, 06:00 or 2026-03-01T18:00") from None


def array(text: str) -> ArrayWish:
    """What ``units.parse_array`` reads; or of ``@FILE``, ``@FILE%8`` a job for each line of the file, from 0."""
    if not text.startswith("@"):
        return ArrayWish(*units.parse_array(text))
    path, limit = re.fullmatch("@(.*?)(%[0-9]+)?", text, re.DOTALL).groups("")  # type: ignore[union-attr]  # fits all
    if not path:
        raise ValueError("after @ comes the name of a file")
    lines = tuple(read_lines(path))
    return ArrayWish(*units.parse_array(f"0-{len(lines) - 1}{limit}"), lines)


def picture_form(text: str) -> str:
    """``table`` or ``json``: in sbatch the flag is a file's."""
    if text not in ("table", "json"):
        raise ValueError(f"{text!a:.80} is neither table nor json (a file for what it prints is --stdout PATH)")
    return text


def tenant(text: str) -> str:
    """A tenant's name."""
    if not TENANT.fullmatch(text):
        raise ValueError(f"{text!a:.80} is no tenant: it is letters, digits and . _ @ -, at most 63")
    return text


def pair(text: str) -> Pair:
    """A name and a value, from ``NAME=value``."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise ValueError(f"{text!a:.80} is not NAME=value")
    return Pair(name, value)


def dependencies(text: str) -> Dependencies:
    """What to wait for, from ``42``, ``42:any``, ``42-51:ok``, ``last`` or ``array:42:any``."""
    array, numbers, sign, condition = JOBS_AND_CONDITION.fullmatch(text).groups("")  # type: ignore[union-attr]  # fits all
    if condition not in CONDITIONS or (sign and not condition):
        raise ValueError(f"{condition!a:.40} is no condition: after the colon comes ok, any or notok")
    if array and not re.fullmatch("[0-9]{1,18}", numbers):
        raise ValueError(f"{text!a:.40} names no array: write array:7")
    if array or numbers == "last":
        return Dependencies((), array + numbers, CONDITIONS[condition])
    ranges = units.parse_numbers(numbers)
    if sum(map(len, ranges)) > MAX_ARRAY:
        raise ValueError(f"more than {MAX_ARRAY:,} jobs")
    return Dependencies(tuple(After(number, CONDITIONS[condition]) for each in ranges for number in each))
