"""What leases are counted from is a file in the spool, and may be spoilt as any other."""

from __future__ import annotations

import math
import struct
import time

import pytest

from agentd.journal import boottime
from clusterctl.model.states import Outcome
from tests.agent.rig import Rig, shell

FOREVER = "sleep 1000"


@pytest.mark.parametrize("spoilt", [b"", b"abc", struct.pack("d", 1e300), struct.pack("d", math.nan)])
def test_leases_hold_and_run_out_though_somebody_spoils_what_they_are_counted_from(rig: Rig, spoilt: bytes) -> None:
    rig.start(shell(1, FOREVER, lease_s=1), shell(2, FOREVER))
    rig.running(1)
    began = time.monotonic()
    while time.monotonic() < began + 1.5:
        (rig.spool / "synced").write_bytes(spoilt)
        rig.processes.renew(boottime())
        rig.listen()
    assert 1 in rig.processes.running()
    (rig.spool / "synced").write_bytes(spoilt)
    assert rig.end_of(1).outcome == Outcome.LEASE_EXPIRED
    assert 2 in rig.processes.running()
