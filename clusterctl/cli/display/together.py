"""The outputs of several jobs, each line behind its job's number."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from clusterctl.cli.display.following import LATEST, Following, Questions
from clusterctl.cli.display.narration import tell
from clusterctl.cli.display.reading import Wanted, show_job
from clusterctl.cli.display.writing import Labelled
from clusterctl.model.errors import BadInput, ClusterError, NotFound, Outage, Refused

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster

MOST = 50  # jobs that are followed at once
EACH = 0.05  # seconds for each job, between two looks at the same: agents have few connections to give

Outcome = BaseException | None


def follow(cluster: Cluster, ids: Sequence[int], wanted: Wanted) -> list[ClusterError]:
    """Follow *ids* until all have ended; what kept us from some of them. Raises BadInput for too many."""
    from clusterctl.output.reader import Readers

    if len(ids) > MOST:
        raise BadInput(f"{len(ids):,} jobs cannot be followed at once", f"name {MOST} at most")
    outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    lock, questions, latest = threading.Lock(), Questions(cluster, wanted), max(LATEST, EACH * len(ids))
    with Readers() as readers:
        for job_id in ids:
            sink = Labelled(str(job_id), lock)
            following = Following(job_id, questions, readers, sink, longest_wait=0, latest=latest)
            work = partial(finish, partial(following.run, wanted), sink, outcomes)
            # Daemons: after a Ctrl-C nobody waits for what they wait for.
            threading.Thread(target=work, daemon=True).start()
        return [error for error in (told(outcomes.get()) for _ in ids) if error]


def show(cluster: Cluster, ids: Sequence[int], wanted: Wanted) -> list[ClusterError]:
    """What *ids* have written by now, one after the other; what kept us from some of them."""
    lock = threading.Lock()
    troubles: list[ClusterError] = []
    for job_id in ids:
        try:
            with closing(Labelled(str(job_id), lock)) as sink:
                show_job(cluster, job_id, wanted, sink)
        except (NotFound, Outage, Refused) as trouble:
            troubles.append(trouble)
            tell(f"clusterctl: error: {trouble}")
    return troubles


def finish(run: Callable[[], None], sink: Labelled, outcomes: queue.SimpleQueue[Outcome]) -> None:
    """*run*, and how that ended."""
    try:
        with closing(sink):
            run()
    except BaseException as error:  # noqa: BLE001 - whatever it is, the thread that waits for us raises it
        outcomes.put(error)
    else:
        outcomes.put(None)


def told(outcome: Outcome) -> ClusterError | None:
    """What is wrong with one job, narrated; whatever else it is, is everybody's and raised."""
    if isinstance(outcome, ClusterError):
        tell(f"clusterctl: error: {outcome}")
        return outcome
    if outcome is not None:
        raise outcome
    return None
