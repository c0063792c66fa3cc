"""What holds resources or jobs for no reason: how one knows, and what lets them go."""

from __future__ import annotations

from clusterctl.tui.painters.findings import STUCK
from clusterctl.tui.screens.findings import FindingsScreen


class StuckScreen(FindingsScreen):
    """Findings that are stuck."""

    name_of = "stuck"
    title = "Stuck"
    columns = STUCK
    stuck_only = True
    nothing = "nothing is stuck: all that is held is held for a reason"
    faults_filter = "severity:critical"
