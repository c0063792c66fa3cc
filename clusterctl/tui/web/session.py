"""One console that is open in a browser: its process, what it says, and its end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from clusterctl import launch
from clusterctl.daemon import die_with_parent
from clusterctl.model.exits import ExitCode
from clusterctl.settings import SETTINGS
from clusterctl.text import masked, visible

PATIENCE = 5.0  # seconds that a console has to leave when it is asked to
LONGEST_FRAME = 1 << 24  # bytes; a whole screen has some 50,000
KEPT = 8192  # bytes of what a console wrote to stderr: its last words
WELL = (ExitCode.DONE, ExitCode.INTERRUPTED, ExitCode.TERMINATED)  # somebody wanted it so
HANDSHAKE = b"__GANGLION__\n"  # textual's web driver says so before its first frame
# What a console is told of our environment, beside its settings and libpq's PG…: nothing else is its business.
TOLD = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "NO_COLOR"}
    | {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "PYTHONPATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"}
)


class Session(AppService):
    """A console whose terminal is a browser's page. *tell* is told how it ended, if it did not end well."""

    def __init__(
        self,
        argv: Sequence[str],
        websocket: web.WebSocketResponse,
        downloads: DownloadManager,
        tell: Callable[[str], None],
    ) -> None:
        super().__init__(
            "",  # textual_serve's own would be a line for a shell
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=partial(_close, websocket),
            download_manager=downloads,
        )
        self._argv = tuple(argv)
        self._tell = tell
        self._heard = True  # whether anybody listens still

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=environment(os.environ, width, height),
            start_new_session=True,  # a group of its own, to be killed as one; and Ctrl-C is ours alone
            preexec_fn=partial(stay_with, os.getpid()),
        )
        self._process, self._stdin = process, process.stdin
        return process

    async def run(self) -> None:
        """Carry what the console says to the browser until it ends. What nobody hears is read all the same."""
        process = self._process
        assert process is not None and process.stdout is not None and process.stderr is not None  # noqa: S101, PT018  # pipes
        words = asyncio.create_task(last_words(process.stderr))
        try:
            if await began(process.stdout):
                with suppress(asyncio.IncompleteReadError, ConnectionResetError):
                    while await self._forward(*await frame(process.stdout)):
                        pass
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._part(await process.wait(), await words)
            await self.remote_close()
        finally:
            words.cancel()

    async def _part(self, code: int, words: str) -> None:
        """Tell on both sides why a console has ended that should not have."""
        if code not in WELL and self._heard:
            said = words or f"the console ended with {code}"
            self._tell(said)
            await self._forward(b"D", f"\x1b[?1049l\r\n {said}\r\n".encode())

    async def stop(self) -> None:
        """Ask the console to leave; if it does not, kill it with all that it has started. Returns when it is gone."""
        process, task = self._process, self._task
        if process is None or task is None:
            return
        self._heard = False
        await self._download_manager.cancel_app_downloads(app_service_id=self.app_service_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self.send_meta({"type": "quit"})
                await process.wait()
        if process.returncode is None:
            self._tell(f"a console did not leave within {PATIENCE:g} s: killed")
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        task.cancel()  # it may hang on what a killed one has left in a pipe
        await asyncio.wait([task])
        await process.wait()

    async def _forward(self, kind: bytes, payload: bytes) -> bool:
        """Hand on a frame of the console: what to show, a request, or a piece of a file. False if it says good-bye."""
        if kind == b"M" and json.loads(payload).get("type") == "exit":
            return False
        if self._heard:
            try:
                await {b"D": self.on_data, b"M": self.on_meta, b"P": self.on_packed}[kind](payload)
            except ConnectionError:
                self._heard = False
        return True


def environment(ours: Mapping[str, str], width: int, height: int) -> dict[str, str]:
    """What a console must know: where things are, its settings (among them the database's URL), its terminal."""
    variables = {setting.variable for setting in SETTINGS.values()}
    told = {name: text for name, text in ours.items() if name in TOLD or name in variables or name.startswith("PG")}
    return {
        **told,
        **launch.import_path(),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver",
        "TEXTUAL_COLOR_SYSTEM": "truecolor",
        "COLUMNS": str(width),
        "ROWS": str(height),
    }


def stay_with(parent: int) -> None:
    """Before the program runs: end with the server, however that ends. It may have ended just now."""
    die_with_parent()
    if os.getppid() != parent:
        os._exit(1)


async def began(stdout: asyncio.StreamReader) -> bool:
    """Whether a console speaks there: a program that fails says something else, or nothing."""
    for _ in range(10):
        with suppress(ValueError):  # a line without end
            line = await stdout.readline()
            if line in (HANDSHAKE, b""):
                return line == HANDSHAKE
    return False


async def frame(stdout: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """What kind it is, and what is in it. Raises IncompleteReadError at the end, ConnectionResetError for nonsense."""
    kind = await stdout.readexactly(1)
    size = int.from_bytes(await stdout.readexactly(4), "big")
    if size > LONGEST_FRAME or kind not in (b"D", b"M", b"P"):
        raise ConnectionResetError
    return kind, await stdout.readexactly(size)


async def last_words(stderr: asyncio.StreamReader) -> str:
    """The last line of the errors that a console has printed, safe to show; empty if it has printed none."""
    kept = b""
    while data := await stderr.read(KEPT):
        kept = (kept + data)[-KEPT:]
    lines = [line for line in kept.decode(errors="replace").splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith("clusterctl: error: ")), lines[-1] if lines else "")
    return visible(masked(told), 300)


async def _close(websocket: web.WebSocketResponse) -> None:
    await websocket.close()
