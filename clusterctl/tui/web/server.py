"""What the browser asks for, and who gets it: textual_serve's server, behind doors of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import WSCloseCode, WSMsgType, web
from textual_serve.server import Server

from clusterctl.tui.web import pages
from clusterctl.tui.web.admission import Keys, Names
from clusterctl.tui.web.options import Chosen
from clusterctl.tui.web.session import Session

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEARTBEAT = 15.0  # seconds between two pings; who does not answer within half of that has hung up
LONGEST_MESSAGE = 1 << 18  # bytes: a large paste
LONGEST_FORM = 4096  # bytes
FORM_WITHIN = 10.0  # seconds
# What aiohttp raises for what comes late, is in no form, in no known alphabet or encoding, or not packed as it says.
NO_FORM = (TimeoutError, ValueError, LookupError, RuntimeError, web.RequestPayloadError)
WIDEST, HIGHEST = 1000, 500  # cells: a console draws as many as it is told
LOCKED = frozenset({"websocket", "download"})  # routes of which nothing is shown without a key; the index shows a form


class ConsoleServer(Server):
    """Serves the console that *argv* starts, one for each open page. *tell* takes sentences for the operator."""

    def __init__(
        self, argv: Sequence[str], chosen: Chosen, port: int, tell: Callable[[str], None], link_used: Callable[[], None]
    ) -> None:
        super().__init__("", host=chosen.address, port=port, title=pages.TITLE)
        self.keys = Keys(chosen.token)
        self.names = Names(port, chosen.public_url)
        self._argv = tuple(argv)
        self._most = chosen.sessions
        self._tell, self._link_used = tell, link_used
        self._open: set[web.WebSocketResponse] = set()
        self._cookie = f"clusterctl_top_{port}"  # a browser sends cookies to every port of a name
        self._is_secure = chosen.public_url.startswith("https:")

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self.admit], client_max_size=LONGEST_FORM)
        app.add_routes(
            [
                web.get("/", self.handle_index, name="index", allow_head=False),
                web.post("/enter", self.handle_enter, name="enter"),
                web.get("/ws", self.handle_websocket, name="websocket", allow_head=False),
                web.get("/download/{key}", self.handle_download, name="download", allow_head=False),
                web.static("/static", self.statics_path, name="static"),
                web.static("/page", pages.FOLDER, name="page"),
            ]
        )
        app.on_response_prepare.append(harden)
        app.on_shutdown.append(self.on_shutdown)
        return app

    async def on_shutdown(self, app: web.Application) -> None:
        """Hang up on all: each console then ends as if its page had been closed."""
        for websocket in tuple(self._open):
            await websocket.close(code=WSCloseCode.GOING_AWAY, message=b"the server ends")

    @web.middleware
    async def admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what comes by a wrong name, from a wrong page, or without a key, before anything is done for it."""
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        address = request.transport.get_extra_info("sockname", ("",))[0] if request.transport else ""
        route = request.match_info.route.name or ""
        if not self.names.knows(host, address):
            raise web.HTTPForbidden(text="this server is not called so: see --public-url\n")
        if origin is None and route in ("websocket", "enter"):
            raise web.HTTPForbidden(text="browsers say where they come from\n")
        if origin is not None and not self.names.trusts(origin, host):
            raise web.HTTPForbidden(text="that page may not speak to this server\n")
        if route in LOCKED and not self._is_admitted(request):
            raise web.HTTPForbidden(text="no key: open the link that `clusterctl top --web` has printed\n")
        return await handler(request)

    async def handle_index(self, request: web.Request) -> Any:
        """The console's page; with a token in the query a key for it, and this page without it."""
        if self._is_admitted(request):
            if "token" in request.query:  # used, or not ours: away with it
                raise web.HTTPSeeOther("/")
            return pages.full(self._most) if len(self._open) >= self._most else pages.console()
        return self._exchange(request.query.get("token", ""))

    async def handle_enter(self, request: web.Request) -> web.StreamResponse:
        """The form's token, for a key."""
        try:
            async with asyncio.timeout(FORM_WITHIN):
                form = await request.post()
        except NO_FORM:
            raise web.HTTPBadRequest(text="that is no form\n") from None
        return self._exchange(str(form.get("token", "")).strip())

    def _is_admitted(self, request: web.Request) -> bool:
        return self.keys.open_for(request.cookies.get(self._cookie, ""))

    def _exchange(self, token: str) -> web.StreamResponse:
        key = self.keys.exchange(token) if token else ""
        if not key:
            return pages.refused(was_wrong=bool(token))
        entered = web.HTTPSeeOther("/")
        entered.set_cookie(self._cookie, key, httponly=True, samesite="Strict", secure=self._is_secure)
        self._link_used()
        return entered

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A console of its own for the page, from here to its end."""
        if len(self._open) >= self._most:
            raise web.HTTPServiceUnavailable(text="too many are open\n")
        websocket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=LONGEST_MESSAGE)
        self._open.add(websocket)  # before anything is awaited: two at once must not be one too many
        try:
            width, height = (request.query.get(name, "") for name in ("width", "height"))
            size = bounded(width, 80, WIDEST), bounded(height, 24, HIGHEST)
            await websocket.prepare(request)
            await self._hold(websocket, *size)
        finally:
            self._open.discard(websocket)
        return websocket

    async def _hold(self, websocket: web.WebSocketResponse, width: int, height: int) -> None:
        session = Session(self._argv, websocket, self.download_manager, self._tell)
        try:
            await session.start(width, height)
            async for message in websocket:
                if message.type is WSMsgType.TEXT and not await heed(message.data, websocket, session):
                    await websocket.close(code=WSCloseCode.UNSUPPORTED_DATA)
        except OSError as error:
            self._tell(f"cannot start a console: {error.strerror}")
        finally:
            await session.stop()

    async def handle_download(self, request: web.Request) -> web.StreamResponse:
        """A file that a console exports: always to be saved, never to be shown as a page of ours."""
        key = request.match_info["key"]
        try:
            found = await self.download_manager.get_download_metadata(key)
        except KeyError:
            raise web.HTTPNotFound(text="there is no such file, or it has been fetched\n") from None
        response = web.StreamResponse()
        response.content_type = "application/octet-stream"
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(Path(found.file_name).name)}"
        await response.prepare(request)
        async for chunk in self.download_manager.download(key):
            await response.write(chunk)
        await response.write_eof()
        return response


async def heed(text: str, websocket: web.WebSocketResponse, session: Session) -> bool:
    """Do what the page says in *text*. False if that is nothing that a page of ours would say."""
    try:
        kind, *told = json.loads(text)
        match kind, told:
            case "stdin", [str(keys)]:
                await session.send_bytes(keys.encode(errors="replace"))
            case "resize", [{"width": int(width), "height": int(height)}]:
                await session.set_terminal_size(min(max(width, 1), WIDEST), min(max(height, 1), HIGHEST))
            case "ping", [str(when)]:
                await websocket.send_json(["pong", when])
            case "blur", []:
                await session.blur()
            case "focus", []:
                await session.focus()
            case _:
                return False
    except (ValueError, TypeError):
        return False
    except ConnectionError:
        pass  # the page is gone: what comes next is the end
    return True


def bounded(word: str, default: int, most: int) -> int:
    """A number of cells in a query, as far as it makes sense."""
    return min(max(int(word), 1), most) if word.isdecimal() and len(word) < 9 else default


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """What every answer tells the browser: load nothing from elsewhere, be in no frame, keep nothing, guess nothing."""
    for name, value in pages.headers(request.headers.get("Host", "")).items():
        response.headers.setdefault(name, value)
    if response.status != HTTPStatus.SWITCHING_PROTOCOLS:
        response.headers.pop("Server", None)
