"""Looks come one after another, errands too; whatever breaks in their threads is told."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from textual.message import Message

from clusterctl.model.errors import NotFound, Outage
from clusterctl.model.looks import Look, Want
from clusterctl.tui.engine.errands import Errands
from clusterctl.tui.engine.feed import Feed
from clusterctl.tui.engine.messages import Answered, Broken, Looked, LookFailed, Unanswered
from tests.console.top.stage import StageSource, small_cluster
from tests.until import PATIENCE, until

HOURS = 3600.0  # an interval that no test waits for


class Slow(StageSource):
    """Looks as long as nobody lets it go on, and counts who looks at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Semaphore(0)
        self.looking = self.most = 0

    def look(self, want: Want) -> Look:
        self.looking += 1
        self.most = max(self.most, self.looking)
        self.gate.acquire()
        self.looking -= 1
        return super().look(want)


class Told:
    """What was posted, in order."""

    def __init__(self) -> None:
        self._messages: queue.Queue[Message] = queue.Queue()

    def post(self, message: Message) -> None:
        """Take it."""
        self._messages.put(message)

    def next(self) -> Any:
        """The oldest that nobody has seen; waits for it."""
        return self._messages.get(timeout=PATIENCE)

    def is_quiet(self) -> bool:
        """Whether there is none."""
        return self._messages.empty()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def feeds(told: Told) -> Iterator[list[Feed]]:
    """All that are stopped after the test."""
    made: list[Feed] = []
    yield made
    for feed in made:
        feed.stop()


def test_it_looks_at_once_when_it_starts_and_when_it_is_asked(told: Told, feeds: list[Feed]) -> None:
    feeds.append(feed := Feed(small_cluster(), told.post, interval=HOURS))
    feed.start(Want(screen="jobs"))
    assert told.next().look.want.screen == "jobs"
    feed.ask(Want(screen="claims"))
    assert told.next().look.want.screen == "claims"


def test_there_is_one_look_at_a_time_and_what_was_asked_meanwhile_is_one_more(told: Told, feeds: list[Feed]) -> None:
    source = Slow()
    feeds.append(feed := Feed(source, told.post, interval=HOURS))
    feed.start(Want(screen="jobs"))
    until(lambda: source.looking)
    for first in range(50):
        feed.ask(Want(screen="jobs", first=first))
    source.gate.release()
    assert told.next().look.want.first == 0
    source.gate.release()
    assert told.next().look.want.first == 49
    assert source.most == 1
    assert told.is_quiet()
    source.gate.release(10)


def test_a_shorter_interval_holds_at_once(told: Told, feeds: list[Feed]) -> None:
    feeds.append(feed := Feed(small_cluster(), told.post, interval=HOURS))
    feed.start(Want())
    told.next()
    feed.pace(0.01)
    assert isinstance(told.next(), Looked)
    assert isinstance(told.next(), Looked)


def test_an_outage_is_told_with_redis_beside_it_and_tried_again(told: Told, feeds: list[Feed]) -> None:
    source = small_cluster()
    source.trouble = Outage("postgres", "gone")
    feeds.append(feed := Feed(source, told.post, interval=HOURS, chance=lambda: 0.0))
    feed.start(Want())
    failed = told.next()
    assert isinstance(failed, LookFailed)
    assert failed.postgres.trouble == "postgres unreachable: gone"
    assert failed.redis
    assert failed.redis.up
    source.trouble = None
    until(lambda: isinstance(told.next(), Looked))


def test_a_bug_in_a_look_is_told_and_never_repeated(told: Told, feeds: list[Feed]) -> None:
    class Buggy(StageSource):
        def look(self, want: Want) -> Look:
            raise KeyError("oops")

    feeds.append(feed := Feed(Buggy(), told.post, interval=0.01))
    feed.start(Want())
    broken = told.next()
    assert isinstance(broken, Broken)
    assert isinstance(broken.error, KeyError)
    until(lambda: not feed._thread.is_alive())
    assert told.is_quiet()


def test_errands_are_done_in_order_and_a_newer_one_takes_the_place_of_its_like(told: Told) -> None:
    errands = Errands(told.post)
    done: list[str] = []
    for key, name in (("a", "old"), ("b", "other"), ("a", "new")):
        errands.run(key, partial(str, name), done.append, print)
    errands.start()
    for _ in range(2):
        answer = told.next()
        assert isinstance(answer, Answered)
        answer.then(answer.answer)
    assert done == ["new", "other"]
    assert told.is_quiet()
    errands.stop()


def test_what_goes_wrong_in_an_errand_comes_back_to_whoever_asked_and_a_bug_to_the_console(told: Told) -> None:
    def missing() -> None:
        raise NotFound("no job 7")

    def bug() -> None:
        raise ZeroDivisionError

    errands = Errands(told.post)
    errands.start()
    errands.run("a", missing, print, print)
    unanswered = told.next()
    assert isinstance(unanswered, Unanswered)
    assert str(unanswered.error) == "no job 7"
    errands.run("a", bug, print, print)
    assert isinstance(told.next(), Broken)
    errands.stop()
