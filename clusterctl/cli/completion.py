"""What the shell offers on TAB. Silent when the cluster is away, and never slower than a blink."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import typer

from clusterctl.cli.invocation import invocation
from clusterctl.model.states import LIVE, TERMINAL, JobState
from clusterctl.units import PRIORITIES

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster

PATIENCE = 0.2  # seconds for everything that needs the cluster: what is left of the 300 ms of a whole completion
OFFERED = 50  # jobs
NAMED = 3  # workers beside a label
# What a verb does nothing to is not offered to it.
OF_VERB = {
    "release": (JobState.HELD.value,),
    "hold": (JobState.PENDING.value,),
    "cancel": tuple(state.value for state in JobState if state in LIVE),
    "requeue": tuple(state.value for state in JobState if state in TERMINAL or state == JobState.RUNNING),
}


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
    states = OF_VERB.get(ctx.info_name or "", ())
    found = ask(lambda cluster: job_words(cluster, states), ctx)
    return [pair for pair in (*found, *words) if pair[0].startswith(incomplete)]


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


def complete_priorities(incomplete: str) -> list[str]:
    """Priorities that have a name."""
    return [word for word in PRIORITIES if word.startswith(incomplete)]


def complete_settings(incomplete: str) -> list[tuple[str, str]]:
    """Names of settings."""
    from clusterctl.settings import SETTINGS

    return [(name, knob.reason) for name, knob in SETTINGS.items() if name.startswith(incomplete)]


def complete_tenants(ctx: typer.Context, incomplete: str) -> list[str]:
    """Those who have live jobs, or had some started within the hour."""
    return [name for name, _ in ask(tenant_words, ctx) if name.startswith(incomplete)]


def complete_labels(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Labels that workers carry."""
    return [pair for pair in ask(label_words, ctx) if pair[0].startswith(incomplete)]


def complete_services(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Numbers of services that live, and their names."""
    return [pair for pair in ask(service_words, ctx) if pair[0].startswith(incomplete)]


def service_words(cluster: Cluster) -> list[tuple[str, str]]:
    """A number and a name for each, and how it stands."""
    from clusterctl import views

    found = [each for each in views.service_list(cluster) if each.ended_at is None][:OFFERED]
    return [(word, each.state) for each in found for word in (str(each.id), each.name) if word]


def job_words(cluster: Cluster, states: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """A number, and what it stands for; only of jobs in *states*, if any are said."""
    from clusterctl import views
    from clusterctl.model.selection import Selection

    found = views.queue(cluster, Selection(states=states), OFFERED).jobs
    return [(str(job.id), f"{job.state} {job.name}") for job in found]


def worker_words(cluster: Cluster) -> list[tuple[str, str]]:
    """A name, and how its worker is."""
    from clusterctl import views

    return [(worker.name, worker.live_state) for worker in views.workers_on_record(cluster)]


def tenant_words(cluster: Cluster) -> list[tuple[str, str]]:
    """A name, and nothing more."""
    from clusterctl import views

    return [(tenant.name, "") for tenant in views.tenant_list(cluster).tenants]


def label_words(cluster: Cluster) -> list[tuple[str, str]]:
    """A label as it is asked for, and the workers that carry it."""
    from clusterctl import views

    found: dict[str, list[str]] = {}
    for worker in views.workers_on_record(cluster):
        for key, value in worker.labels.items():
            found.setdefault(f"{key}={value}", []).append(worker.name)
    return [(label, ", ".join(names[:NAMED])) for label, names in sorted(found.items())]
