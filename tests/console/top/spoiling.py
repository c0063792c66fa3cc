"""Puts what strangers may write into every string field of what a source brings."""

from __future__ import annotations

import re
import types
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin
from zlib import crc32

import msgspec
from msgspec.structs import fields, replace

from clusterctl.model.looks import Want
from tests.console.top.strange_text import STRANGE

TEXTS = tuple(STRANGE.values())
# What decides which deeds there are, and which lines a page has: with a strange text in it there would be few.
DECIDING = frozenset({"state", "live_state", "admin_state", "status", "event", "kind", "reason"})

Field = tuple[str, str]  # of which struct, and its name
NUMBER = re.compile(r"\[(\d+)\]")


class Spoiler:
    """At each ``turn`` every string has another text, and other strings have others: after so many all had all.

    Rows that follow one another have texts that follow one another: so many rows show all of them at once.

    ``carried``: which texts each field of each struct has had.
    """

    def __init__(self) -> None:
        self.turn = 0
        self.carried: dict[Field, set[str]] = defaultdict(set)

    def text(self, where: str) -> str:
        """The one that stands there now."""
        row = sum(map(int, NUMBER.findall(where)))
        return TEXTS[(crc32(NUMBER.sub("", where).encode("utf-8", "surrogatepass")) + row + self.turn) % len(TEXTS)]

    def spoil(self, value: Any, where: str = "", *, keeps: frozenset[str] = frozenset()) -> Any:
        """*value*, which stands at *where*, with strange texts in all strings but those that we define ourselves.

        *keeps*: names of fields that stay. Keys of maps that are words stay, and a strange one is added: nobody would
        look at the values of others.
        """
        return self._spoiled(value, where, ("", ""), keeps)

    def _spoiled(self, value: Any, where: str, field: Field, keeps: frozenset[str]) -> Any:
        if isinstance(value, str):
            text = self.text(where)
            self.carried[field].add(text)
            return text
        if isinstance(value, msgspec.Struct) and not isinstance(value, Want):
            kind = type(value)
            return replace(
                value,
                **{
                    name: self._spoiled(getattr(value, name), f"{where}.{name}", (kind.__name__, name), keeps)
                    for name in free_fields(kind)
                    if name not in keeps
                },
            )
        inner: Callable[[Any, object], Any] = lambda each, at: self._spoiled(each, f"{where}[{at}]", field, keeps)  # noqa: E731 - it is this call, with less to say
        if isinstance(value, Mapping):
            spoiled = {key: inner(each, key) for key, each in value.items()}
            example = next(iter(spoiled.values()), None)
            return {**spoiled, self.text(f"{where} key"): example} if has_strange_keys(value) else spoiled
        if isinstance(value, tuple | list):
            return type(value)(inner(each, at) for at, each in enumerate(value))
        return value


def has_strange_keys(value: Mapping[Any, Any]) -> bool:
    """Whether one of its keys could be anything."""
    return bool(value) and all(isinstance(key, str) for key in value)


@cache
def free_fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Those that are not numbers or words of our own: JSON of other words would never be read."""
    return tuple(each.name for each in fields(kind) if may_be_free(each.type))


def may_be_free(kind: Any) -> bool:
    """Whether a string that a stranger wrote may be in there."""
    origin = get_origin(kind)
    if origin is Literal:
        return False
    if origin in (Union, types.UnionType, tuple, list):
        return any(map(may_be_free, get_args(kind)))
    if origin is not None and issubclass(origin, Mapping):
        key, value = get_args(kind)
        return may_be_free(key) and (may_be_free(value) or value is int or value is float)
    return kind in (str, Any) or (isinstance(kind, type) and issubclass(kind, msgspec.Struct))
