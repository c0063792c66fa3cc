"""Jobs as pictures: the queue, one job's story, how far some have come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.door.lazily import later
from clusterctl.door.served import served
from clusterctl.model.errors import NotFound
from clusterctl.model.pictures import JobPicture, JobStory
from clusterctl.model.selection import Limit, Selection
from clusterctl.model.states import TERMINAL

if TYPE_CHECKING:
    from clusterctl.store import choice, jobs, resubmissions
    from clusterctl.store import stories as told
else:  # whoever asks through the door needs none of it
    choice, jobs, resubmissions, told = later("clusterctl.store", "choice jobs resubmissions stories")


class JobList(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen jobs, and what is missing from them."""

    jobs: tuple[JobPicture, ...]
    more: int  # how many the limit cut off
    has_older: bool = False  # only ended ones were asked for, and there are some that ended too long ago


@served
def queue(cluster: Cluster, selection: Selection, limit: Limit = 500, sort: Sequence[str] = ()) -> JobList:
    """Jobs: those that run, those that wait, those that ended, newest last of each; or by fields (``-cpus``, ``id``).

    Raises BadInput for a field that is none.
    """
    found = jobs.read(cluster.db, selection, limit + 1, sort)
    more = choice.count(cluster.db, selection) - limit if len(found) > limit else 0
    older = choice.has_older(cluster.db, selection)
    return JobList(jobs=tuple(found[:limit]), more=max(more, 0), has_older=older)


@served
def job_ids(cluster: Cluster, selection: Selection, limit: Limit = 100_000) -> list[int]:
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
    return tell(cluster, [job_id])[0]


@served
def stories(cluster: Cluster, ids: Sequence[int]) -> list[JobStory]:
    """These jobs and all that is known about them, in the order of their numbers. Raises NotFound for one of them."""
    return tell(cluster, ids)


def tell(cluster: Cluster, ids: Sequence[int]) -> list[JobStory]:
    """The same; a statement for each kind of what is known, however many they are."""
    db = cluster.db
    found = jobs.read(db, Selection(ranges=tuple((id, id) for id in ids)), len(ids)) if ids else []
    asked = told.asked(db, ids)
    if strangers := sorted(set(ids) - (asked.keys() & {job.id for job in found})):
        raise NotFound(f"no job {strangers[0]}", "`clusterctl jobs` lists them; ended ones are kept for keep_jobs")
    attempts, parents, kin = told.attempts(db, ids), told.parents(db, ids), resubmissions.kin(db, ids)
    return [
        JobStory(
            job=job,
            attempts=tuple(attempts.get(job.id, ())),
            after=tuple(parents.get(job.id, ())),
            **asked[job.id]._asdict(),
            **kin.get(job.id, resubmissions.Kin())._asdict(),
        )
        for job in found
    ]


@served
def progress(cluster: Cluster, ids: Sequence[int]) -> dict[str, int]:
    """How many of *ids* are in each state; unknown ids are in none."""
    return jobs.counts(cluster.db, ids)


def ended(counts: dict[str, int]) -> int:
    """How many of a ``progress`` have ended."""
    return sum(count for state, count in counts.items() if state in TERMINAL)
