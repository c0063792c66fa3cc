"""All that is wrong with the cluster, worst first."""

from __future__ import annotations

from clusterctl.tui.painters.findings import DOCTOR
from clusterctl.tui.screens.findings import FindingsScreen


class DoctorScreen(FindingsScreen):
    """All findings, and what could not be looked at."""

    name_of = "doctor"
    title = "Doctor"
    columns = DOCTOR
    stuck_only = False
    nothing = "no findings: the cluster is well"
    faults_filter = "severity:critical,warning"
