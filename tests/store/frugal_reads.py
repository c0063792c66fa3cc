"""What the console asks, and what schedd writes for it, over connections that read no table from end to end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clusterctl.model.looks import Want
from clusterctl.store import history
from clusterctl.store.console import audit, claims, jobs, services, sums, workers
from tests.store.onlooker import filter_of

CALLS: dict[str, Callable[[Any], object]] = {
    "history": lambda crowd: history.record(crowd.db, crowd.term, 15),
    "console: sums": lambda crowd: sums.read(crowd.db, 15),
    "console: workers": lambda crowd: workers.page(crowd.db, Want(), reported_within_s=120),
    "console: jobs": lambda crowd: jobs.page(crowd.db, Want(), live=crowd.finished),
    "console: some jobs": lambda crowd: jobs.page(crowd.db, Want(filter=filter_of("jobs", "state:running")), live=0),
    "console: jobs in order": lambda crowd: jobs.page(crowd.db, Want(sort=("-cpus",)), live=0),
    "console: claims": lambda crowd: claims.page(crowd.db, Want()),
    "console: newest claims": lambda crowd: claims.newest(crowd.db),
    "console: services": lambda crowd: services.page(crowd.db, Want(), reported_within_s=120),
    "console: audit": lambda crowd: audit.page(crowd.db, Want()),
}
