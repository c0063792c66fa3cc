"""What to do about the difference between what Postgres says that this worker holds and what runs here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import msgspec

from clusterctl.model.orders import End, Holding
from clusterctl.model.states import AllocationStatus, Outcome


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Each allocation stands in at most one of these."""

    stop: tuple[tuple[int, Outcome], ...] = ()  # asked to end, and still running
    recall: frozenset[str] = frozenset()  # tokens of starts that were won without our hearing of it
    missing: tuple[End, ...] = ()  # won by an agent that died before it could run them
    strangers: tuple[int, ...] = ()  # running, and no longer ours to run


def reconcile(
    holdings: Iterable[Holding], running: Collection[int], knows: Callable[[int], bool], doubtful: Collection[str]
) -> Difference:
    """Compare. *knows*: the allocation runs, or its end is on its way; *doubtful*: tokens whose answer was lost.

    An allocation that is allocated under a token that nobody here used, and that stands in no journal, never became
    a process: journals are written before processes are made.
    """
    held = list(holdings)
    allocated = [holding for holding in held if holding.status is AllocationStatus.ALLOCATED]
    unknown = [
        (holding, holding.start_token)
        for holding in allocated
        if holding.start_token is not None and not knows(holding.allocation_id)
    ]
    ours = {holding.allocation_id for holding in held}
    return Difference(
        stop=tuple(
            (holding.allocation_id, holding.stop)
            for holding in allocated
            if holding.stop is not None and holding.allocation_id in running
        ),
        recall=frozenset(token for _, token in unknown if token in doubtful),
        missing=tuple(never_started(holding, token) for holding, token in unknown if token not in doubtful),
        strangers=tuple(sorted(set(running) - ours)),
    )


def never_started(holding: Holding, token: str) -> End:
    """The end of an attempt that had no beginning."""
    return End(
        allocation_id=holding.allocation_id,
        start_token=token,
        outcome=holding.stop or Outcome.NEVER_STARTED,
        detail="the agent died before it could start it",
    )
