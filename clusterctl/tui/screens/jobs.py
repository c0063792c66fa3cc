"""The jobs: what runs, what waits, and why."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.model.looks import Key, Look, Page
from clusterctl.model.pictures import JobPicture
from clusterctl.tui.details.job import job_topic
from clusterctl.tui.details.topic import Topic
from clusterctl.tui.painters.jobs import COLUMNS
from clusterctl.tui.screens.listed import ListScreen
from clusterctl.tui.table.columns import Column


class JobsScreen(ListScreen):
    """What is live, and what has ended within the hour."""

    name_of = "jobs"
    title = "Jobs"
    noun = JobPicture
    spans = ("age", "wait", "ran")
    kind = "job"
    faults_filter = "state:failed,timeout,lost"
    empty = "no jobs: `clusterctl submit -- COMMAND` queues one"

    def columns(self) -> Sequence[Column[JobPicture]]:
        return COLUMNS

    def page_of(self, look: Look) -> Page[JobPicture] | None:
        return look.jobs

    def topic_of(self, key: Key, row: JobPicture | None) -> Topic:
        return job_topic(int(key), row)

    def besides(self, row: JobPicture | None) -> tuple[str, ...]:
        if row is None:
            return ()
        held = () if row.allocation is None else (f"allocation:{row.allocation.id}",)
        return (*held, *((f"worker:{row.worker}",) if row.worker else ()))
