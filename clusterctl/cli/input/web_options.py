"""How ``top --web`` is told where to serve, to whom, and with which rights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clusterctl.model.errors import BadInput

if TYPE_CHECKING:
    from clusterctl.tui.web import WebOptions

PANEL = "In a browser"


def option(*flags: str, text: str, **more: Any) -> Any:
    """An option of that panel."""
    return typer.Option(*flags, help=text, rich_help_panel=PANEL, show_default=False, **more)


WebOption = Annotated[bool, option("--web", text="Serve it to browsers of this machine; prints the link.")]
WriteOption = Annotated[bool, option("--write", text="Let browsers act as well; without it they only look.")]
PortOption = Annotated[int | None, option("--port", metavar="N", text="Default: any that is free.")]
BindOption = Annotated[
    str | None, option("--bind", metavar="ADDRESS", text="Default: 127.0.0.1; any other needs --token-file.")
]
TokenFileOption = Annotated[
    Path | None, option("--token-file", metavar="FILE", text="Holds the token that browsers are asked for.")
]
PublicUrlOption = Annotated[
    str | None, option("--public-url", metavar="URL", text="How browsers call the proxy that stands before it.")
]
SessionsOption = Annotated[int | None, option("--sessions", metavar="N", text="How many at a time. Default: 8.")]


def web_options(web: bool, *, read_only: bool = False, **chosen: Any) -> WebOptions | None:
    """What was asked of the server; None if no server was. *chosen*: the fields of WebOptions, None where not given.

    Raises BadInput for what makes sense only with ``--web``, and for ``--write`` beside ``--read-only``.
    """
    given = {name: value for name, value in chosen.items() if value is not None and value is not False}
    if not web:
        for name in given:
            raise BadInput(f"--{name.replace('_', '-')} is for --web", "without it the console is in this terminal")
        return None
    if read_only and "write" in given:
        raise BadInput("--write and --read-only are opposites", "browsers only look, unless --write is given")
    from clusterctl.tui.web import WebOptions

    return WebOptions(**given)
