"""The program itself: which commands there are, and what it does when given none."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from clusterctl import __version__
from clusterctl.cli import foreign, pages
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import EVERYWHERE, Verbs, options_of_every_command, panels, record_of
from clusterctl.model.errors import BadInput
from clusterctl.model.exits import ExitCode

PROGRAM = "clusterctl"
# Heading → command → the module of this package that has it. Nothing is imported before it is called.
MODULES = {
    "Everyday": {
        "submit": "submit",
        "jobs": "jobs",
        "job": "jobs",
        "explain": "explain",
        "logs": "logs",
        "wait": "wait",
        "cancel": "job_verbs",
        "services": "services",
        "service": "services",
        "scale": "services",
        "restart": "services",
        "status": "status",
        "top": "top",
        "workers": "workers",
        "worker": "worker",
        "claims": "claims",
        "claim": "claims",
        "tenants": "tenants",
        "tenant": "tenant",
        "report": "report",
    },
    "Repair": {
        "doctor": "doctor",
        "hold": "job_verbs",
        "release": "job_verbs",
        "requeue": "job_verbs",
        "drain": "drain",
        "resume": "drain",
        "prune": "prune",
    },
    "Admin": {
        "label": "label",
        "audit": "audit",
        "up": "stack",
        "down": "stack",
        "demo": "stack",
        "schedd": "stack",
        "agentd": "stack",
        "db": "schema",
        "config": "config",
    },
}
WHERE = {name: module for commands in MODULES.values() for name, module in commands.items()}


class Console(TyperGroup):
    """All commands, each imported when it is asked for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(options_of_every_command(self.params))

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in the order of the help page."""
        return list(WHERE)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, or None."""
        if cmd_name in WHERE and cmd_name not in self.commands:
            app: Verbs = import_module(f"clusterctl.cli.commands.{WHERE[cmd_name]}").app
            self.commands.update(commands_of(app))
        return self.commands.get(cmd_name)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """What typer does; ``help jobs``, as people type who know git, is ``jobs --help``."""
        return super().parse_args(ctx, [*args[1:], "--help"] if args[:1] == ["help"] else args)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Which command *args* begin with. Raises BadInput, naming what was probably meant."""
        if until := foreign.NOT_YET.get(args[0].lower()):
            raise BadInput(f"{args[0].lower()} is not there yet", f"{until}; see docs/critiques.md")
        if args[0] not in WHERE and not args[0].startswith("-"):
            guess = foreign.meant(args[0], WHERE)
            hint = f"did you mean `{PROGRAM} {guess}`?" if guess else f"`{PROGRAM} --help` lists the commands"
            raise BadInput(f"no such command: {args[0]!a}", hint)
        if args[0] in WHERE:
            invocation(ctx).command = args[0]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Do it, and see that what was printed has left the process."""
        gc.freeze()  # see __main__: from here on a command may live for days, and make garbage
        gc.enable()
        try:
            value = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has seen enough, as in `| head -1`: that is no failure
            hush()
            raise typer.Exit(ExitCode.DONE) from None
        return value

    def get_help(self, ctx: Any) -> str:
        """The help page: the commands by what one does with them."""
        everywhere = [option for option in self.params if getattr(option, "rich_help_panel", "") == EVERYWHERE]
        sections = [
            (heading, [(name, self.get_command(ctx, name).get_short_help_str(limit=200)) for name in commands])
            for heading, commands in MODULES.items()
        ]
        records = [record for option in everywhere if (record := record_of(option, ctx))]
        return pages.page(ctx, [*sections, *panels(self, ctx), (EVERYWHERE, records)])


def commands_of(app: Verbs) -> dict[str, Any]:
    """The commands that a module has added to its app."""
    group = typer.main.get_group(app)
    return dict(group.commands)


def hush() -> None:
    """Let the interpreter's last flush go nowhere: the pipe is closed."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def show_version(value: bool) -> None:
    """Print the version, and leave."""
    if value:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


def begin(
    ctx: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The console of a small cluster: hand in jobs, see them run, keep the workers well.

    $ clusterctl up --workers 2       # a cluster on this machine
    $ clusterctl submit -- make -j4   # a job
    $ clusterctl jobs                 # what runs, what waits
    $ clusterctl                      # is all well?
    """
    if ctx.invoked_subcommand is None:
        from clusterctl.cli.commands.status import show_status

        show_status(ctx)


def console() -> Any:
    """The whole command line, ready to be called."""
    app = typer.Typer(
        cls=Console,
        invoke_without_command=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        callback=begin,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    return typer.main.get_command(app)
