"""What to do about the difference between what Postgres says that this worker holds and what runs here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from clusterctl.model.orders import End, Holding
from clusterctl.model.states import AllocationStatus, Outcome


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Each allocation stands in at most one of these."""

    stop: tuple[tuple[int, Outcome], ...] = ()  # asked to end, and still running
    recall: frozenset[str] = frozenset()  # tokens of starts that were won without our hearing of it
    missing: tuple[End, ...] = ()  # that nobody here knows of, and what their ends are if no trace of them is found
    strangers: tuple[int, ...] = ()  # running, and not ours to run, any more or under this token


def reconcile(
    holdings: Iterable[Holding],
    running: Mapping[int, str],
    knows: Callable[[int, str], bool],
    doubtful: Collection[str],
) -> Difference:
    """Compare.

    *running*: tokens by allocation; *knows*: this attempt runs, or its end is on its way; *doubtful*: tokens whose
    answer was lost. A token tells two attempts apart that have the same number: a database that was restored gives
    numbers out again.

    What is allocated under a token that nobody here used, and stands in no journal, never became a process, unless
    somebody has deleted the journal: journals are written before processes are made.
    """
    held = list(holdings)
    allocated = [holding for holding in held if holding.status is AllocationStatus.ALLOCATED]
    unknown = [
        (holding, holding.start_token)
        for holding in allocated
        if holding.start_token is not None and not knows(holding.allocation_id, holding.start_token)
    ]
    ours = {(holding.allocation_id, holding.start_token) for holding in allocated}
    return Difference(
        stop=tuple(
            (holding.allocation_id, holding.stop)
            for holding in allocated
            if holding.stop is not None and running.get(holding.allocation_id) == holding.start_token
        ),
        recall=frozenset(token for _, token in unknown if token in doubtful),
        missing=tuple(end_of_unknown(holding, token) for holding, token in unknown if token not in doubtful),
        strangers=tuple(sorted(id for id, _ in running.items() - ours)),
    )


def end_of_unknown(holding: Holding, token: str) -> End:
    """The end of an attempt that stands in no journal. A reboot ended it, whatever became of the journals."""
    rebooted = holding.rebooted
    return End(
        allocation_id=holding.allocation_id,
        start_token=token,
        outcome=holding.stop or (Outcome.WORKER_REBOOTED if rebooted else Outcome.NEVER_STARTED),
        detail="the machine was started anew" if rebooted else "the agent died before it could start it",
    )
