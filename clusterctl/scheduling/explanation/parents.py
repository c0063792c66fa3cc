"""What the jobs that one comes after have to do with it: the same rule as ``tell_dependents`` in the database."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.model.circumstances import Parent
from clusterctl.model.explanation import Explanation
from clusterctl.model.states import TERMINAL, JobState
from clusterctl.scheduling.explanation.spans import numbered


def is_met(parent: Parent) -> bool | None:
    """Whether it has ended as it must; None while it has not ended."""
    if parent.state not in TERMINAL:
        return None
    completed = parent.state == JobState.COMPLETED
    return {"any": True, "ok": completed, "notok": not completed}[parent.condition]


def unmet(parents: Sequence[Parent]) -> tuple[Parent, ...]:
    """Those that have not ended."""
    return tuple(parent for parent in parents if is_met(parent) is None)


def explain_hopeless(name: str, parents: Sequence[Parent]) -> Explanation | None:
    """What becomes of a submission one of whose parents has ended otherwise; None if none has."""
    against = [parent for parent in parents if is_met(parent) is False]
    if not against:
        return None
    how = " and ".join(sorted({str(parent.state) for parent in against}))
    which = numbered(parent.job_id for parent in against)
    return Explanation(
        job_id=None,
        name=name,
        state="cancelled",
        reason="dependency_never",
        headline=f"would be cancelled at once: it comes after {which}, which ended otherwise ({how})",
    )
