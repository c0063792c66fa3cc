"""``audit``: who did what, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clusterctl.cli.display import listing, log_tail
from clusterctl.cli.display.listing import FormOption, SortOption, filter_option
from clusterctl.cli.display.log_tail import FollowOption, NewestOption, SinceOption
from clusterctl.cli.input.one_job import OneJobOption, number_of
from clusterctl.cli.input.worker_options import OneWorkerOption
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.audit import AuditChoice, AuditList, AuditPicture

app = Verbs()


@app.verb()
def audit(
    ctx: typer.Context,
    *,
    follow: FollowOption = False,
    job: OneJobOption = None,
    worker: OneWorkerOption = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who did it.")] = None,
    verb: Annotated[str | None, typer.Option(metavar="VERB", help="What was done: cancel, drain, mend.")] = None,
    since: SinceOption = None,
    filter: Annotated[str | None, filter_option("verb:cancel actor:ada", "subject:worker:w1 age<1d")] = None,
    sort: SortOption = "",
    limit: NewestOption = None,
    form: FormOption = None,
) -> None:
    """List who did what, to what, and why they said they did.

    $ clusterctl audit
    $ clusterctl audit --job 42 -o json
    $ clusterctl audit --by ada --since 1d
    $ clusterctl audit --verb drain --worker w1

    Newest last, of any age unless --since says otherwise. In a table, what was done to many things at one stroke is one
    line, and its number stands in brackets: job:7-12 (6). For programs each of them has its row. Agents are in it, too:
    late_report is what one said of an attempt that had been given up.
    """
    from clusterctl import views
    from clusterctl.cli.display.audit_rows import AUDIT
    from clusterctl.model.audit import AuditChoice

    chosen = listing.read_filter(AUDIT, filter)
    most = log_tail.most_rows(AUDIT, limit, follow=follow, sort=sort)
    with invocation(ctx).cluster() as cluster:
        wanted = AuditChoice(
            job_id=number_of(cluster, job),
            worker=worker,
            actor=by,
            verb=verb,
            since_s=since,
            filter=chosen,
            folded=listing.is_for_people(form) and not sort,
        )
        found = views.audit_log(cluster, wanted, most)
        log_tail.narrate(found.reach, "the audit", since)
        if follow:
            log_tail.follow(log_tail.Roll(AUDIT, form), found.entries, looks(cluster, wanted, found))
            return
    log_tail.show_log(AUDIT, found.entries, form, sort=sort, limit=limit, more=found.reach.more)


def looks(cluster: Cluster, wanted: AuditChoice, found: AuditList) -> Callable[[], Sequence[AuditPicture]]:
    """What is new since *found*, again and again."""
    from clusterctl import views

    mark = found.reach.mark
    told = {entry.id for entry in found.entries}

    def look() -> Sequence[AuditPicture]:
        nonlocal mark
        news = views.audit_news(cluster, wanted, mark)
        mark = news.mark
        return [entry for entry in news.entries if entry.id not in told]

    return look
