"""What an agent says of itself when it registers, and at every beat."""

from __future__ import annotations

import msgspec

from clusterctl.model.orders import Holding
from clusterctl.model.resources import Resources
from clusterctl.model.states import AdminState


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """Who the agent is (``agent_id``: kept in its spool) and what its machine has.

    ``logs_url``: where it serves output, empty if it does not, to those who know ``logs_token``, which is a secret.
    """

    name: str
    agent_id: str
    machine_id: str
    boot_id: str
    hostname: str
    version: str
    spool: str
    capacity: Resources
    labels: dict[str, str] = {}
    logs_url: str = ""
    logs_token: str = ""


class Registered(msgspec.Struct, frozen=True):
    """The answer: under which number and incarnation to write from now on, and with what capacity.

    The capacity may be more than was registered: it never shrinks below what the worker holds.
    """

    worker_id: int
    incarnation: int
    cpu_milli: int
    memory_mb: int
    gpus: int


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker's jobs and its agent use, together; ``age_s``: as it was so long ago, when this is said."""

    used_milli: int
    memory_mb: int
    load1: float
    age_s: float = 0.0


class Synced(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a beat: what Postgres says that this worker holds."""

    admin_state: AdminState
    holdings: tuple[Holding, ...]
