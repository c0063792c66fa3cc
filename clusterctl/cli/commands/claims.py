"""``claims``, ``claim``: what schedd decided, and why."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clusterctl.cli.completion import complete_services
from clusterctl.cli.display import listing, log_tail
from clusterctl.cli.display.listing import Form, FormOption, PictureFormOption, SortOption, filter_option
from clusterctl.cli.display.log_tail import FollowOption, NewestOption, SinceOption
from clusterctl.cli.input.one_job import OneJobOption, number_of
from clusterctl.cli.input.service_word import read_word
from clusterctl.cli.input.wishes import told
from clusterctl.cli.input.worker_options import OneWorkerOption
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.claim_log import CLAIM_EVENTS
from clusterctl.model.errors import BadInput
from clusterctl.units import HIGHEST_JOB

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.claim_log import ClaimChoice, ClaimList, ClaimPicture

app = Verbs()
LATELY_S = 3600.0
ROUNDS_LISTED = 50


def complete_events(incomplete: str) -> list[str]:
    """The events of the log."""
    return [event for event in CLAIM_EVENTS if event.lower().startswith(incomplete.lower())]


@app.verb()
def claims(
    ctx: typer.Context,
    *,
    follow: FollowOption = False,
    job: OneJobOption = None,
    service: Annotated[
        str | None,
        typer.Option(
            parser=told(read_word),
            metavar="ID",
            help="What concerns the replicas of this service: its number, or its name.",
            autocompletion=complete_services,
        ),
    ] = None,
    worker: OneWorkerOption = None,
    event: Annotated[
        str,
        typer.Option(metavar="EVENT,…", help=f"Only these: {', '.join(CLAIM_EVENTS)}.", autocompletion=complete_events),
    ] = "",
    since: SinceOption = None,
    filter: Annotated[str | None, filter_option("event:Released reason:time_limit", "repeats>10 -worker:w1")] = None,
    rounds: Annotated[
        bool, typer.Option("--rounds", help="Instead: what each of the last rounds gave, and how used workers were.")
    ] = False,
    sort: SortOption = "",
    limit: NewestOption = None,
    form: FormOption = None,
) -> None:
    """List what was decided: who was given what, who was refused and why, and what was given back.

    $ clusterctl claims                       # the last hour, and all that waits now
    $ clusterctl claims -f
    $ clusterctl claims --job 42              # why did it wait?
    $ clusterctl claims --event ClaimSkipped --filter reason:unsatisfiable
    $ clusterctl claims --worker w1 --since 1d -o wide
    $ clusterctl claims --service web -f
    $ clusterctl claims --rounds --limit 20
    $ clusterctl claim 1234                   # one of them: how did each worker stand to it?

    Newest last. A refusal is said to all jobs that ask for the same, and is one row for as long as it stands: JOB is
    then the first in line and how many stand behind it, ×37 how many rounds have said so. A claim that met a changed
    world is a refusal with the reason claim_conflict. -f prints a refusal when it begins and when it is over.
    """
    from clusterctl import views
    from clusterctl.cli.display.claim_rows import CLAIMS
    from clusterctl.model.claim_log import ClaimChoice

    if job is not None and service is not None:
        raise BadInput("--job and --service are two things", "a replica is a job of its own")
    if rounds:
        refuse_beside_rounds(ctx)
        show_rounds(ctx, limit, form)
        return
    events = read_events(event)
    chosen = listing.read_filter(CLAIMS, filter)
    most = log_tail.most_rows(CLAIMS, limit, follow=follow, sort=sort)
    with invocation(ctx).cluster() as cluster:
        job_id = number_of(cluster, job)
        back = since if since is not None or job_id is not None or service is not None else LATELY_S
        service_id = None if service is None else views.find_service(cluster, service).id
        wanted = ClaimChoice(
            job_id=job_id, service=service_id, worker=worker, events=events, since_s=back, filter=chosen
        )
        found = views.claim_log(cluster, wanted, most)
        log_tail.narrate(found.reach, "the claim log", since)
        if follow:
            log_tail.follow(log_tail.Roll(CLAIMS, form), found.claims, looks(cluster, wanted, found))
            return
    log_tail.show_log(CLAIMS, found.claims, form, sort=sort, limit=limit, more=found.reach.more)
    if not found.claims and back == LATELY_S and since is None:
        sys.stderr.write("that is of the last hour; `--since 1d` looks further back\n")


@app.verb()
def claim(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID", min=1, max=HIGHEST_JOB, help="Its number in the claim log.")],
    *,
    form: PictureFormOption = "table",
) -> None:
    """Show one decision, and how every worker stood to it.

    $ clusterctl claims -o wide --limit 5   # ID is their number
    $ clusterctl claim 1234
    $ clusterctl claim 1234 -o json

    The table of candidates has for each worker the filter that removed it, or its score by its parts. It is made again
    from what the round saw: the last 500 rounds are kept, one a second where no service was claimed. Of a refusal that
    stands it is made from what is seen now.
    """
    from clusterctl import views

    with invocation(ctx).cluster() as cluster:
        story = views.claim(cluster, number)
    if form == "json":
        plain = listing.plain_of(story)
        listing.show_plain({**plain.pop("claim"), **plain})
        return
    from clusterctl.cli.display.claim_card import show_card

    show_card(story)


def refuse_beside_rounds(ctx: typer.Context) -> None:
    """Raise BadInput for an option that would mean nothing there."""
    given = {name for name, value in ctx.params.items() if value not in (None, "", False)}
    if mute := given - {"rounds", "limit", "form"}:
        raise BadInput(f"--rounds goes with --limit and -o, not with --{min(mute)}", "leave out one of the two")


def show_rounds(ctx: typer.Context, limit: int | None, form: Form | None) -> None:
    """The newest rounds, the newest last."""
    from clusterctl import views
    from clusterctl.cli.display.round_rows import rounds_listing

    with invocation(ctx).cluster() as cluster:
        found = views.round_list(cluster, limit or ROUNDS_LISTED)
    listing.show(rounds_listing(found, listing.form_of(form)), found, form)


def looks(cluster: Cluster, wanted: ClaimChoice, found: ClaimList) -> Callable[[], Sequence[ClaimPicture]]:
    """What is new since *found*, again and again."""
    from clusterctl import views

    mark = found.reach.mark
    shown = {(claim.id, claim.open) for claim in found.claims}
    standing = {claim.id for claim in found.claims if claim.open}

    def look() -> Sequence[ClaimPicture]:
        nonlocal mark, shown
        news = views.claim_news(cluster, wanted, mark, sorted(standing))
        mark = news.mark
        fresh = [claim for claim in news.claims if (claim.id, claim.open) not in shown]
        for claim in news.claims:
            (standing.add if claim.open else standing.discard)(claim.id)
        return fresh

    return look


def read_events(text: str) -> tuple[str, ...]:
    """Events from a list with commas, in any case. Raises BadInput for a word that is none."""
    known = {event.lower(): event for event in CLAIM_EVENTS}
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if word.lower() not in known:
            raise BadInput(f"no such event: {word!a}", f"one of {', '.join(CLAIM_EVENTS)}")
    return tuple(known[word.lower()] for word in words)
