"""The operator's verbs: from a request to a result, whoever asks.

Each makes the change in Postgres first, then rings the bell of whom it concerns. A bell that nobody hears costs a
second, never the change. Each is ``served``, as ``views`` are; who asks is
``Cluster.caller``. Never prints, and never decides what schedd decides.
"""

from typing import TYPE_CHECKING

from clusterctl.door.lazily import lazily

# Every name stands here three times: for the type checker, for a command that must not import them all, and to be
# found by schedd's door, which does.
if TYPE_CHECKING:
    from clusterctl.operations.handing_in import requeue, submit, submit_many
    from clusterctl.operations.jobs import cancel, hold, release
    from clusterctl.operations.mending import mend
    from clusterctl.operations.proposals import carry_out, propose
    from clusterctl.operations.pruning import announce_prune, prune
    from clusterctl.operations.reports import report
    from clusterctl.operations.schema import migrate
    from clusterctl.operations.services import restart, scale
    from clusterctl.operations.steering import steer, unsteer
    from clusterctl.operations.tenants import grant
    from clusterctl.operations.workers import administer, confirm_dead, forget, label
else:
    __getattr__ = lazily(
        __name__,
        {
            "handing_in": "requeue submit submit_many",
            "jobs": "cancel hold release",
            "mending": "mend",
            "proposals": "carry_out propose",
            "pruning": "announce_prune prune",
            "reports": "report",
            "schema": "migrate",
            "services": "restart scale",
            "steering": "steer unsteer",
            "tenants": "grant",
            "workers": "administer confirm_dead forget label",
        },
    )

__all__ = [
    "administer",
    "announce_prune",
    "cancel",
    "carry_out",
    "confirm_dead",
    "forget",
    "grant",
    "hold",
    "label",
    "mend",
    "migrate",
    "propose",
    "prune",
    "release",
    "report",
    "requeue",
    "restart",
    "scale",
    "steer",
    "submit",
    "submit_many",
    "unsteer",
]
