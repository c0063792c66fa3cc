"""What the shell offers on TAB. Silent when the cluster is away, and never slower than a blink."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import typer

from clusterctl.cli.invocation import invocation
from clusterctl.model.states import JobState

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster

PATIENCE = 0.25  # seconds for everything that needs the cluster
OFFERED = 50  # jobs


@contextlib.contextmanager
def hurried() -> Iterator[None]:
    """If what is inside takes longer than PATIENCE, this process ends without a word: a shell waits for it."""
    alarm = threading.Timer(PATIENCE, os._exit, args=[0])
    alarm.daemon = True
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


def ask(question: Callable[[Cluster], list[tuple[str, str]]], ctx: typer.Context) -> list[tuple[str, str]]:
    """The answers of *question* (cluster → pairs of a word and its meaning); none if anything goes wrong."""
    with hurried(), contextlib.suppress(Exception), invocation(ctx).reach() as cluster:
        return question(cluster)
    return []


def complete_jobs(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Numbers of jobs that are live or ended lately, and the words that mean some."""
    words = [("last", "your newest job"), ("all", "all that have not ended")]
    return [pair for pair in (*ask(job_words, ctx), *words) if pair[0].startswith(incomplete)]


def complete_workers(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Names of workers."""
    return [pair for pair in ask(worker_words, ctx) if pair[0].startswith(incomplete)]


def complete_targets(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """What the doctor may be pointed at: its codes, and workers."""
    from clusterctl import views

    workers = [(f"worker:{name}", state) for name, state in ask(worker_words, ctx)]
    return [pair for pair in (*views.finding_codes(), *workers) if pair[0].startswith(incomplete)]


def complete_states(incomplete: str) -> list[str]:
    """States of jobs."""
    return [state.value for state in JobState if state.value.startswith(incomplete)]


def job_words(cluster: Cluster) -> list[tuple[str, str]]:
    """A number, and what it stands for."""
    from clusterctl import views
    from clusterctl.store.jobs import Selection

    found = views.queue(cluster, Selection(), OFFERED).jobs
    return [(str(job.id), f"{job.state} {job.name}") for job in found]


def worker_words(cluster: Cluster) -> list[tuple[str, str]]:
    """A name, and how its worker is."""
    from clusterctl import views

    return [(worker.name, worker.live_state) for worker in views.workers_on_record(cluster)]
