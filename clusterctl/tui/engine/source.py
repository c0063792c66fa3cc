"""Where the console has all that it shows from, and to whom it gives what is to be done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from clusterctl.model.claim_log import ClaimChoice, ClaimPicture
from clusterctl.model.claim_story import ClaimStory
from clusterctl.model.errors import ClusterError, Moved, Outage, Slow
from clusterctl.model.explanation import Explanation
from clusterctl.model.finding_story import FindingStory
from clusterctl.model.findings import Examination, Finding
from clusterctl.model.looks import Look, RedisSight, Want
from clusterctl.model.output import OutputPicture
from clusterctl.model.pictures import JobStory, WorkerStory
from clusterctl.model.proposals import Deed, Outcome, Proposal
from clusterctl.model.services import ServiceStory
from clusterctl.model.trends import Course, Trend
from clusterctl.settings import Settings, is_of_stack

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster

LOOK_WITHIN, ASK_WITHIN = "2s", "30s"  # how long Postgres works on one answer: nobody waits longer for a picture


class Source(Protocol):
    """A cluster, as the console sees it. Everything may take long, and raise Outage and other troubles of ours.

    ``look`` is called by one thread only, ``propose`` and ``carry_out`` by another, what is asked by a third.
    """

    def look(self, want: Want) -> Look:
        """One poll."""

    def look_beside(self, want: Want) -> Look:
        """The same as a question: for what nobody has scrolled to yet."""

    def redis(self) -> RedisSight:
        """How Redis is, asked by the thread of the looks when a look has failed. Never raises."""

    def findings(self) -> Examination:
        """What is wrong, with the evidence and a fix each."""

    def finding_story(self, finding: Finding) -> FindingStory:
        """What one wants to know before one mends it."""

    def trend(self, span_s: float, points: int) -> Trend:
        """The cluster over the last *span_s* seconds."""

    def worker_courses(self, names: Sequence[str], span_s: float, points: int) -> Mapping[str, Course]:
        """What these workers have used."""

    def attempt_course(self, allocation_id: int, span_s: float, points: int) -> Course:
        """What an attempt has used."""

    def job(self, job_id: int) -> JobStory:
        """One job, and all that is known about it. Raises NotFound."""

    def explain(self, job_id: int) -> Explanation:
        """Why it is where it is. Raises NotFound."""

    def worker(self, name: str) -> WorkerStory:
        """One worker and what it holds. Raises NotFound."""

    def service(self, service_id: int) -> ServiceStory:
        """One service and its replicas. Raises NotFound."""

    def claim(self, claim_id: int) -> ClaimStory:
        """One decision, and how every worker stood to it. Raises NotFound."""

    def claims(self, choice: ClaimChoice, most: int) -> tuple[ClaimPicture, ...]:
        """The newest of the chosen rows of the claim log, at most so many, the newest first."""

    def output_of(self, job_id: int, attempt: int | None, *, stderr: bool) -> OutputPicture:
        """Where the output of an attempt, or of the newest, lies. Raises NotFound, and Refused before a start."""

    def last_lines(self, job_id: int, count: int) -> tuple[str, ...]:
        """The end of what a job has written, as it is; nothing if it wrote nothing, or that cannot be reached."""

    def propose(self, deed: Deed) -> Proposal:
        """What *deed* would change, and at what risk."""

    def carry_out(self, proposal: Proposal, *, reason: str = "") -> list[Outcome]:
        """Do it, as far as all is as it was when it was proposed. *reason* goes into the audit."""

    def close(self) -> None:
        """Hang up."""


class LiveSource:
    """The cluster that the settings name, over three connections: for looks, for questions, and for deeds."""

    def __init__(self, settings: Settings, again: Callable[[], Settings] | None = None) -> None:
        """*again* finds the settings anew while nothing can be reached: an ``up`` may have begun since."""
        self._settings = settings
        self._again = again
        self._has_seen = False  # whether a look has ever come
        self._in_stack = is_of_stack(settings.database_url, settings.state_dir)
        self._speaks = False  # whether the last look was of a schema that we know
        self._clusters: dict[tuple[int, str], Cluster] = {}  # each thread has its own
        self._proposed_by: Settings | None = None

    @property
    def _looks(self) -> Cluster:
        return self._reach("top", LOOK_WITHIN)

    @property
    def _asks(self) -> Cluster:
        return self._reach("top questions", ASK_WITHIN)

    def _reach(self, name: str, within: str) -> Cluster:
        """The cluster that the settings name now."""
        from clusterctl.cluster import Cluster  # noqa: PLC0415 - the first paint does not wait for it

        whose = (threading.get_ident(), name)
        known, settings = self._clusters.get(whose), self._settings
        if known is None or known.settings is not settings:
            if known is not None:
                known.close()
            known = self._clusters[whose] = Cluster(settings, name=name, statement_timeout=within)
        return known

    def redis(self) -> RedisSight:
        """How Redis is, when nothing else can be asked. Never raises."""
        from clusterctl.views import looks  # noqa: PLC0415 - as above

        return looks.redis_sight(self._looks)

    @property
    def settings(self) -> Settings:
        """Those that lead to what is looked at."""
        return self._settings

    def _find_again(self) -> None:
        """Go where the stack is now: nowhere else, lest the rows of one cluster stand under the name of another."""
        with suppress(ClusterError):
            found = self._again() if self._again else self._settings
            same = (found.database_url, found.redis_url) == (self._settings.database_url, self._settings.redis_url)
            if not same and self._may_follow(found):
                self._settings, self._in_stack = found, True

    def _may_follow(self, found: Settings) -> bool:
        """Whether *found* is the stack that was opened, or the first one at all where nothing was found so far."""
        at_home = found.state_dir == self._settings.state_dir and is_of_stack(found.database_url, found.state_dir)
        return at_home and (self._in_stack or not self._has_seen)

    def look(self, want: Want) -> Look:
        """One poll."""
        from clusterctl import views  # noqa: PLC0415 - as above
        from clusterctl.views import looks  # noqa: PLC0415 - as above

        try:
            if not self._speaks:
                views.check_schema(self._looks)
            found = looks.look(self._looks, want)
        except ClusterError as error:
            self._speaks = False
            if isinstance(error, Outage) and not isinstance(error, Slow):
                self._find_again()
            raise
        self._speaks = self._has_seen = True
        return found

    def look_beside(self, want: Want) -> Look:
        """The same as a question."""
        from clusterctl.views import looks  # noqa: PLC0415 - as above

        return looks.look(self._asks, want)

    def findings(self) -> Examination:
        """What is wrong, with the evidence and a fix each."""
        from clusterctl import views  # noqa: PLC0415 - as above

        return views.findings(self._asks)

    def finding_story(self, finding: Finding) -> FindingStory:
        """What one wants to know before one mends it."""
        from clusterctl import views  # noqa: PLC0415 - as above

        return views.finding_story(self._asks, finding)

    def trend(self, span_s: float, points: int) -> Trend:
        """The cluster over the last *span_s* seconds."""
        from clusterctl.views import trends  # noqa: PLC0415 - as above

        return trends.trend(self._asks, span_s, points)

    def worker_courses(self, names: Sequence[str], span_s: float, points: int) -> Mapping[str, Course]:
        """What these workers have used."""
        from clusterctl.views import trends  # noqa: PLC0415 - as above

        return trends.worker_courses(self._asks, names, span_s, points)

    def attempt_course(self, allocation_id: int, span_s: float, points: int) -> Course:
        """What an attempt has used."""
        from clusterctl.views import trends  # noqa: PLC0415 - as above

        return trends.attempt_course(self._asks, allocation_id, span_s, points)

    def job(self, job_id: int) -> JobStory:
        """One job, and all that is known about it."""
        from clusterctl import views  # noqa: PLC0415 - as above

        return views.job(self._asks, job_id)

    def explain(self, job_id: int) -> Explanation:
        """Why it is where it is."""
        from clusterctl import views  # noqa: PLC0415 - as above

        return views.explain(self._asks, job_id)

    def worker(self, name: str) -> WorkerStory:
        """One worker and what it holds."""
        from clusterctl import views  # noqa: PLC0415 - as above

        return views.worker(self._asks, name)

    def service(self, service_id: int) -> ServiceStory:
        """One service and its replicas."""
        from clusterctl import views  # noqa: PLC0415 - as above

        return views.service(self._asks, str(service_id))

    def claim(self, claim_id: int) -> ClaimStory:
        """One decision, and how every worker stood to it."""
        from clusterctl import views  # noqa: PLC0415 - as above

        return views.claim(self._asks, claim_id)

    def claims(self, choice: ClaimChoice, most: int) -> tuple[ClaimPicture, ...]:
        """The newest of the chosen rows."""
        from clusterctl.views import looks  # noqa: PLC0415 - as above

        return looks.newest_claims(self._asks, choice, most)

    def last_lines(self, job_id: int, count: int) -> tuple[str, ...]:
        """The end of what a job has written."""
        from clusterctl import views  # noqa: PLC0415 - as above
        from clusterctl.tui.logs import reading as log_reading  # noqa: PLC0415 - as above

        found = views.outputs(self._asks, [job_id])
        return log_reading.last_lines(found[0], count) if found else ()

    def output_of(self, job_id: int, attempt: int | None, *, stderr: bool) -> OutputPicture:
        """Where an output lies."""
        from clusterctl import views  # noqa: PLC0415 - as above

        return views.output(self._asks, job_id, attempt=attempt, stderr=stderr)

    def propose(self, deed: Deed) -> Proposal:
        """What *deed* would change."""
        from clusterctl.operations import proposals  # noqa: PLC0415 - as above

        cluster = self._asks
        self._proposed_by = cluster.settings
        return proposals.propose(cluster, deed)

    def carry_out(self, proposal: Proposal, *, reason: str = "") -> list[Outcome]:
        """Do it."""
        from clusterctl.operations import proposals  # noqa: PLC0415 - as above

        cluster = self._asks
        if cluster.settings is not self._proposed_by:  # jobs of the same numbers may be others there
            raise Moved("this is another cluster than the one for which it was proposed", "look again")
        return proposals.carry_out(cluster, proposal, reason=reason)

    def close(self) -> None:
        """Hang up."""
        for cluster in list(self._clusters.values()):
            cluster.close()
