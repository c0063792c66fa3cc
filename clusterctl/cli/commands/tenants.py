"""``tenants``: who wants, holds and waits for how much."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from clusterctl.cli.display import listing
from clusterctl.cli.display.listing import FormOption, LimitOption, SortOption, filter_option
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs

app = Verbs()


@app.verb()
def tenants(
    ctx: typer.Context,
    *,
    filter: Annotated[str | None, filter_option("oldest_wait>10m jobs.held:0", "name:physics*")] = None,
    sort: SortOption = "",
    limit: LimitOption = 500,
    form: FormOption = None,
) -> None:
    """List the tenants: what each wants, holds and waits for, and how evenly it is shared.

    $ clusterctl tenants
    $ clusterctl tenants --sort -dominant_share
    $ clusterctl tenants --filter 'oldest_wait>10m' -o json
    $ clusterctl tenant sim   # one of them, and what it may have

    SHARE is of the kind of which the tenant holds most: reserved and allocated, of the workers that are up. RECENT is
    the same of what it has held of late. Both are divided by its WEIGHT, and among equal priorities the tenant for
    which they are least together is next. Behind a slash stands what it may have. OLDEST is how long its oldest job
    waits that could start now. P50 and P95 are how long its jobs had waited that were started within the hour, since
    they were submitted.
    """
    from clusterctl import views
    from clusterctl.cli.display.tenant_rows import TENANTS

    wanted = listing.read_filter(TENANTS, filter)
    listing.read_sort(TENANTS, sort)
    with invocation(ctx).cluster() as cluster:
        found = views.tenant_list(cluster)
    listing.show_chosen(TENANTS, found.tenants, form, wanted=wanted, sort=sort, limit=limit)
    if found.sharers > 1:
        sys.stderr.write(f"fairness {found.jain:.2f} among the {found.sharers} that hold or wait (Jain; 1 is even)\n")
