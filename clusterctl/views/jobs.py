"""Jobs as pictures: the queue, one job's story, how far some have come."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.errors import NotFound
from clusterctl.model.pictures import JobPicture, JobStory
from clusterctl.model.selection import Selection
from clusterctl.model.states import TERMINAL
from clusterctl.store import choice, jobs


class JobList(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen jobs, and what the limit cut off."""

    jobs: tuple[JobPicture, ...]
    more: int  # how many the limit cut off


@served
def queue(cluster: Cluster, selection: Selection, limit: int = 500, sort: Sequence[str] = ()) -> JobList:
    """Jobs: those that run, those that wait, those that ended, newest last of each; or by fields (``-cpus``, ``id``).

    Raises BadInput for a field that is none.
    """
    found = jobs.read(cluster.db, selection, limit + 1, sort)
    more = choice.count(cluster.db, selection) - limit if len(found) > limit else 0
    return JobList(jobs=tuple(found[:limit]), more=max(more, 0))


@served
def job_ids(cluster: Cluster, selection: Selection, limit: int = 100_000) -> list[int]:
    """The numbers of the chosen jobs, ascending."""
    return choice.ids(cluster.db, selection, limit)


@served
def last_id(cluster: Cluster) -> int:
    """The newest job that the caller submitted. Raises NotFound."""
    found = jobs.last_id(cluster.db, cluster.caller)
    if found is None:
        raise NotFound(f"{cluster.caller} has submitted no job yet")
    return found


@served
def exit_code(cluster: Cluster, ids: Sequence[int]) -> int:
    """With what a program that stands for these jobs should end, once all have ended: the highest of theirs."""
    return choice.exit_code(cluster.db, ids)


@served
def job(cluster: Cluster, job_id: int) -> JobStory:
    """One job and all that is known about it. Raises NotFound."""
    found = jobs.read(cluster.db, Selection(ranges=((job_id, job_id),)), 1)
    told = jobs.story(cluster.db, job_id)
    if not found or told is None:
        raise NotFound(f"no job {job_id}", "`clusterctl jobs` lists them; ended ones are kept for keep_jobs")
    spec, line, after = told
    attempts = tuple(jobs.attempts(cluster.db, job_id))
    return JobStory(job=found[0], attempts=attempts, after=tuple(after), spec=spec, array_line=line)


@served
def progress(cluster: Cluster, ids: Sequence[int]) -> dict[str, int]:
    """How many of *ids* are in each state; unknown ids are in none."""
    return jobs.counts(cluster.db, ids)


def ended(counts: dict[str, int]) -> int:
    """How many of a ``progress`` have ended."""
    return sum(count for state, count in counts.items() if state in TERMINAL)
