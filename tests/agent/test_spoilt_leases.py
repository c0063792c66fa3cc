"""What leases are counted from is a file in the spool, and may be spoilt as any other."""

from __future__ import annotations

import math
import os
import signal
import struct
from pathlib import Path

import pytest

from agentd.journal import boottime
from clusterctl.model.states import Outcome
from tests.agent.rig import Rig, RigMaker, shell
from tests.agent.test_leases import LEASE, next_alarm, write_synced
from tests.until import until

FOREVER = "sleep 1000"
SOON = 5.0  # seconds: there must be time for what comes before, also on a busy machine
SPOILT = {"empty": b"", "short": b"abc", "far": struct.pack("d", 1e300), "no number": struct.pack("d", math.nan)}


@pytest.fixture
def rigs(make_rig: RigMaker, tmp_path: Path) -> dict[str, Rig]:
    """One for each way to spoil the file, with a job under a lease, and one without; what they write is not capped."""
    found = {how: make_rig(tmp_path / how, output_cap_mb=0) for how in SPOILT}
    for rig in found.values():
        rig.start(shell(1, FOREVER, lease_s=LEASE), shell(2, FOREVER))
    return found


def lease_ends_soon(rig: Rig) -> int:
    """The first job's supervisor has heard of no sync for almost as long as the lease; its pid."""
    supervisor = rig.running(1).supervisor_pid
    write_synced(rig, boottime() - LEASE + SOON)
    os.kill(supervisor, signal.SIGCHLD)
    until(lambda: 0 < next_alarm(supervisor) <= SOON, what="it to look at the time")
    return supervisor


def spoil(rig: Rig, how: str) -> None:
    """Somebody does."""
    (rig.spool / "synced").write_bytes(SPOILT[how])


def test_a_lease_holds_though_somebody_has_spoilt_what_it_is_counted_from(rigs: dict[str, Rig]) -> None:
    supervisors = {}
    for how, rig in rigs.items():
        supervisors[how] = lease_ends_soon(rig)
        spoil(rig, how)
        rig.processes.renew(boottime())
    for how, rig in rigs.items():
        until(lambda: next_alarm(supervisors[how]) > LEASE / 2, what=f"{how}: the alarm for the new end")  # noqa: B023 - asked at once
        rig.listen()
        assert 1 in rig.processes.running(), how


def test_a_lease_runs_out_though_somebody_has_spoilt_what_it_is_counted_from(rigs: dict[str, Rig]) -> None:
    for how, rig in rigs.items():
        lease_ends_soon(rig)
        spoil(rig, how)
    for how, rig in rigs.items():
        assert rig.end_of(1).outcome == Outcome.LEASE_EXPIRED, how
        assert 2 in rig.processes.running(), how
