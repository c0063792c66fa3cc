"""The workers: how alive, how full, and what of that is truly used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from clusterctl.model.looks import Key, Look, Page
from clusterctl.model.pictures import WorkerPicture
from clusterctl.model.trends import Course
from clusterctl.tui.details.topic import Topic
from clusterctl.tui.details.worker import worker_topic
from clusterctl.tui.engine.messages import Asks
from clusterctl.tui.engine.source import Source
from clusterctl.tui.lists.courses import Courses
from clusterctl.tui.paint.pieces import Sight
from clusterctl.tui.painters.workers import columns
from clusterctl.tui.screens.listed import ListScreen
from clusterctl.tui.screens.screen import ConsoleScreen
from clusterctl.tui.table.columns import Column
from clusterctl.tui.table.table import Table

SPAN_S, POINTS = 3600.0, 30  # of the strips


class WorkersScreen(ListScreen):
    """All workers."""

    name_of = "workers"
    title = "Workers"
    noun = WorkerPicture
    spans = ("age",)
    kind = "worker"
    faults_filter = "-live_state:up"
    empty = "no worker has registered: `clusterctl agentd` makes this machine one"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.courses = Courses()

    def columns(self) -> Sequence[Column[WorkerPicture]]:
        return columns(self.courses)

    def page_of(self, look: Look) -> Page[WorkerPicture] | None:
        return look.workers

    def topic_of(self, key: Key, row: WorkerPicture | None) -> Topic:
        return worker_topic(str(key))

    def show_look(self, look: Look, sight: Sight) -> None:
        super().show_look(look, sight)
        if look.workers is not None:
            ask_courses(self, self.courses, look.workers.rows, sight)


def ask_courses(screen: ConsoleScreen, courses: Courses, names: Iterable[Key], sight: Sight) -> None:
    """Ask what the workers that are in sight have used, if that is due."""
    due = [] if sight.stale else courses.due(names, sight.now)
    if due:
        ask = partial(asked, due)
        screen.post_message(Asks("courses", ask, partial(know, screen, courses), lambda _: courses.forget()))


def asked(names: Sequence[str], source: Source) -> Mapping[str, Course]:
    """The question."""
    return source.worker_courses(names, SPAN_S, POINTS)


def know(screen: ConsoleScreen, courses: Courses, answer: Mapping[str, Course]) -> None:
    """The answer is drawn at once."""
    courses.know(answer)
    for table in screen.query(Table):
        table.tick(table.sight._replace())  # another sight: at the same one a row is not drawn twice
