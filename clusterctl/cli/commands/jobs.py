"""``jobs`` and ``job``: the queue, and one job's story."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clusterctl.cli.completion import complete_states
from clusterctl.cli.display import listing
from clusterctl.cli.display.listing import FilterOption, FormOption, PictureFormOption, SortOption
from clusterctl.cli.input.selectors import (
    SelectorArgument,
    all_named,
    chosen_ids,
    names_one,
    read_wanted,
    refuse_unknown,
    select,
)
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput
from clusterctl.model.states import JobState

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.filters import Filter
    from clusterctl.model.pictures import JobStory
    from clusterctl.model.selection import Selection

app = Verbs()
MOST_CARDS = 100
MOST_ROWS = 500  # unless told otherwise; numbers for the next program are never cut off unasked


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
    filter: FilterOption = None,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Also what ended more than an hour ago.")] = False,
    sort: SortOption = "",
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=listing.MOST,
            metavar="N",
            help="Most rows; how many more there are is said. Default: 500; of ids all.",
        ),
    ] = None,
    form: FormOption = None,
) -> None:
    """List jobs: what runs, waits, or ended within the hour.

    $ clusterctl jobs
    $ clusterctl jobs --state pending,held
    $ clusterctl jobs --filter 'name:train* wait>10m -tenant:physics'
    $ clusterctl jobs array:42 -o json
    $ clusterctl jobs --all --sort -cpus   # the largest first

    The terms of a filter must all hold: FIELD:VALUE, with * and ?, or several VALUES between commas; -FIELD:VALUE for
    all others; FIELD>AMOUNT; or a part of the name, the command or the number. FIELD: one of the JSON, age, wait, ran.
    """
    import msgspec

    from clusterctl import views
    from clusterctl.cli.display.job_rows import JOBS

    given = {"states": read_states(states), "tenant": tenant, "name": name}
    wanted, keys = listing.read_filter(JOBS, filter), listing.read_sort(JOBS, sort)
    most = limit or (listing.MOST if form == "ids" else MOST_ROWS)
    with invocation(ctx).cluster() as cluster:
        chosen = listed(cluster, selectors, wanted, everything=everything)
        found = views.JobList(jobs=(), more=0)
        if chosen is not None:
            found = views.queue(cluster, msgspec.structs.replace(chosen, **given), most, keys)
            if not found.jobs and (chosen.ranges or chosen.array_id is not None):
                # Are there no such jobs, or did the filters take them all?
                refuse_unknown(selectors, chosen.ranges, all_named(cluster, chosen))
    listing.show(JOBS, found.jobs, form, more=found.more)
    if found.has_older:
        sys.stderr.write("… and others that ended more than an hour ago; --all shows them\n")


def listed(cluster: Cluster, words: list[str], wanted: Filter | None, *, everything: bool) -> Selection | None:
    """What selectors mean in a list: ``all`` is here all that there ever were. None: nothing, no numbers on stdin."""
    from clusterctl.model.selection import Selection

    everything = everything or words == ["all"]
    return (
        Selection(everything=everything, filter=wanted) if everything or not words else select(cluster, words, wanted)
    )


def read_states(text: str) -> tuple[str, ...]:
    """States from a list with commas. Raises BadInput for a word that is none."""
    words = tuple(word.strip().lower() for word in text.split(",") if word.strip())
    known = [state.value for state in JobState]
    for word in words:
        if word not in known:
            raise BadInput(f"no such state: {word!a}", f"one of {', '.join(known)}")
    return words


@app.verb()
def job(
    ctx: typer.Context,
    selectors: SelectorArgument = [],  # noqa: B006  # as above
    *,
    filter: FilterOption = None,
    form: PictureFormOption = "table",
) -> None:
    """Show all about a job: why it waits, how it went.

    $ clusterctl job 42
    $ clusterctl job last -o json
    $ clusterctl job --filter 'state:running ran>1h'

    The JSON is an object for a single job, and a list for any other selector.
    """
    from clusterctl import views
    from clusterctl.cli.display.job_card import show_card

    wanted = read_wanted(selectors, filter)
    with invocation(ctx).cluster() as cluster:
        ids = chosen_ids(cluster, selectors, wanted)
        if len(ids) > MOST_CARDS:
            raise BadInput(f"those are {len(ids):,} jobs", "`clusterctl jobs` lists them in rows")
        stories = views.stories(cluster, ids)
        outputs = {each.job_id: each for each in views.outputs(cluster, ids)} if form != "json" else {}
    if form == "json":
        plain = [plain_story(story) for story in stories]
        listing.show_plain(plain[0] if names_one(selectors) else plain)
        return
    for number, story in enumerate(stories):
        sys.stdout.write("\n" if number else "")
        output = outputs.get(story.job.id)
        show_card(story, f"{output.path} on {output.hostname}" if output else "")


def plain_story(story: JobStory) -> dict[str, Any]:
    """The job's own fields, and beside them what is known besides."""
    plain: dict[str, Any] = listing.plain_of(story)
    return {**plain.pop("job"), **plain}
