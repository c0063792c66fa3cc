"""``status``: is all well? In ten lines."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator

import typer

from clusterctl.cli.display import colours, listing
from clusterctl.cli.display.ages import span
from clusterctl.cli.display.gauge import gauge
from clusterctl.cli.display.listing import PictureForm, PictureFormOption
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.exits import ExitCode
from clusterctl.model.pictures import StatusPicture
from clusterctl.model.states import TERMINAL, JobState
from clusterctl.text import visible
from clusterctl.units import format_age

app = Verbs()
LABEL = 11  # cells of the left column
SEVERITIES = ("critical", "warning", "info")
NARROW = 80  # columns: beneath, nothing is cut for the sake of ten lines
NO_REDIS = "none"
HINT = (
    "`clusterctl up` starts what is missing of a cluster here; `clusterctl config show` tells where addresses come from"
)


@app.verb()
def status(ctx: typer.Context, form: PictureFormOption = "table") -> None:
    """Tell the health of the cluster in ten lines.

    $ clusterctl status
    $ clusterctl status -o json

    On a terminal of less than 80 columns a fact takes as many lines as it needs.
    Ends with 3 if Postgres or Redis cannot be reached, and says what is known all the same.
    """
    show_status(ctx, form)


def show_status(ctx: typer.Context, form: PictureForm = "table") -> None:
    """Print the cluster's health. Exits with UNREACHABLE if part of it cannot be asked."""
    from clusterctl import views

    asked = invocation(ctx)
    with asked.reach() as cluster:
        found = views.status(cluster)
    if form == "json":
        listing.show_plain(found)
    else:
        colour = colours.wanted()
        for label, text, sgr in lines(found):
            name = colours.painted(f"{label:{LABEL}}", colours.DIM, colour)
            told = f"\n{'':{LABEL}} ".join(colours.painted(line, sgr, colour) for line in folded(text, sgr))
            sys.stdout.write(f"{name} {told}\n")
    if not found.database.up or not (found.redis.up or found.redis.url == NO_REDIS):
        sys.stdout.flush()
        sys.stderr.write(f"hint: {asked.nowhere() or HINT}\n")
        raise typer.Exit(ExitCode.UNREACHABLE)


def folded(text: str, sgr: str | None) -> list[str]:
    """What stands beside a label: a line, so that ten lines are ten, but where it is narrow as many as it takes.

    What is wrong is told in full; what is no terminal takes lines of any length.
    """
    columns = shutil.get_terminal_size().columns
    if not sys.stdout.isatty():
        return [visible(text)]
    if columns < NARROW:
        return textwrap.wrap(visible(text), max(12, columns - LABEL - 1), break_on_hyphens=False)
    return [visible(text, None if sgr == mood(False) else columns - LABEL - 1)]


def lines(found: StatusPicture) -> Iterator[tuple[str, str, str | None]]:
    """Label, text and colour of each line."""
    database, redis = found.database, found.redis
    well = f"up  {database.version}, schema {database.schema}  {database.url}"
    yield "postgres", well if database.up else f"{database.trouble}  {database.url}", mood(database.up)
    if redis.url == NO_REDIS:
        yield "redis", "none: the settings want no wake-ups", None
    else:
        yield "redis", f"up  {redis.url}" if redis.up else f"{redis.trouble}  {redis.url}", mood(redis.up)
    if database.up:
        yield "leader", leader_line(found), mood(found.leader is not None and found.leader.name is not None)
        yield "workers", worker_line(found), None
        yield "cpus", cpu_line(found), None
        yield from held_lines(found)
        yield from job_lines(found)
        yield from finding_lines(found)


def mood(good: bool) -> str:
    """The colour of what is as it should be, and of what is not."""
    return colours.STATES["up" if good else "unreachable"]


def leader_line(found: StatusPicture) -> str:
    """Who decides, and when it last did."""
    leader = found.leader
    if leader is None or leader.name is None:
        return "none: nothing is placed until a schedd runs"
    age = "" if leader.age_s is None else f", heard {format_age(leader.age_s)} ago"
    return f"{leader.name}  term {leader.term}, for {span(leader.since)}{age}"


def worker_line(found: StatusPicture) -> str:
    """How many are how alive."""
    workers = found.workers
    if workers is None:
        return "?"
    return f"{workers.up} up, {workers.silent} silent, {workers.lost} lost; {workers.draining} draining"


def cpu_line(found: StatusPicture) -> str:
    """How full the cluster is."""
    cpus = found.cpus
    if cpus is None:
        return "?"
    used = "" if cpus.used is None else f", {cpus.used:g} used"
    held = f"{cpus.allocated + cpus.reserved:g} of {cpus.total:g} held ({cpus.utilization:.0%}){used}"
    away = f"; {cpus.unreachable:g} held out of reach" if cpus.unreachable else ""
    return f"{gauge(cpus.allocated, cpus.reserved, cpus.total)}  {held}{away}"


def held_lines(found: StatusPicture) -> Iterator[tuple[str, str, str | None]]:
    """By how many attempts, and how firmly."""
    held, cpus = found.allocations, found.cpus
    if held is not None and cpus is not None:
        here, there = (" in reach", " in all") if cpus.unreachable else ("", "")
        running, starting = attempts(held.allocated), attempts(held.reserved)
        yield "allocated", f"{counted_cpus(cpus.allocated)}{here}, for what runs: {running}{there}", None
        yield "reserved", f"{counted_cpus(cpus.reserved)}{here}, for what is about to: {starting}{there}", None


def counted_cpus(cpus: float) -> str:
    """``1 CPU``, ``0.5 CPUs``."""
    return f"{cpus:g} CPU{'' if cpus == 1 else 's'}"


def attempts(count: int) -> str:
    """``1 attempt``, ``1,200 attempts``."""
    return f"{count:,} attempt{'' if count == 1 else 's'}"


def job_lines(found: StatusPicture) -> Iterator[tuple[str, str, str | None]]:
    """What waits, what runs, what ended."""
    jobs = found.jobs or {}
    oldest = "" if found.oldest_wait_s is None else f"; the oldest for {format_age(found.oldest_wait_s)}"
    yield "waiting", f"{counted(jobs, JobState.PENDING, JobState.HELD)}{oldest}", None
    yield "running", counted(jobs, JobState.SCHEDULED, JobState.RUNNING), None
    ended = [state for state in JobState if state in TERMINAL]
    yield "this hour", counted(jobs, *ended), None


def finding_lines(found: StatusPicture) -> Iterator[tuple[str, str, str | None]]:
    """What the doctor would say; nothing if that is nothing."""
    counts = {} if found.findings is None else {name: getattr(found.findings, name) for name in SEVERITIES}
    if told := ", ".join(f"{count} {severity}" for severity, count in counts.items() if count):
        bad = counts["critical"] + counts["warning"] > 0
        yield "findings", f"{told}: `clusterctl doctor` tells", mood(False) if bad else None


def counted(jobs: dict[str, int], *states: JobState) -> str:
    """``3 pending, 0 held``."""
    return ", ".join(f"{jobs.get(state, 0):,} {state}" for state in states)
