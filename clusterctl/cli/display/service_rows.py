"""Services as rows of a listing."""

from __future__ import annotations

from clusterctl.cli.display.ages import span
from clusterctl.cli.display.colours import STATES
from clusterctl.cli.display.listing import Listing, plain_of
from clusterctl.cli.display.table import Cell, Column
from clusterctl.model.services import ServicePicture
from clusterctl.units import about_memory, format_cpus
from clusterctl.wording import services
from clusterctl.wording.services import command, latency, rate, ready_of, waiting_of

# How a service stands, by the job's state of which it reminds: the palette is one.
LIKE = {
    "ready": "running",
    "restarting": "scheduled",
    "partly": "pending",
    "unready": "pending",
    "silent": "pending",
    "starting": "scheduled",
    "waiting": "pending",
    "held": "held",
    "ended": "cancelled",
}


def state_of(service: ServicePicture) -> Cell:
    """How it stands; of one that is being stopped for good, that."""
    return Cell(services.state_of(service), STATES.get(LIKE[service.state]))


def running_of(service: ServicePicture) -> int:
    """How many run, or rest between two runs."""
    return service.replicas.running


COLUMNS: list[Column[ServicePicture]] = [
    Column("ID", lambda service: str(service.id), right=True),
    Column("NAME", lambda service: service.name, least=8),
    Column("STATE", state_of),
    Column("READY", ready_of, right=True),
    Column("RUNNING", lambda service: str(running_of(service)), right=True),
    Column("WAITING", lambda service: str(waiting_of(service)), right=True),
    Column("HELD", lambda service: str(service.replicas.held), right=True, wide=True),
    Column("RESTARTS", lambda service: str(service.restarts), right=True),
    Column("P99", latency, right=True, spare=True),
    Column("VIOLATIONS", rate, right=True, wide=True),
    Column("GENERATION", lambda service: str(service.generation), right=True, wide=True),
    Column("EVERYWHERE", lambda service: "yes" if service.every_worker else "no", wide=True),
    Column("TENANT", lambda service: service.tenant, least=5, spare=True),
    Column("USER", lambda service: service.user, wide=True),
    Column("PRIO", lambda service: str(service.priority), right=True, wide=True),
    Column("CPUS", lambda service: format_cpus(round(service.cpus * 1000)), right=True, wide=True),
    Column("MEM", lambda service: about_memory(service.memory_mb) if service.memory_mb else "-", right=True, wide=True),
    Column("AGE", lambda service: span(service.created_at), right=True),
    Column("COMMAND", command, wide=True),
]
FIELDS = (
    "id name state every_worker replicas.wanted replicas.ready replicas.starting replicas.unready replicas.resting"
    " replicas.silent replicas.scheduled replicas.pending replicas.held replicas.stopping restarts generation current"
    " rolling held_up_by.job_id held_up_by.worker held_up_by.standing slo_p99_ms p99_ms violation_rate requests"
    " violations tenant user priority cpus memory_mb gpus command script_lines created_at ended_at"
)
SERVICES: Listing[ServicePicture] = Listing(
    "services", COLUMNS, plain_of, FIELDS, "id", ServicePicture, {"age": ("created_at", "")}, searched="id name command"
)
