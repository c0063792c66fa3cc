"""What leases are counted from is a file in the spool, and may be spoilt as any other."""

from __future__ import annotations

import math
import struct
import time
from pathlib import Path

from agentd.journal import boottime
from clusterctl.model.states import Outcome
from tests.agent.rig import RigMaker, shell

FOREVER = "sleep 1000"


LEASE = 6  # seconds: a busy machine must have time to renew it
SPOILT = {"empty": b"", "short": b"abc", "far": struct.pack("d", 1e300), "no number": struct.pack("d", math.nan)}


def test_leases_hold_and_run_out_though_somebody_spoils_what_they_are_counted_from(
    make_rig: RigMaker, tmp_path: Path
) -> None:
    rigs = {how: make_rig(tmp_path / how) for how in SPOILT}

    def renew_all() -> None:
        for how, rig in rigs.items():
            (rig.spool / "synced").write_bytes(SPOILT[how])
            rig.processes.renew(boottime())

    for rig in rigs.values():
        renew_all()
        rig.start(shell(1, FOREVER, lease_s=LEASE), shell(2, FOREVER))
    began = time.monotonic()
    while time.monotonic() < began + LEASE + 0.5:
        renew_all()
        for rig in rigs.values():
            rig.listen()
    for how, rig in rigs.items():
        assert 1 in rig.processes.running(), how
        (rig.spool / "synced").write_bytes(SPOILT[how])
    for how, rig in rigs.items():
        assert rig.end_of(1).outcome == Outcome.LEASE_EXPIRED, how
        assert 2 in rig.processes.running(), how
