"""Who is silent, who may be lost, and when so many are silent that we rather doubt our own ears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clusterctl.model.liveness import Pulse, Standing, Verdict
from clusterctl.model.states import LiveState

LEAST_FOR_A_CROWD = 4  # workers; of fewer, half is one machine


def judge(pulses: Sequence[Pulse], silence: Mapping[int, float], *, silent_after: float, lost_after: float) -> Verdict:
    """What *silence* (worker id → seconds of it) means.

    No allocation of a worker is lost before it says so itself; *lost_after*, the shortest of all that may be
    written into one, only saves the question.
    """
    quiet = [pulse for pulse in pulses if silence.get(pulse.worker_id, 0.0) > silent_after]
    overdue = {
        pulse.worker_id: Standing(pulse.beat, silence[pulse.worker_id])
        for pulse in quiet
        if pulse.live_state is LiveState.SILENT and silence[pulse.worker_id] > lost_after
    }
    withheld = is_crowd(pulses, {pulse.worker_id for pulse in quiet})
    return Verdict(
        silent={pulse.worker_id: pulse.beat for pulse in quiet if pulse.live_state is LiveState.UP},
        overdue={} if withheld else overdue,
        withheld=tuple(sorted(pulse.name for pulse in pulses if pulse.worker_id in overdue)) if withheld else (),
    )


def is_crowd(pulses: Sequence[Pulse], quiet: frozenset[int] | set[int] = frozenset()) -> bool:
    """Whether more than half of the workers are silent at once: rather a cut network than so many deaths.

    Workers that signed off say nothing about the network, and lost ones said it long ago. *quiet*: worker ids that are
    silent whatever their rows say yet.
    """
    asked = [pulse for pulse in pulses if not pulse.stopped and pulse.live_state is not LiveState.LOST]
    silent = [pulse for pulse in asked if pulse.live_state is LiveState.SILENT or pulse.worker_id in quiet]
    return len(asked) >= LEAST_FOR_A_CROWD and 2 * len(silent) > len(asked)
