"""``python -m agentd``: be a worker here, in the foreground, until told to stop."""

from __future__ import annotations

import argparse
import logging
import random
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from agentd import machine
from agentd.disk import Disk
from agentd.logs.places import Places
from agentd.logs.server import LogServer
from agentd.loop import Agent
from agentd.output import can_punch
from agentd.processes import RealProcesses
from agentd.sampler import Sampler
from clusterctl import live, units
from clusterctl.clock import Bell, SystemClock
from clusterctl.daemon import Signals, keep_running, live_as, tell_systemd
from clusterctl.live import bell as bells
from clusterctl.model.errors import NameTaken, Refused
from clusterctl.model.registration import Registration
from clusterctl.model.validity import check_worker
from clusterctl.settings import Settings
from clusterctl.store.connection import Database

SHORTEST_ANSWER, LONGEST_ANSWER = 0.5, 15.0  # seconds; the shortest for those who leave no margin at all

log = logging.getLogger(__name__)


def main() -> int:
    """Parse, prepare, run; the exit code."""
    arguments = parse()
    return live_as("agentd", lambda settings: run(settings, arguments))


def parse() -> argparse.Namespace:
    """The daemon's own flags; everything else is a setting."""
    parser = argparse.ArgumentParser(prog="agentd", description="The agent of one worker of a clusterctl cluster.")
    parser.add_argument("--name", default=socket.gethostname(), help="the worker's name (default: the hostname)")
    parser.add_argument("--cpus", type=amount(units.parse_cpus), help="CPUs to offer (default: all that we may use)")
    parser.add_argument("--memory", type=amount(units.parse_memory), help="memory to offer (default: all)")
    parser.add_argument("--gpus", type=int, default=0, help="GPUs to offer")
    parser.add_argument("--spool", type=Path, help="where journals and output lie (default: in the state directory)")
    parser.add_argument("--label", action="append", default=[], type=label, metavar="K=V", help="what jobs may ask for")
    parser.add_argument("--stop-jobs", action="store_true", help="on SIGTERM end the jobs instead of leaving them")
    return parser.parse_args()


def amount(parse_amount: Callable[[str], int]) -> Callable[[str], int]:
    """*parse_amount*, with its sentence told by argparse."""

    def parsed(text: str) -> int:
        try:
            return parse_amount(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parsed


def label(text: str) -> tuple[str, str]:
    """``key=value``."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"a label is key=value, not {text!r}")
    return key, value


def run(settings: Settings, arguments: argparse.Namespace) -> None:
    """Live until a signal. Raises BadInput, NameTaken, SchemaMismatch and Refused."""
    check_worker(arguments.name, arguments.gpus, dict(arguments.label))  # before it names a directory
    bell, orders, clock = Bell(), Bell(), SystemClock()
    spool: Path = (arguments.spool or settings.state_dir / "spool" / arguments.name).absolute()
    processes = take_spool(spool, arguments, settings)
    if settings.output_cap and not can_punch(spool):
        log.warning("files in %s cannot lose their middle: output_cap is not kept", spool)
    logs = serve_logs(settings, spool, processes)
    redis = live.Connection(settings.redis_url, settings.redis_prefix)
    db = connect(settings, arguments.name)
    with Signals(bell) as signals:
        agent = Agent(
            settings,
            describe(arguments, spool, logs),
            db=db,
            redis=redis,
            processes=processes,
            sampler=Sampler(),
            clock=clock,
            orders=orders,
            asked_now=signals.asked_now,
            look_for_trouble=Disk(spool).trouble,
            chance=random.random,
        )
        listener = live.Listener(redis, [bells.worker(arguments.name)], orders, chance=random.random).start()
        tell_systemd("READY=1")
        keep_running(
            agent.cycle,
            every=settings.beat_every,
            clock=clock,
            bell=bell,
            stop=signals.stopping,
            chance=random.random,
            sockets=lambda: (orders.fileno(), processes.fileno()),
        )
        tell_systemd("STOPPING=1")
        listener.close()
        agent.leave(stop_jobs=arguments.stop_jobs)
    if logs:
        logs.close()
    db.close()


def serve_logs(settings: Settings, spool: Path, processes: RealProcesses) -> LogServer | None:
    """What serves the output in *spool*; None, and a warning, if it cannot: jobs matter more."""
    running = processes.running()  # a live view: threads may ask it whether it holds a number, and nothing else
    try:
        return LogServer(Places(spool, lambda id: id in running), settings.logs_host, settings.logs_port)
    except OSError as error:
        log.warning("no output is served on %s:%d: %s", settings.logs_host, settings.logs_port, error.strerror)
    return None


def describe(arguments: argparse.Namespace, spool: Path, logs: LogServer | None) -> Registration:
    """This worker, as it registers."""
    described = machine.describe(
        name=arguments.name,
        spool=spool,
        cpu_milli=arguments.cpus,
        memory_mb=arguments.memory,
        gpus=arguments.gpus,
        labels=dict(arguments.label),
    )
    return replace(described, logs_url=logs.url, logs_token=logs.token) if logs else described


def connect(settings: Settings, name: str) -> Database:
    """A connection that cannot hold the leader up: an agent that is stopped within a transaction loses it."""
    return Database(
        settings.database_url,
        name=f"agentd {name}",
        idle_in_transaction_session_timeout="3s",
        lock_timeout="5s",
        statement_timeout="10s",
        answer_within=answer_within(settings),
        plan_cache_mode="force_generic_plan",  # to plan an exchange anew takes longer than to hold it
    )


def answer_within(settings: Settings) -> float:
    """Seconds for which Postgres may be silent within an exchange.

    As long as one waits, nobody sees to the job of a supervisor that has died, whose lease may run out meanwhile. The
    leader leaves the margin for that: half of it at most is spent in waiting.
    """
    return max(SHORTEST_ANSWER, min(LONGEST_ANSWER, settings.lease_margin / 2))


def take_spool(spool: Path, arguments: argparse.Namespace, settings: Settings) -> RealProcesses:
    """The spool and what runs from it. An agentd that is already there is the same worker: NameTaken."""
    try:
        return RealProcesses(
            spool,
            worker=arguments.name,
            gpus=arguments.gpus,
            output_cap_mb=settings.output_cap,
            keep_logs_s=settings.keep_logs,
        )
    except Refused as refused:
        raise NameTaken(f"worker {arguments.name!r} already runs here: {refused}", refused.hint) from None
    except OSError as error:
        trouble = f"the spool {spool} cannot be used: {error.strerror}: {error.filename}"
        raise Refused(trouble, "choose another --spool") from None


if __name__ == "__main__":
    sys.exit(main())
