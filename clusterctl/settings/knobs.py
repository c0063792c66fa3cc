"""The knobs themselves: one line each, from which ``config show`` and the reference page are made."""

# No `from __future__ import annotations` here: the annotations are data, read as the module loads.
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

import msgspec

from clusterctl.settings.places import state_home

DAY = 86_400.0

Placement = Literal["pack", "spread", "service_count", "resource_usage", "slo", "first_fit", "none"]
QueueOrder = Literal["fifo", "priority", "drf"]
UseMeasures = Literal["auto", "never"]
SloWeights = Literal["corrected", "seed", "document"]
Backfill = Literal["easy", "none"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
Unit = Literal["duration", "span", "weight", "memory", "count", "number", "text", "url", "path", "choice"]


class Knob(NamedTuple):
    """What stands beside a field of ``Settings``: how its value is written, and why one would turn it."""

    unit: Unit
    reason: str


def _state_dir() -> Path:
    return state_home() / "clusterctl"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How this program behaves. Durations are seconds, memory is MiB, paths are absolute."""

    database_url: Annotated[
        str, Knob("url", "Postgres, the only truth: `postgresql://…`, or libpq's `key=value` words.")
    ] = "postgresql://localhost/clusterctl"
    redis_url: Annotated[
        str, Knob("url", "Redis or Valkey, which speeds things up: `redis://`, `rediss://`, `unix://`, or `none`.")
    ] = "redis://localhost:6379/0"
    redis_prefix: Annotated[
        str, Knob("text", "Stands before every Redis key, so that clusters can share a server.")
    ] = "cc:"
    state_dir: Annotated[Path, Knob("path", "Where `up` keeps its servers' data, sockets and logs.")] = msgspec.field(
        default_factory=_state_dir
    )
    door: Annotated[
        str, Knob("text", "Socket through which schedd serves commands; empty is `door.sock` in state_dir, or `none`.")
    ] = ""
    door_group: Annotated[
        str, Knob("text", "Group that may use the door, as operators of this cluster; empty is schedd's own user only.")
    ] = ""

    round_every: Annotated[float, Knob("duration", "Longest rest of schedd between two looks at the queue.")] = 1.0
    queue_order: Annotated[QueueOrder, Knob("choice", "Whose turn it is among equal priorities.")] = "drf"
    batch_placement: Annotated[
        Placement, Knob("choice", "Which fitting worker a batch job gets; `none` starts none.")
    ] = "pack"
    service_placement: Annotated[
        Placement, Knob("choice", "Which fitting worker a replica gets; `none` starts none.")
    ] = "resource_usage"
    service_claims_per_round: Annotated[
        int, Knob("count", "Most replicas one worker gets in a round: its load shows only afterwards.")
    ] = 1
    use_measures: Annotated[
        UseMeasures, Knob("choice", "Whether placement looks at measured use, or (`never`) only at what is held.")
    ] = "auto"
    measure_ttl: Annotated[float, Knob("duration", "A measure older than this is as good as none.")] = 120.0
    usage_cpu_weight: Annotated[float, Knob("weight", "How much measured CPU percent count in `resource_usage`.")] = 0.5
    usage_memory_weight: Annotated[
        float, Knob("weight", "How much measured GiB of memory count in `resource_usage`.")
    ] = 0.5
    slo_weights: Annotated[SloWeights, Knob("choice", "By which weights the policy `slo` scores workers.")] = (
        "corrected"
    )
    backfill: Annotated[
        Backfill, Knob("choice", "Whether a worker is kept for the first job that has no room (`easy`), or none is.")
    ] = "easy"
    starve_after: Annotated[
        float, Knob("duration", "A job that has waited so long keeps a worker even if nothing tells when it has room.")
    ] = 600.0
    fair_half_life: Annotated[
        float, Knob("span", "Use of so long ago counts half in the fair order; 0s counts only what is held now.")
    ] = 3600.0
    default_memory: Annotated[
        int, Knob("memory", "What a job without `--memory` reserves; 0 reserves nothing and sets no limit.")
    ] = 0

    beat_every: Annotated[float, Knob("duration", "How often an agent syncs: heartbeat, measures, orders.")] = 5.0
    sample_every: Annotated[float, Knob("duration", "How often an agent measures its jobs and its machine.")] = 5.0
    memory_check_every: Annotated[
        float, Knob("duration", "How often memory limits are checked; a job can exceed its own for so long.")
    ] = 1.0
    sample_to_postgres_every: Annotated[
        float, Knob("duration", "How often a worker's sample is kept in Postgres, for trends.")
    ] = 30.0
    silent_after: Annotated[float, Knob("duration", "A worker unheard for so long gets no new work.")] = 15.0
    heartbeat_ttl: Annotated[float, Knob("duration", "Life of a worker's key in Redis without a refresh.")] = 60.0
    start_timeout: Annotated[
        float, Knob("duration", "A reservation that no agent has started by then is released.")
    ] = 60.0
    lease: Annotated[float, Knob("duration", "A worker cut off from Postgres for so long stops its jobs itself.")] = (
        900.0
    )
    term_grace: Annotated[float, Knob("duration", "From TERM to KILL when a job is stopped.")] = 30.0
    lease_margin: Annotated[
        float, Knob("duration", "Added to lease and grace before a worker is declared lost: for slow clocks.")
    ] = 60.0
    expected_workers: Annotated[
        int, Knob("number", "How many workers should be up; `doctor` tells if there are fewer. 0 expects none.")
    ] = 0
    logs_host: Annotated[
        str, Knob("text", "Address on which agentd serves job output to other machines; loopback unless you say so.")
    ] = "127.0.0.1"
    logs_port: Annotated[
        int, Knob("number", "The port for that, 0 for any that is free: firewalls like a fixed one, a worker each.")
    ] = 0

    cache_sync_every: Annotated[float, Knob("duration", "How often the totals in Redis are rewritten whole.")] = 300.0
    statistics_every: Annotated[float, Knob("duration", "How often a daemon logs its line of statistics.")] = 60.0
    keep_allocations: Annotated[float, Knob("duration", "Released allocations older than this are pruned.")] = 7 * DAY
    keep_jobs: Annotated[float, Knob("duration", "Finished jobs older than this are pruned.")] = 30 * DAY
    keep_claims: Annotated[float, Knob("duration", "Claim log entries older than this are pruned.")] = 7 * DAY
    keep_audit: Annotated[float, Knob("duration", "Audit entries (who did what) older than this are pruned.")] = (
        90 * DAY
    )
    keep_samples: Annotated[float, Knob("duration", "Samples of workers older than this are pruned.")] = 7 * DAY
    history_every: Annotated[
        float, Knob("duration", "How often the leader keeps how the cluster fares, for trends.")
    ] = 15.0
    keep_history: Annotated[float, Knob("duration", "What was kept of how the cluster fared, and is older, goes.")] = (
        30 * DAY
    )
    output_cap: Annotated[
        int, Knob("memory", "What each output of a job may hold of the disk; beyond it loses its middle. 0 is no cap.")
    ] = 1024
    keep_logs: Annotated[float, Knob("duration", "Output in a worker's spool older than this is pruned.")] = 7 * DAY

    log_level: Annotated[LogLevel, Knob("choice", "How much the daemons tell.")] = "info"
    log_format: Annotated[LogFormat, Knob("choice", "Lines for people, or JSON for a collector.")] = "text"
    log_file: Annotated[Path | None, Knob("path", "Where the daemons log, five files of 10 MiB; empty is stderr.")] = (
        None
    )


class Setting(NamedTuple):
    """A knob as data. ``choices`` is empty unless the unit is ``choice``."""

    name: str
    unit: Unit
    choices: tuple[str, ...]
    default: object
    reason: str

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return "CLUSTERCTL_" + self.name.upper()

    @property
    def flag(self) -> str:
        """Its command-line option."""
        return "--" + self.name.replace("_", "-")


def _described() -> Mapping[str, Setting]:
    defaults = Settings()
    hints: dict[str, Any] = get_type_hints(Settings, include_extras=True)
    table = {}
    for name, hint in hints.items():
        kind, knob = get_args(hint)
        choices = get_args(kind) if knob.unit == "choice" else ()
        table[name] = Setting(name, knob.unit, choices, getattr(defaults, name), knob.reason)
    return table


SETTINGS: Mapping[str, Setting] = _described()
