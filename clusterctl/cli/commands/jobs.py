"""``jobs`` and ``job``: the queue, and one job's story."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clusterctl.cli.completion import complete_states
from clusterctl.cli.input.selectors import SelectorArgument, chosen_ids, names_one, select
from clusterctl.cli.invocation import invocation
from clusterctl.cli.output import listing
from clusterctl.cli.output.listing import FormOption, LimitOption, PictureFormOption, SortOption
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput
from clusterctl.model.states import JobState

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.pictures import JobStory
    from clusterctl.store.jobs import Selection

app = Verbs()
MOST_CARDS = 100


@app.verb()
def jobs(
    ctx: typer.Context,
    selectors: SelectorArgument = [],  # noqa: B006  # typer reads it, nobody changes it
    *,
    states: Annotated[
        str, typer.Option("--state", metavar="STATE,…", help="In these states.", autocompletion=complete_states)
    ] = "",
    tenant: Annotated[str | None, typer.Option(metavar="NAME", help="Of this tenant.")] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Of this name.")] = None,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Also what ended more than an hour ago.")] = False,
    sort: SortOption = "",
    limit: LimitOption = 500,
    form: FormOption = None,
) -> None:
    """List jobs: what runs, waits, or ended within the hour.

    $ clusterctl jobs
    $ clusterctl jobs --state pending,held
    $ clusterctl jobs array:42 -o json
    $ clusterctl jobs --all --sort -cpus   # the largest first
    """
    from clusterctl import views
    from clusterctl.cli.output.job_rows import JOBS

    chosen_states = read_states(states)
    with invocation(ctx).cluster() as cluster:
        wanted = filtered(cluster, selectors, everything=everything, states=chosen_states, tenant=tenant, name=name)
        found = views.queue(cluster, wanted, listing.MOST if sort else limit)
        if selectors and not found.jobs:
            chosen_ids(cluster, selectors)  # NotFound if there are no such jobs; else the filters took them all
    rows = listing.ordered(JOBS, found.jobs, sort) if sort else found.jobs
    listing.show(JOBS, rows[:limit], form, more=len(rows) + found.more - limit)


def filtered(cluster: Cluster, words: list[str], *, everything: bool, **filters: Any) -> Selection:
    """The selection that selectors and *filters* together mean; ``all`` is here all that there ever were."""
    import msgspec

    from clusterctl.store.jobs import Selection

    everything = everything or words == ["all"]
    chosen = Selection() if everything or not words else select(cluster, words)
    return msgspec.structs.replace(chosen, everything=everything, **filters)


def read_states(text: str) -> tuple[str, ...]:
    """States from a list with commas. Raises BadInput for a word that is none."""
    words = tuple(word.strip().lower() for word in text.split(",") if word.strip())
    known = [state.value for state in JobState]
    for word in words:
        if word not in known:
            raise BadInput(f"no such state: {word!a}", f"one of {', '.join(known)}")
    return words


@app.verb()
def job(ctx: typer.Context, selectors: SelectorArgument, form: PictureFormOption = "table") -> None:
    """Show all about a job: why it waits, how it went.

    $ clusterctl job 42
    $ clusterctl job last -o json

    The JSON is an object for a single job, and a list for any other selector.
    """
    from clusterctl import views
    from clusterctl.cli.output.job_card import show_card

    with invocation(ctx).cluster() as cluster:
        ids = chosen_ids(cluster, selectors)
        if len(ids) > MOST_CARDS:
            raise BadInput(f"those are {len(ids):,} jobs", "`clusterctl jobs` lists them in rows")
        stories = [(views.job(cluster, id), where_output_lies(cluster, id)) for id in ids]
    if form == "json":
        plain = [plain_story(story) for story, _ in stories]
        listing.show_plain(plain[0] if names_one(selectors) else plain)
        return
    for number, (story, output) in enumerate(stories):
        sys.stdout.write("\n" if number else "")
        show_card(story, output)


def plain_story(story: JobStory) -> dict[str, Any]:
    """The job's own fields, and beside them what is known besides."""
    plain: dict[str, Any] = listing.plain_of(story)
    return {**plain.pop("job"), **plain}


def where_output_lies(cluster: Cluster, job_id: int) -> str:
    """The newest attempt's file, in words; empty if there has been none."""
    from clusterctl import views
    from clusterctl.model.errors import NotFound, Refused

    try:
        found = views.output(cluster, job_id)
    except (Refused, NotFound):
        return ""
    return f"{found.path} on {found.hostname}"
