"""The pages, and what they may load. All of it lies here or in textual_serve: nothing comes from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template

from aiohttp import web

TITLE = "clusterctl top"
FOLDER = Path(__file__).parent / "page"

_HOST = re.compile(r"[\w.\[\]:-]+", re.ASCII)
_HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), clipboard-read=()",
}


def headers(host: str) -> Mapping[str, str]:
    """The headers of every answer. *host* is how the browser calls us."""
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    policy = (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "img-src 'self' data:; "
        "style-src 'self' 'unsafe-inline'; "  # xterm.js writes its styles as it goes
        f"connect-src 'self'{sockets}"  # not every browser takes 'self' for websockets too
    )
    return {**_HEADERS, "Content-Security-Policy": policy}


def console() -> web.Response:
    """The page in which a console runs."""
    return web.Response(text=_text("console.html"), content_type="text/html")


def full(most: int) -> web.Response:
    """That there is no room for one more."""
    text = f"{most} consoles are open here, which is all that this server starts. Close one, and load this page again."
    return _notice("No room", text, HTTPStatus.SERVICE_UNAVAILABLE)


def refused(*, was_wrong: bool) -> web.Response:
    """That a token is wanted, and a form for it."""
    text = "This token is wrong, or has been used. " if was_wrong else ""
    text += "Open the link that the terminal shows in which this server runs, or type its token."
    return _notice("Who are you?", text, HTTPStatus.FORBIDDEN, form=_text("form.html"))


def _notice(headline: str, text: str, status: HTTPStatus, form: str = "") -> web.Response:
    page = Template(_text("notice.html")).substitute(headline=escape(headline), text=escape(text), form=form)
    # With `no-referrer` a browser would not say either from which page a form comes.
    return web.Response(text=page, content_type="text/html", status=status, headers={"Referrer-Policy": "same-origin"})


@cache
def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
