"""Who starts where, and why the others wait: ``plan(snapshot) -> Plan``.

Law: everything here is a function of a Snapshot. Never a database, a network, a clock or chance: ``schedd``
obeys a plan, ``explain`` answers with it, ``simulate`` foresees with it, and all three must see the same.
"""

from clusterctl.scheduling.candidates import candidate_table
from clusterctl.scheduling.filters import Refusals, refusals
from clusterctl.scheduling.policies import POLICIES
from clusterctl.scheduling.round import plan

__all__ = ["POLICIES", "Refusals", "candidate_table", "plan", "refusals"]
