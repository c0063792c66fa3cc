"""Where the output lies that somebody wants to see."""

from __future__ import annotations

from typing import NamedTuple

from clusterctl.model.errors import NotFound, Refused
from clusterctl.model.output import OutputPicture
from clusterctl.model.pictures import JobStory
from clusterctl.tui.engine.source import Source


class Sought(NamedTuple):
    """Whose output is wanted. ``attempt``: None for the newest."""

    job_id: int
    attempt: int | None = None
    stderr: bool = False


class Place(NamedTuple):
    """Where it lies; None, and why, if there is nothing to read."""

    story: JobStory
    found: OutputPicture | None
    trouble: str = ""


def find(source: Source, sought: Sought) -> Place:
    """Ask where it lies. Raises NotFound for a job that there is not, and Outage."""
    story = source.job(sought.job_id)
    try:
        return Place(story, source.output_of(sought.job_id, sought.attempt, stderr=sought.stderr))
    except (Refused, NotFound) as why:
        return Place(story, None, str(why))


def is_other(old: OutputPicture, new: OutputPicture) -> bool:
    """Whether that is another output."""
    return (old.allocation_id, old.stream, old.path) != (new.allocation_id, new.stream, new.path)
