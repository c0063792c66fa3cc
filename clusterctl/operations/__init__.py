"""The operator's verbs: from a request to a result, whoever asks.

Each makes the change in Postgres first, then rings the bell of whom it concerns. A bell that nobody hears costs a
second, never the change. Each is ``served``, as ``views`` are; who asks is
``Cluster.caller``. Never prints, and never decides what schedd decides.
"""

from clusterctl.operations.jobs import cancel, foresee, submit
from clusterctl.operations.mending import mend
from clusterctl.operations.schema import migrate
from clusterctl.operations.workers import administer, confirm_dead

__all__ = ["administer", "cancel", "confirm_dead", "foresee", "mend", "migrate", "submit"]
