"""``up`` and ``down``: a whole cluster on this machine; ``schedd`` and ``agentd``: one of its daemons, here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clusterctl import units
from clusterctl.cli.input.wishes import pair, told
from clusterctl.cli.invocation import Invocation, invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput

if TYPE_CHECKING:
    from clusterctl.launch import Daemon

app = Verbs()
MOST_WORKERS = 100  # of one machine: each is a process of some 50 MB


def checked(parse: Callable[[str], object]) -> Callable[[str], str]:
    """A word that *parse* understands, unchanged: a daemon is told it again, in the same words."""

    def check(text: str) -> str:
        parse(text)
        return text

    return told(check)


@app.verb()
def up(
    ctx: typer.Context,
    *,
    workers: Annotated[
        int, typer.Option(min=0, max=MOST_WORKERS, metavar="N", help="How many; 0 to bring your own.")
    ] = 1,
    cpus: Annotated[
        str | None,
        typer.Option(metavar="N", parser=checked(units.parse_cpus), help="Of each worker: 2, 0.5. Default: its share."),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(metavar="SIZE", parser=checked(units.parse_memory), help="Of each: 512M, 4G. Default: its share."),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Leave it running in the background.")] = False,
) -> None:
    """Run a whole cluster on this machine: Postgres, Valkey, a scheduler and workers.

    $ clusterctl up                          # until Ctrl-C
    $ clusterctl up --workers 3 --cpus 2 -d  # in the background, until `clusterctl down`
    $ clusterctl up --workers 0              # bring your own workers: clusterctl agentd --name w1

    Every other command then finds it by itself. A daemon that dies is started again. Where a cluster runs already,
    what is missing is started and the rest left as it is. The data stay in the state directory, for the next time.
    """
    from clusterctl.cli.stage import standing
    from clusterctl.embedded.stack import Wanted

    asked = invocation(ctx)
    root = state_directory(asked, "up")
    asked.export_flags()  # the daemons are to know them too
    wanted = Wanted(workers=workers, cpus=cpus or "", memory=memory or "")
    if detach:
        standing.leave_running(root, wanted, asked)
    else:
        standing.run_here(root, wanted, asked)


@app.verb()
def down(ctx: typer.Context) -> None:
    """Stop the cluster of `up`, and its jobs. Its data stay.

    $ clusterctl down
    $ clusterctl down --state-dir /scratch/cluster
    """
    from clusterctl.cli.stage import standing

    standing.stop(state_directory(invocation(ctx), "down"))


@app.verb()
def demo(
    ctx: typer.Context,
    *,
    services: Annotated[
        bool, typer.Option("--services", help="21 services on two workers, of which one is killed, and comes back.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the cluster running afterwards, to look around.")] = False,
    top: Annotated[
        bool | None,
        typer.Option("--top/--no-top", help="Watch it in the console. Default: on a terminal.", show_default=False),
    ] = None,
) -> None:
    """See a cluster at work: three small workers, two tenants, some forty jobs, a summary. Under a minute.

    $ clusterctl demo
    $ clusterctl demo --keep       # and then: clusterctl jobs --all
    $ clusterctl demo --services   # claims by measured load, and failover

    On a terminal it opens `clusterctl top` while the jobs run; q leaves that, and the summary follows.
    It has a cluster of its own, in a temporary directory, and leaves nothing behind; with --state-dir it is there, and
    its data and logs stay. All that the jobs compute is checked; ends with 1 if anything did not go as it should.
    """
    from clusterctl.cli.commands.top import is_interactive
    from clusterctl.cli.stage import failover, performance

    asked = invocation(ctx)
    chosen = state_directory(asked, "demo") if "state_dir" in asked.flags else None
    if services:
        if top:
            raise BadInput("--top is for the demo of jobs", "--services tells what happens as it goes")
        raise typer.Exit(failover.perform(chosen, keep=keep))
    raise typer.Exit(performance.perform(chosen, keep=keep, top=is_interactive() if top is None else top))


@app.verb()
def schedd(
    ctx: typer.Context,
    *,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="As the leader it is called so. Default: the hostname.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Hold one round, and stop.")] = False,
) -> None:
    """Run a scheduler here, in the foreground.

    $ clusterctl schedd --database-url postgresql://db.example/clusterctl --redis-url redis://db.example

    Several may run: one leads, the others stand by. SIGTERM ends it; SIGUSR1 starts a round at once. For a cluster on
    this machine alone, `clusterctl up` runs one already.
    """
    become(invocation(ctx), "schedd", [*words("--name", name), *(["--once"] if once else [])])


@app.verb()
def agentd(
    ctx: typer.Context,
    *,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="The worker's. Default: the hostname.")] = None,
    cpus: Annotated[
        str | None,
        typer.Option(metavar="N", parser=checked(units.parse_cpus), help="To offer: 8, 0.5. Default: all it may use."),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(metavar="SIZE", parser=checked(units.parse_memory), help="To offer: 512M, 4G. Default: all."),
    ] = None,
    gpus: Annotated[int, typer.Option(min=0, metavar="N", help="To offer.", show_default=False)] = 0,
    spool: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Journals and output. Default: in the state directory.")
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="K=V", parser=checked(pair), help="What jobs may ask for; repeatable."),
    ] = None,
    stop_jobs: Annotated[bool, typer.Option("--stop-jobs", help="End its jobs when it is ended itself.")] = False,
) -> None:
    """Run the agent of a worker here, in the foreground.

    $ clusterctl agentd --cpus 8 --memory 16G --label disk=ssd
    $ clusterctl agentd --name w2 --cpus 2   # one more, beside those of `up`

    SIGTERM ends it and leaves its jobs running, for the next agentd of that name to look after; see --stop-jobs.
    SIGUSR1 lets it measure and report at once. Ends with 79 where another machine is the worker of that name.
    """
    given = [
        *words("--name", name),
        *words("--cpus", cpus),
        *words("--memory", memory),
        *words("--gpus", str(gpus) if gpus else None),
        *words("--spool", None if spool is None else str(spool)),
        *(word for label in labels or () for word in words("--label", label)),
        *(["--stop-jobs"] if stop_jobs else []),
    ]
    become(invocation(ctx), "agentd", given)


def words(flag: str, value: str | None) -> list[str]:
    """A flag with its value, in one word: a value may begin with a dash."""
    return [] if value is None else [f"{flag}={value}"]


def become(asked: Invocation, daemon: Daemon, args: list[str]) -> None:
    """Turn this process into *daemon*. Raises BadInput for settings that cannot be."""
    from clusterctl import launch

    asked.settings()
    asked.export_flags()
    launch.become(daemon, args)


def state_directory(asked: Invocation, command: str) -> Path:
    """Where the cluster of `up` lives. Raises BadInput if *command* was pointed at servers, of which it has its own."""
    for name in ("database_url", "redis_url"):
        if name in asked.flags:
            flag = "--" + name.replace("_", "-")
            raise BadInput(f"`{command}` is about servers of its own: {flag} has no place here", "it takes --state-dir")
    return asked.settings().state_dir
