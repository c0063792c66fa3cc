"""What all commands share: the options that are settings, and the look of their help pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import typer
from typer.core import TyperCommand, TyperOption

from clusterctl.cli import pages
from clusterctl.cli.invocation import invocation

PLAIN = "Options"
EVERYWHERE = "Options of every command"
# Settings that are flags of every command; all others have their environment variable and their line in a file.
FLAGS = {
    "state_dir": ("DIR", "Where a cluster of `up` lives; it is found from there."),
    "database_url": ("URL", "Postgres."),
    "redis_url": ("URL", "Redis or Valkey; `none` to do without."),
    "redis_prefix": ("TEXT", "Stands before every Redis key."),
}


class Verb(TyperCommand):
    """One command. Takes the options of every command, before or after its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(options_of_every_command(self.params))

    def get_help(self, ctx: Any) -> str:
        """The help page."""
        flags = " ".join(option.opts[0] for option in self.params if panel_of(option) == EVERYWHERE)
        return pages.page(ctx, panels(self, ctx), f"Of every command: {flags}. See `clusterctl --help`.")


class Verbs(typer.Typer):
    """The commands of one module."""

    def __init__(self) -> None:
        # No markup: what typer would draw needs rich, which takes longer to import than `submit` to run.
        super().__init__(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)

    def verb(self, name: str | None = None, *, interspersed: bool = True) -> Callable[[Any], Any]:
        """Decorate a function to be the command *name* (its own name).

        Not *interspersed*: from the first word that is no option, all words belong to that word.
        """
        return self.command(name, cls=Verb, context_settings={"allow_interspersed_args": interspersed})


def options_of_every_command(taken: Iterable[Any]) -> list[TyperOption]:
    """Fresh ones, but for those whose flags a command has *taken* for its own."""
    known = {flag for param in taken for flag in param.opts}
    options = [
        TyperOption(
            param_decls=["--" + name.replace("_", "-"), name],
            metavar=metavar,
            help=text,
            callback=keep_flag,
            expose_value=False,
            rich_help_panel=EVERYWHERE,
        )
        for name, (metavar, text) in FLAGS.items()
    ]
    debug = TyperOption(
        param_decls=["--debug"],
        is_flag=True,
        default=False,
        help="Show the traceback of an error.",
        callback=keep_debug,
        expose_value=False,
        rich_help_panel=EVERYWHERE,
    )
    return [option for option in (*options, debug) if not known.intersection(option.opts)]


def keep_flag(ctx: Any, param: Any, value: str | None) -> None:
    """Remember a setting that was given as a flag; the one nearest to the command wins."""
    if value is not None:
        invocation(ctx).flags[param.name] = value


def keep_debug(ctx: Any, _param: Any, value: bool) -> None:
    """Remember ``--debug``, wherever it stood."""
    if value:
        invocation(ctx).debug = True


def panels(command: Any, ctx: Any) -> list[tuple[str, list[tuple[str, str]]]]:
    """The command's parameters by panel, arguments first, in the order of the function's signature."""
    found: dict[str, list[tuple[str, str]]] = {"Arguments": []}
    for param in command.get_params(ctx):
        record = record_of(param, ctx)
        if record is not None and panel_of(param) != EVERYWHERE:
            found.setdefault(panel_of(param), []).append(record)
    return [(panel, records) for panel, records in found.items() if records]


def record_of(param: Any, ctx: Any) -> tuple[str, str] | None:
    """How a parameter is written, and what it does; None for a hidden one. Of typer's brackets the default stays."""
    record = param.get_help_record(ctx)
    if record is None:
        return None
    text, _, bracket = record[1].partition("  [")
    default = next((part[9:] for part in bracket.rstrip("]").split("; ") if part.startswith("default: ")), "")
    return record[0], f"{text} Default: {default.strip('()')}." if default else text


def panel_of(param: Any) -> str:
    """Under which heading a parameter stands."""
    panel: str | None = getattr(param, "rich_help_panel", None)
    return panel or ("Arguments" if param.param_type_name == "argument" else PLAIN)
