"""A job's output as it is written, from one attempt to the next, until the job has ended."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from clusterctl.cli.display.ages import now
from clusterctl.cli.display.narration import tell
from clusterctl.cli.display.reading import Reading, Wanted, gone
from clusterctl.cli.display.writing import Plain, Sink
from clusterctl.cli.outage import patiently
from clusterctl.model.errors import NotFound, Outage
from clusterctl.wording.jobs import why_ended
from clusterctl.wording.outputs import ended

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.output import OutputPicture
    from clusterctl.model.pictures import AttemptPicture, JobPicture, JobStory
    from clusterctl.output.pieces import Piece
    from clusterctl.output.reader import Readers

SOONEST, LATEST = 0.05, 1.0  # seconds between two looks at an attempt, growing while it writes nothing
LONGEST_WAIT = 10.0  # seconds for which an agent may let us wait: it answers at once when the attempt has ended
WAITING = 0.25  # seconds between two looks at a job that has not begun


class Questions:
    """What is asked of the cluster, through outages; by several threads, one at a time."""

    def __init__(self, cluster: Cluster, wanted: Wanted) -> None:
        self._cluster = cluster
        self._stderr = wanted.stderr
        self._lock = threading.Lock()

    def story(self, job_id: int) -> JobStory:
        """How the job is by now."""
        from clusterctl import views

        with self._lock:
            return patiently(partial(views.job, self._cluster, job_id))

    def output(self, job_id: int, attempt: int) -> OutputPicture:
        """Where an attempt's output lies by now."""
        from clusterctl import views

        with self._lock:
            return patiently(partial(views.output, self._cluster, job_id, attempt=attempt, stderr=self._stderr))


def follow(cluster: Cluster, job_id: int, wanted: Wanted | None = None) -> None:
    """Copy a job's output as it is written, until the job has ended. Raises Outage for what is out of reach."""
    from clusterctl.output.reader import Readers

    wanted = wanted or Wanted()
    with Readers() as readers:
        Following(job_id, Questions(cluster, wanted), readers, Plain()).run(wanted)


class Following:
    """Follows one job into *sink*.

    An agent may let us wait for *longest_wait* seconds; else, and of a file, we look anew after *latest* at most.
    """

    def __init__(
        self,
        job_id: int,
        questions: Questions,
        readers: Readers,
        sink: Sink,
        *,
        longest_wait: float = LONGEST_WAIT,
        latest: float = LATEST,
    ) -> None:
        self._job_id = job_id
        self._questions = questions
        self._readers = readers
        self._sink = sink
        self._longest_wait = longest_wait
        self._latest = latest

    def run(self, wanted: Wanted) -> None:
        """Follow the wanted attempt, or it and all that come after it. Raises NotFound, Outage and Refused."""
        shown: AttemptPicture | None = None
        trouble: NotFound | Outage | None = None
        has_said = False
        while True:
            # The job first: an attempt that begins after this look makes the job not ended in the next.
            story = self._questions.story(self._job_id)
            if (attempt := next_attempt(story, shown, wanted)) is not None:
                if trouble is not None and not has_said:
                    tell(str(trouble))
                if shown is not None:
                    tell(f"{ended(story, shown.attempt)}; attempt {attempt.attempt} on {attempt.worker}")
                trouble = self._try_attempt(attempt.attempt, wanted.tail if shown is None else None)
                shown, has_said = attempt, trouble is None
            elif story.job.finished_at is not None or (shown is not None and wanted.attempt is not None):
                break
            else:
                if not has_said:
                    tell(str(trouble or still_to_come(story.job)))
                has_said = True
                time.sleep(WAITING)
        if trouble is not None:
            raise trouble

    def _try_attempt(self, number: int, tail: int | None) -> NotFound | Outage | None:
        """Copy an attempt's output until it has ended and all is copied. What keeps us from it, if something does."""
        look = partial(self._questions.output, self._job_id, number)
        try:
            with closing(Reading(look, self._readers, follow=True)) as reading:
                self._copy(reading, tail)
        except (NotFound, Outage) as trouble:
            return trouble
        return None

    def _copy(self, reading: Reading, tail: int | None) -> None:
        begin = 0 if tail is None else reading.tail(tail)
        rest, has_ended, agent_waits = SOONEST, reading.found.ended, False
        while True:
            wait = self._longest_wait if agent_waits else rest
            piece = reading.read(begin, 0 if has_ended else wait)
            if piece.is_news:
                begin = self._show(piece)
                rest = SOONEST
            elif has_ended:
                break
            else:
                has_ended = reading.look().ended
                agent_waits = bool(piece.runs and self._longest_wait)
                if piece.runs is not None and not agent_waits and not has_ended:  # it has answered at once
                    time.sleep(rest)
                rest = min(rest * 1.5, self._latest)
        if piece.size is None:
            raise gone(reading.found)

    def _show(self, piece: Piece) -> int:
        """Show *piece*; where the next one begins."""
        if piece.end == piece.begin:
            tell(f"the output of job {self._job_id} was cut, from its new beginning on:")
            return 0
        self._sink.write(piece)
        return piece.end


def next_attempt(story: JobStory, shown: AttemptPicture | None, wanted: Wanted) -> AttemptPicture | None:
    """The attempt to show after *shown*; None if it has not begun, or there is none. Raises NotFound."""
    begun = sorted((each for each in story.attempts if each.allocated_at), key=lambda each: each.attempt)
    if wanted.attempt is not None:
        found = [each for each in begun if each.attempt == wanted.attempt and shown is None]
        if not found and shown is None and story.job.finished_at is not None:
            raise NotFound(f"job {story.job.id} has no attempt {wanted.attempt} that started")
    elif shown is not None:
        found = [each for each in begun if each.attempt > shown.attempt]
    else:
        found = begun if wanted.every else begun[-1:]
    return found[0] if found else None


def still_to_come(job: JobPicture) -> str:
    """What is waited for, and why."""
    why = why_ended(job, now())
    return f"job {job.id} is {job.state}, waiting for its output{f' ({why})' if why else ''}"


def explain_silence(cluster: Cluster, job_id: int) -> None:
    """Say why nothing was written by a job whose command was never started."""
    from clusterctl import views

    story = views.job(cluster, job_id)
    if story.job.reason == "start_failed":
        tell(f"job {job_id} wrote nothing: it could not be started: {story.job.detail}")
    elif story.job.finished_at is not None and not any(each.allocated_at for each in story.attempts):
        tell(f"job {job_id} is {story.job.state}: it never started, or was pruned")
