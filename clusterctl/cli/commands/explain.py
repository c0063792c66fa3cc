"""``explain``: why a job is where it is."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from clusterctl.cli.display import listing
from clusterctl.cli.display.listing import PictureFormOption
from clusterctl.cli.input.selectors import SelectorArgument, chosen_ids, means_service, names_one
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput

app = Verbs()
MOST_CARDS = 20


@app.verb()
def explain(
    ctx: typer.Context,
    selectors: SelectorArgument,
    history: Annotated[bool, typer.Option("--history", help="Also how long each reason has delayed it.")] = False,
    form: PictureFormOption = "table",
) -> None:
    """Say why a job is where it is, when it may start, and what would start it now.

    $ clusterctl explain 42
    $ clusterctl explain 42 --history
    $ clusterctl explain last -o json
    $ clusterctl explain service:web                        # its replica that is worst off, and all in a table
    $ clusterctl submit --dry-run --memory 64G -- ./train   # the same, before submitting

    The JSON is an object for a single job, and a list for any other selector.
    """
    from clusterctl import views
    from clusterctl.cli.display.explanation_card import show_card

    with invocation(ctx).cluster() as cluster:
        ids = chosen_ids(cluster, selectors)
        whole_service = means_service(selectors)
        if whole_service:
            ids = ids[:1]  # any of its replicas stands for it
        if len(ids) > MOST_CARDS:
            raise BadInput(f"those are {len(ids):,} jobs", f"name at most {MOST_CARDS}; `clusterctl jobs` has reasons")
        told = [views.explain(cluster, id, history=history, whole_service=whole_service) for id in ids]
    if form == "json":
        plain = [listing.plain_of(each) for each in told]
        listing.show_plain(plain[0] if names_one(selectors) else plain)
        return
    for number, each in enumerate(told):
        sys.stdout.write("\n" if number else "")
        show_card(each)
