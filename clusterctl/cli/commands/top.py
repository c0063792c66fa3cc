"""``top``: the console that operators keep open."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from clusterctl import units
from clusterctl.cli.display import colours, listing
from clusterctl.cli.display.listing import PictureForm
from clusterctl.cli.input import web_options as web_
from clusterctl.cli.input.wishes import told
from clusterctl.cli.invocation import Invocation, invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.console import FASTEST, SLOWEST, Screen
from clusterctl.model.errors import BadInput, Outage

if TYPE_CHECKING:
    from clusterctl.tui.once import Asked
    from clusterctl.tui.web import WebOptions

app = Verbs()
Theme = Literal["dark", "light", "ansi"]


def an_interval(text: str) -> str:
    """A duration within bounds, unchanged."""
    seconds = units.parse_duration(text)
    if not FASTEST <= seconds <= SLOWEST:
        raise ValueError(f"{text!a} is not from {FASTEST:g}s to {SLOWEST:g}s")
    return text


@app.verb()
def top(
    ctx: typer.Context,
    *,
    screen: Annotated[
        Screen | None,
        typer.Option(
            "--screen",
            metavar="NAME",
            help="Which to begin with: jobs, stuck, claims, trends …",
            show_default="overview, or jobs with --filter or --sort",
        ),
    ] = None,
    wanted: Annotated[
        str, typer.Option("--filter", metavar="FILTER", help="Of its list: 'state:failed wait>2m'.", show_default=False)
    ] = "",
    sort: Annotated[
        str,
        typer.Option(metavar="FIELD,…", help="Order its list by these; `-field` turns it round.", show_default=False),
    ] = "",
    interval: Annotated[
        str,
        typer.Option(metavar="D", parser=told(an_interval), help=f"Between two looks, {FASTEST:g}s to {SLOWEST:g}s."),
    ] = "2s",
    read_only: Annotated[bool, typer.Option("--read-only", help="Only look: nothing can be done from there.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Print one screen as text, and end.")] = False,
    form: Annotated[
        PictureForm,
        typer.Option("-o", "--output", metavar="FORM", help="With --once: table or json.", show_default=False),
    ] = "table",
    theme: Annotated[Theme, typer.Option(metavar="NAME", help="dark, light, or ansi: the terminal's own.")] = "dark",
    ascii: Annotated[bool, typer.Option("--ascii", help="No signs that a terminal may not have.")] = False,
    web: web_.WebOption = False,
    write: web_.WriteOption = False,
    port: web_.PortOption = None,
    bind: web_.BindOption = None,
    token_file: web_.TokenFileOption = None,
    public_url: web_.PublicUrlOption = None,
    sessions: web_.SessionsOption = None,
) -> None:
    """Watch the cluster, and mend it: workers, jobs, claims, what is stuck, and why.

    $ clusterctl top
    $ clusterctl top --screen jobs --filter 'state:pending wait>2m'
    $ clusterctl top --once              # the same as text, for a pipe or a ticket
    $ clusterctl top --web --port 8080   # in a browser, until Ctrl-C

    It starts and stays up while Postgres and Redis are down. `?` tells all keys. Without a terminal it is --once,
    which ends with 3 if Postgres cannot be reached.
    """
    asked = invocation(ctx)
    screen = screen or ("jobs" if wanted or sort else "overview")
    options = web_.web_options(
        web,
        read_only=read_only,
        write=write,
        port=port,
        bind=bind,
        token_file=token_file,
        public_url=public_url,
        sessions=sessions,
    )
    from clusterctl.tui.once import Asked, check

    fields = tuple(part.strip() for part in sort.split(",") if part.strip())
    shown = Asked(screen, wanted, fields, width=width(), ascii=ascii)
    check(shown)
    words = [f"--screen={screen}", f"--filter={wanted}", f"--sort={sort}", f"--interval={interval}", f"--theme={theme}"]
    if options is not None:
        if once or form != "table":
            raise BadInput("--once is no page for a browser", "without --web it prints the screen")
        raise typer.Exit(in_browser(asked, [*words, *(["--ascii"] if ascii else [])], options))
    if form != "table" and is_interactive(once):
        raise BadInput("-o is for --once", "the console itself draws on the terminal")
    if not is_interactive(once):
        print_once(asked, shown, form)
        return
    raise typer.Exit(run(asked, shown, interval=units.parse_duration(interval), read_only=read_only, theme=theme))


def is_interactive(once: bool = False) -> bool:
    """Whether there is a terminal to draw on, and keys come from it; or a browser, whose pipes look like none."""
    if once:
        return False
    if "TEXTUAL_DRIVER" in os.environ:
        return True
    streams = (sys.stdin, sys.stdout)  # None: it was started without
    return all(stream and stream.isatty() for stream in streams) and os.environ.get("TERM", "") not in ("", "dumb")


def width() -> int:
    """Columns of what is printed on a terminal; 0 for a file or a pipe: nothing is cut there."""
    return max(60, shutil.get_terminal_size().columns) if sys.stdout and sys.stdout.isatty() else 0


def print_once(asked: Invocation, shown: Asked, form: PictureForm) -> None:
    """One screen on stdout. Raises Outage, with what to do."""
    from clusterctl.tui import once
    from clusterctl.tui.engine.source import LiveSource
    from clusterctl.tui.frame.heading import cluster_name

    settings = asked.settings()
    source = LiveSource(settings)
    try:
        seen = once.see(source, shown)
    except Outage as outage:
        outage.hint = asked.nowhere() or outage.hint
        raise
    finally:
        source.close()
    if form == "json":
        listing.show_plain(once.plain(seen, shown))
        return
    lines = once.painted(seen, shown._replace(cluster=cluster_name(settings)))
    sys.stdout.write(once.as_text(lines, colour=colours.wanted(), ascii=shown.ascii))


def run(asked: Invocation, shown: Asked, *, interval: float, read_only: bool, theme: Theme) -> int:
    """The console, until somebody leaves it; its exit code."""
    from clusterctl.tui.opening import open_console

    return open_console(
        asked.settings(),
        asked.settings,
        interval=interval,
        read_only=read_only,
        ascii=shown.ascii,
        theme=theme,
        screen=shown.screen,
        filter=shown.filter,
        sort=shown.sort,
        nowhere=asked.nowhere,
    )


def in_browser(asked: Invocation, words: Sequence[str], options: WebOptions) -> int:
    """Serve consoles that are started with these *words*; returns when that ends."""
    from clusterctl import launch
    from clusterctl.tui.web import serve

    asked.settings()  # what is wrong with them is told here, once, and not in each browser
    asked.export_flags()  # a URL may hold a password: a console's words are for everybody to see
    return serve([*launch.this_program(), "top", *words], options)
