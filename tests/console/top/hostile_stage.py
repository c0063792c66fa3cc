"""A stage on which nothing is called as it should be: every string that the console is brought is a stranger's."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from clusterctl.model.claim_log import ClaimChoice, ClaimPicture
from clusterctl.model.claim_story import ClaimStory
from clusterctl.model.errors import Outage, Refused
from clusterctl.model.explanation import (
    Deadline,
    Delay,
    Estimate,
    Explanation,
    Quantiles,
    ReplicaLine,
    Share,
    Similar,
    Stretch,
)
from clusterctl.model.finding_story import FindingStory
from clusterctl.model.findings import Examination, Finding, Unchecked
from clusterctl.model.looks import Look, Page, RedisSight, Sums, Want
from clusterctl.model.output import OutputPicture
from clusterctl.model.pictures import DependencyPicture, JobStory, WorkerStory
from clusterctl.model.proposals import Aside, Change, Deed, Outcome, Proposal
from clusterctl.model.services import ServiceStory
from clusterctl.model.spec import Spec
from clusterctl.model.trends import Trend
from clusterctl.output.reader import machine_id
from tests.console.top.busy import busy_cluster
from tests.console.top.ill import IllSource, deeds
from tests.console.top.spoiling import DECIDING, TEXTS, Spoiler
from tests.console.top.stage import NOW

Row = TypeVar("Row")
ROWS = len(TEXTS)  # of each list: so each column shows each text
FATES = ("done", "changed", "refused", "unchanged")


class HostileSource(IllSource):
    """Rows by the same keys at every turn, of which every second one keeps the words that decide something.

    ``keeps``: so do all other things now. ``looks``: counted by who wants to know when what he asked for has come.
    *directory*: has the log of every job. ``refuses``: questions end with a strange trouble. ``begun``: how many deeds.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__()
        busy = busy_cluster()
        self.spoiler = Spoiler()
        self.looks = self.begun = 0
        self.refuses = self.keeps = False
        self.log_file = directory / "log"
        self.log_file.write_bytes("\n".join(TEXTS).encode("utf-8", "surrogatepass"))
        known = many(busy.workers.values())
        self.workers = {name: replace(each, name=name) for name, each in zip(TEXTS, known, strict=True)}
        self.jobs = {each.id: each for each in numbered(busy.jobs.values())}
        self.services = {each.id: each for each in numbered(busy.services.values())}
        self.log = {each.id: each for each in numbered(busy.log.values())}
        self.deeds = {each.id: each for each in numbered(deeds())}
        self.candidates = busy.stories[9].candidate_table
        self.explanation = explained(busy.explanations[20], self.candidates)
        self.tries = busy.attempts[40]
        self.held = busy.worker("cpu-01").holds

    def spoiled(self, value: Row, where: str = "") -> Row:
        """As it is now."""
        kept = DECIDING if self.keeps else frozenset[str]()
        found: Row = self.spoiler.spoil(value, where, keeps=kept)
        return found

    def page(self, page: Page[Any] | None, name: str) -> Page[Any] | None:
        """The rows of a list; they are still what their keys say."""
        if page is None:
            return None
        rows: dict[Any, Any] = {}
        for at, key in enumerate(page.keys):
            if key in page.rows:
                kept = DECIDING if (at + self.keeps) % 2 else frozenset[str]()
                row = self.spoiler.spoil(page.rows[key], f"{name}[{at}]", keeps=kept)
                rows[key] = replace(row, name=key) if name == "workers" else row
        return replace(page, rows=rows)

    @property
    def now(self) -> datetime:
        """Another moment for every look that somebody waits for; ages hardly change."""
        return NOW + timedelta(milliseconds=self.looks)

    def look(self, want: Want) -> Look:
        """Its ``at`` tells which look it is."""
        self.at = self.now
        look = super().look(want)
        lists = {name: self.page(getattr(look, name), name) for name in LISTS}
        redis = RedisSight(used=True, up=False, trouble=self.spoiler.text("redis"))
        return replace(look, sums=self.spoiled(self.sums()), redis=redis, **lists)

    def sums(self) -> Sums:
        """More than one reason to wait."""
        sums = super().sums()
        return replace(sums, waits=tuple(replace(sums.waits[0], jobs=1 + at) for at in range(4)))

    def findings(self) -> Examination:
        """Every second one can be mended."""
        found = [replace(each, subject=f"{each.subject}{at}") for at, each in enumerate(many(self.found))]
        unchecked = (Unchecked(code="a", reason="b"),) * 3
        brought = Examination(findings=tuple(found), unchecked=unchecked, notes=("c",) * 3)
        told = self.spoiled(brought)
        return replace(told, findings=tuple(self.concerning(*each) for each in zip(told.findings, found, strict=True)))

    def concerning(self, told: Finding, real: Finding) -> Finding:
        """Every second one is about jobs and workers as ever, so that something can be done about it."""
        if self.keeps:
            return replace(told, subject=real.subject, concerns=(*real.concerns, *map("worker:{}".format, TEXTS)))
        return told

    def finding_story(self, finding: Finding) -> FindingStory:
        """With a history."""
        story = FindingStory(meaning="m", cure="c", deeds=tuple(deeds()), claims=tuple(self.log.values())[:9])
        return self.answered(story)

    def trend(self, span_s: float, points: int) -> Trend:
        """Strange things have happened."""
        trend = super().trend(span_s, points)
        return self.spoiled(replace(trend, happenings=tuple(many(trend.happenings))))

    def answered(self, story: Row) -> Row:
        """What a page is made of."""
        if self.refuses:
            raise Refused(self.spoiler.text("refused"), self.spoiler.text("hint"))
        return self.spoiled(story)

    def job(self, job_id: int) -> JobStory:
        """With all that a job can have."""
        after = (DependencyPicture(job_id=3, condition="ok", state="pending"),)
        spec = Spec(command=("sh", "-c"), script="x", env={"A": "b"}, stdout="o", stderr="e", ready_cmd="r")
        story = JobStory(job=self.jobs[job_id], attempts=self.tries, after=after, spec=spec, array_line="l")
        return self.answered(story)

    def explain(self, job_id: int) -> Explanation:
        """With all that can be said of one."""
        return self.answered(replace(self.explanation, job_id=job_id))

    def worker(self, name: str) -> WorkerStory:
        """It holds something."""
        return self.answered(WorkerStory(worker=self.workers[name], holds=self.held))

    def service(self, service_id: int) -> ServiceStory:
        """It has replicas."""
        replicas = tuple(each for each in self.jobs.values() if each.service is not None)[:4]
        return self.answered(ServiceStory(service=self.services[service_id], replicas=replicas))

    def claim(self, claim_id: int) -> ClaimStory:
        """With a table, and yet why it has none."""
        story = ClaimStory(claim=self.log[claim_id], candidate_table=self.candidates, seen_at=NOW, untold="u")
        return self.answered(story)

    def claims(self, choice: ClaimChoice, most: int) -> tuple[ClaimPicture, ...]:
        """Some."""
        return self.spoiled(tuple(self.log.values())[: min(5, most)], "claims")

    def last_lines(self, job_id: int, count: int) -> tuple[str, ...]:
        """What it wrote."""
        return self.spoiled(("line",) * min(count, len(TEXTS)), "output")

    def output_of(self, job_id: int, attempt: int | None, *, stderr: bool) -> OutputPicture:
        """It lies here, whatever else is told of it."""
        real = OutputPicture(
            job_id=job_id, attempt=attempt or 2, allocation_id=7, stream="stdout", worker="w", live_state="up",
            live_reason="", hostname=socket.gethostname(), machine_id=machine_id(), logs_url="", logs_token="",
            spool=str(self.log_file.parent), path=str(self.log_file), ended=True,
        )  # fmt: skip
        return replace(real, worker=self.spoiler.text("log"), live_reason=self.spoiler.text("live"))

    def propose(self, deed: Deed) -> Proposal:
        """Something that can be carried out; pruning is severe."""
        if self.refuses:
            raise Refused(self.spoiler.text("refused"), self.spoiler.text("hint"))
        real = Proposal(
            deed=deed, title="t?", why=("w",), changes=(Change(subject="worker:w1", before="b", after="a"),) * 5,
            asides=(Aside(subject="job:7", why="w"),), risk="r", precondition="p", command=("clusterctl", "x"),
            commands=(("clusterctl", "x"),), by_hand="h", typed="t" if deed.verb == "prune" else "",
            weight="severe" if deed.verb == "prune" else "moderate",
        )  # fmt: skip
        spoiled: Proposal = self.spoiler.spoil(real, "proposal")
        return replace(spoiled, deed=deed, typed=self.typed() if real.typed else "")

    def typed(self) -> str:
        """What must be typed before something severe."""
        return self.spoiler.text("typed") or "7"

    def carry_out(self, proposal: Proposal, *, reason: str = "") -> list[Outcome]:
        """Of each kind one."""
        outcomes = [Outcome(subject="job:7", fate=fate, sentence="s") for fate in FATES]  # type: ignore[arg-type]  # each is one of them
        return list(self.spoiler.spoil(tuple(outcomes), "outcomes"))

    def come_back(self) -> None:
        """All is well again."""
        self.refuses, self.trouble = False, None

    def go_away(self) -> None:
        """From now on there is an outage."""
        self.refuses = True
        self.trouble = Outage(self.spoiler.text("outage"), self.spoiler.text("what to do"))


LISTS = ("workers", "jobs", "claims", "services", "audit")


def again(rows: Iterable[Row]) -> Iterable[Row]:
    """Again and again."""
    return itertools.cycle(tuple(rows))


def many(rows: Iterable[Row]) -> list[Row]:
    """As many as there are texts."""
    return list(itertools.islice(again(rows), ROWS))


def numbered(rows: Iterable[Any]) -> list[Any]:
    """As many, each with a number of its own."""
    known = tuple(rows)
    return [replace(each, id=each.id + 100 * (at // len(known))) for at, each in enumerate(many(known))]


def explained(known: Explanation, table: Sequence[Any]) -> Explanation:
    """*known* and all else that can be known of why a job is where it is."""
    tenth = Quantiles(p10=1.0, p50=2.0, p90=3.0)
    return replace(
        known,
        candidate_table=tuple(table),
        share=Share(
            tenant="t", weight=1.0, share=0.5, held=0.25, recent=0.25, rivals=2, first=("a", "b"), sentence="s"
        ),
        ends_at=Estimate(at=NOW, basis="b"),
        deadline=Deadline(at=NOW, start_before=NOW, sentence="s"),
        similar=Similar(count=3, alike="name", run_s=tenth, wait_s=tenth),
        advice="a",
        replicas=(ReplicaLine(job_id=3, state="running", reason="r", worker="w", sentence="s"),),
        history=(Stretch(reason="r", since=NOW, until=NOW, seconds=4.0, sentence="s"),),
        delays=(Delay(reason="r", seconds=4.0, share=0.5),),
    )
