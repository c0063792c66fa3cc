"""What the threads tell the console, and what its widgets ask of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual.message import Message

from clusterctl.model.errors import ClusterError
from clusterctl.model.looks import Look, RedisSight, Want
from clusterctl.tui.engine.connection import Connection
from clusterctl.tui.engine.source import Source


@dataclass
class Looked(Message):
    """A look has come. An older one that nobody has seen yet is of no use any more."""

    look: Look
    got_at: float  # seconds of the console's clock
    postgres: Connection

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Looked)


@dataclass
class LookFailed(Message):
    """Nothing was seen, and why; how Redis is all the same."""

    error: ClusterError
    postgres: Connection
    redis: RedisSight | None = None  # nobody asked it, if None
    want: Want | None = None  # what was to be seen


@dataclass
class Answered(Message):
    """A question has its answer, or an error of ours; *then* is called with it on the console's own thread."""

    then: Callable[[Any], object]
    answer: Any


@dataclass
class Unanswered(Message):
    """A question could not be answered."""

    otherwise: Callable[[Exception], object]
    error: Exception


@dataclass
class Broken(Message):
    """A thread of the console has met a bug and ended: the console ends too, rather than to show what is old."""

    error: Exception


@dataclass
class Asks(Message):
    """A widget has a question. A newer one of the same key takes the place of one that nobody has come to yet."""

    key: str
    ask: Callable[[Source], Any]
    then: Callable[[Any], object]
    otherwise: Callable[[Exception], object]


@dataclass
class GoTo(Message):
    """Somebody wants to see that, there: on the screen that lists it, with all that *filter* leaves.

    ``subject`` as everywhere, or empty; ``screen`` is None for the one where such subjects are at home.
    """

    subject: str
    screen: str | None = None
    filter: str = ""


class Wants(Message):
    """A screen would like the next look to bring something else, and soon."""
