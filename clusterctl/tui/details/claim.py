"""A decision on a page: which workers were asked, what removed each of them, and how the others scored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from clusterctl.model.candidates import Candidate
from clusterctl.model.claim_log import LEAST_FIRST, ClaimChoice, ClaimPicture
from clusterctl.model.claim_story import ClaimStory
from clusterctl.model.errors import NotFound
from clusterctl.model.explanation import Explanation
from clusterctl.model.pictures import JobPicture
from clusterctl.tui.details.claim_lines import claim_lines
from clusterctl.tui.details.topic import Topic
from clusterctl.tui.details.why import TONES
from clusterctl.tui.engine.source import Source
from clusterctl.tui.paint.pieces import Line, Piece, Sight, data
from clusterctl.tui.painters.claims import event_of, mood_of
from clusterctl.tui.painters.ruled import grid, labelled, rule
from clusterctl.wording import claims as words
from clusterctl.wording.candidates import in_order, told_parts
from clusterctl.wording.explanations import facts as explain_facts
from clusterctl.wording.jobs import name_of, request, state_of
from clusterctl.wording.moments import ago, span, stamp

MOST_CLAIMS = 8
NAME = 20  # cells of a worker's name


class ClaimTold(NamedTuple):
    """All that the page is made of; ``job`` is None if the decision is of none, or of one that is gone."""

    story: ClaimStory
    job: JobPicture | None
    claims: tuple[ClaimPicture, ...]  # of the same job
    explanation: Explanation | None = None  # of a refusal that stands


def claim_topic(claim_id: int, row: ClaimPicture | None) -> Topic:
    """The page."""
    about = f" job {row.job_id}" if row is not None and row.job_id is not None else ""
    word = event_of(row) if row is not None else "claim"
    return Topic(
        subject=f"claim:{claim_id}",
        title=(data(f"{word}{about}", "title", 40), Piece(f"  claim {claim_id}", "dim")),
        ask=lambda source: ask(claim_id, source),
        paint=lambda told, sight, width: list(claim_page(told, sight, width)),
    )


def ask(claim_id: int, source: Source) -> ClaimTold:
    """What is known of it. Raises NotFound."""
    story = source.claim(claim_id)
    job_id = story.claim.job_id
    if job_id is None:
        return ClaimTold(story, None, ())
    try:
        job = source.job(job_id).job
    except NotFound:  # pruned; the log keeps longer than the job
        return ClaimTold(story, None, ())
    stands_still = story.claim.event == "ClaimSkipped" and story.claim.open and job.state == "pending"
    explanation = source.explain(job_id) if stands_still else None
    return ClaimTold(story, job, source.claims(ClaimChoice(job_id=job_id), MOST_CLAIMS), explanation)


def claim_page(told: ClaimTold, sight: Sight, width: int) -> Iterator[Line]:
    """What was decided, of which job, why; the table of candidates; what was decided of that job before."""
    claim, story = told.story.claim, told.story
    when = Piece(f"  {stamp(claim.at)}, {ago(claim.at, sight.now)}", "dim")
    yield (Piece(" "), data(event_of(claim), mood_of(claim)), when)
    yield from labelled(facts(told, sight), width, {"why": mood_of(claim)})
    if claim.event == "ClaimEligibility":
        yield rule((Piece("who may claim"),), width, sight.glyphs)
        yield from standing_lines(claim, width)
    elif story.candidate_table:
        count = len(story.candidate_table)
        yield rule((Piece(f"{count:,} worker{'' if count == 1 else 's'} looked at"),), width, sight.glyphs)
        yield from candidate_lines(story, width)
    if told.explanation is not None:
        yield rule((Piece("what would help"),), width, sight.glyphs, (Piece("w all of it", "dim"),))
        yield from labelled(help_of(told.explanation, sight), width, TONES)
    if told.claims:
        yield rule((Piece("last claims of this job"),), width, sight.glyphs)
        yield from claim_lines(told.claims, sight, width)


def facts(told: ClaimTold, sight: Sight) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them."""
    claim, job = told.story.claim, told.job
    yield "why", words.why(claim, sight.now)
    yield "stands", stands(claim)
    if job is not None:
        since = span(job.submitted_at, job.started_at or job.finished_at or sight.now)
        yield "job", f"{job.id} {name_of(job)}, {state_of(job)}, tenant {job.tenant}, priority {job.priority}"
        yield "asks for", request(job)
        yield "waits" if job.started_at is None and job.finished_at is None else "waited", since
    else:
        yield "job", "" if claim.job_id is None else str(claim.job_id)
    yield "worker", claim.worker or ""
    yield "policy", "" if claim.policy is None else f"{claim.policy}{words.scored(claim)}"
    yield "fallback", str(claim.detail.get("fallback", ""))
    yield "removed", words.lost(claim) if claim.reasons else ""
    yield (
        "round",
        "" if claim.round is None else f"{claim.round}, {words.number(claim.duration_ms, '.1f')} ms after its look",
    )
    yield "seen", words.seen(told.story)
    yield "no table", told.story.untold


def stands(claim: ClaimPicture) -> str:
    """Whether it is still so, and for how many jobs."""
    if claim.repeats == 1 and not claim.open:
        return ""
    behind = f", for {claim.waiting:,} jobs of its shape" if (claim.waiting or 0) > 1 else ""
    return f"{'still' if claim.open else 'no more'}{behind}"


def help_of(told: Explanation, sight: Sight) -> Iterator[tuple[str, str]]:
    """What ``explain`` says beside why, which stands above."""
    yield from ((label, text) for label, text in explain_facts(told, sight.now) if label != "why")


def candidate_lines(story: ClaimStory, width: int) -> list[Line]:
    """The best first, then those that a filter removed."""
    rows = [candidate(each, best=at == 0) for at, each in enumerate(in_order(story.candidate_table))]
    return grid(("WORKER", "SCORE", "FILTER, OR PARTS OF THE SCORE"), rows, width, right=(1,))


def candidate(each: Candidate, *, best: bool) -> list[Piece]:
    """The filter that removed it, or what its score is made of."""
    if each.score is None:
        return [data(each.worker, "dim", NAME), Piece("-", "dim"), data(each.removed_by, "warning")]
    tone = "good" if best else "plain"
    return [
        data(each.worker, tone, NAME),  # type: ignore[arg-type]  # one of two literals
        Piece(words.short(each.score)),
        data(told_parts(each.parts) or "could"),
    ]


def standing_lines(claim: ClaimPicture, width: int) -> Iterator[Line]:
    """Each worker: its metric, what it uses, and whether it may."""
    least = claim.policy in LEAST_FIRST
    rows = [standing(each, least=least) for each in words.standings(claim.detail)]
    yield from grid(("WORKER", "METRIC" if least else "SCORE", "USED", "MAY CLAIM"), rows, width, right=(1, 2))
    if more := claim.detail.get("more"):
        yield (Piece(f" … and {more:,} more", "dim"),)


def standing(each: words.Standing, *, least: bool) -> list[Piece]:
    """One of them. A score is better the higher it is: there the metric is it, negated."""
    metric = each.metric if least or each.metric is None else 0 - each.metric
    verdict = data(each.reason, "warning") if each.reason else Piece("yes", "good")
    return [data(each.worker, width=NAME), Piece(words.number(metric, ".4g")), Piece(words.used(each.usage)), verdict]
