"""The console's web server as a process of its own, and browsers that have no screen."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx

from tests.house.tree import ROOT
from tests.until import until

# A console as far as the server can tell. It shows what it is, and what it is told; `stubborn` never leaves.
CONSOLE = """
import json, os, signal, sys
from textual_serve._binary_encode import dump
def say(kind, data):
    os.write(1, kind + len(data).to_bytes(4, "big") + data)
def meta(**told):
    say(b"M", json.dumps(told).encode())
print("__GANGLION__", flush=True)
about = {"pid": os.getpid(), "argv": sys.argv[1:], "env": dict(os.environ)}
say(b"D", json.dumps(about).encode())
pieces = [b"name,state", b"", b""]
while head := sys.stdin.buffer.read(5):
    data = sys.stdin.buffer.read(int.from_bytes(head[1:], "big"))
    told = json.loads(data) if head[:1] == b"M" else {"type": "keys"}
    if told["type"] == "quit" and "stubborn" not in sys.argv:
        break
    elif told["type"] == "deliver_chunk_request":
        say(b"P", dump(("deliver_chunk", told["key"], pieces.pop(0))))
    elif data == b"export":
        meta(type="deliver_file_start", key="k1", path="/x/jobs.html", open_method="browser", encoding="",
             mime_type="text/html", name=None)
    elif data == b"fail":
        sys.exit("clusterctl: error: postgresql://ada:secret@db/x \\x1b[2J is down")
    elif data == b"die":
        meta(type="exit")
        sys.exit(7)
    elif data == b"leave":
        break
    else:
        say(b"D", data)
while "stubborn" in sys.argv:
    signal.pause()
meta(type="exit")
"""
SERVER = """
import json, sys
from pathlib import Path
from clusterctl.tui.web import WebOptions, serve
options = json.loads(sys.argv[1])
if "token_file" in options:
    options["token_file"] = Path(options["token_file"])
sys.exit(serve(sys.argv[2:], WebOptions(**options)))
"""


WRITTEN_ANEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


class Narration:
    """What a server has said so far: on a terminal, as most have one, or in a file."""

    def __init__(self, file: Path | None) -> None:
        self._file, self._said = file, b""
        self.ours, self.theirs = pty.openpty() if file is None else (-1, os.open(file, WRITTEN_ANEW))

    def read(self) -> str:
        """All of it."""
        if self._file is not None:
            return self._file.read_text(encoding="utf-8")
        while select.select([self.ours], [], [], 0)[0]:
            self._said += os.read(self.ours, 1 << 16)
        return self._said.decode().replace("\r\n", "\n")

    def close(self) -> None:
        """Let go of both ends."""
        for end in (self.theirs, *([self.ours] if self._file is None else [])):
            os.close(end)


class Served:
    """A server that runs. ``said``: what it has narrated so far."""

    def __init__(self, process: subprocess.Popen[bytes], narration: Narration) -> None:
        self.process, self._narration = process, narration
        assert process.stdout is not None
        word, _, self.link = process.stdout.readline().decode().rstrip("\n").partition("\t")
        assert word == "url", self.said
        self.base = f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        return self._narration.read()

    @property
    def port(self) -> int:
        """Where it listens, whatever the link says."""
        found = re.search(rb":([0-9A-F]{4}) 00000000:0000 0A", self._sockets())
        assert found is not None
        return int(found[1], 16)

    def _sockets(self) -> bytes:
        """Its listening line in the kernel's table."""
        table = Path("/proc/net/tcp").read_bytes().splitlines()
        own = {os.readlink(fd) for fd in Path(f"/proc/{self.process.pid}/fd").iterdir() if fd.is_symlink()}
        return b"\n".join(line for line in table[1:] if f"socket:[{line.split()[9].decode()}]" in own)

    def get(self, path: str = "/", **headers: str) -> httpx.Response:
        """The answer to a browser that asks for *path* with these headers; a redirect is not followed."""
        return httpx.get(self.base + path, headers=headers, timeout=60, trust_env=False)

    def enter(self, token: str = "") -> dict[str, str]:
        """A browser's headers, once it has opened the link (or one with *token*)."""
        token = token or self.link.partition("token=")[2]
        answer = self.get(f"/?token={token}")
        assert answer.status_code == 303, answer.text
        return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0], "Origin": self.base}

    def type_token(self, token: str, origin: str = "") -> httpx.Response:
        """What becomes of the form that asks for it."""
        told, sent = {"Origin": origin or self.base}, {"token": token}
        return httpx.post(f"{self.base}/enter", headers=told, data=sent, timeout=60, trust_env=False)

    def consoles(self) -> list[int]:
        """The processes that it has started and that live."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]


def served(
    folder: Path,
    *argv: str,
    env: dict[str, str] | None = None,
    changed: str = "",
    has_terminal: bool = False,
    **options: Any,
) -> AbstractContextManager[Served]:
    """A server of consoles that are started as *argv* (the one above), gone with all of them afterwards.

    *changed*: Python that it runs first.
    """
    console = argv or (sys.executable, "-c", CONSOLE)
    program = [sys.executable, "-c", f"{changed}\n{SERVER}", json.dumps(options), *console]
    return running(program, folder, env or {}, has_terminal=has_terminal)


@contextmanager
def running(
    command: Sequence[str], folder: Path, env: Mapping[str, str], *, has_terminal: bool = False
) -> Iterator[Served]:
    """A program that serves consoles, with *env* besides our own."""
    told = {**os.environ, "PYTHONPATH": str(ROOT), **env}
    with (
        closing(Narration(None if has_terminal else folder / "served.log")) as narration,
        subprocess.Popen(command, stdout=-1, stderr=narration.theirs, env=told) as process,
    ):
        try:
            yield Served(process, narration)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


class Tab:
    """A page's websocket."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse, served: Served) -> None:
        self.line, self.served = line, served

    async def console(self) -> dict[str, Any]:
        """What the console says about itself: pid, argv, env."""
        about: dict[str, Any] = json.loads(await self.shown())
        return about

    async def shown(self) -> str:
        """The next thing that it shows."""
        return (await self.line.receive_bytes(timeout=60)).decode()

    async def type(self, keys: str) -> None:
        await self.line.send_json(["stdin", keys])

    async def ended(self) -> int:
        """Wait for its end; the code with which it was closed."""
        while (await self.line.receive(timeout=60)).type not in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
            pass
        return self.line.close_code or 0


@asynccontextmanager
async def tab(served: Served, headers: dict[str, str], query: str = "") -> AsyncIterator[Tab]:
    """A page that is open, of a browser that sends *headers*. Raises aiohttp.WSServerHandshakeError if refused."""
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{served.base}/ws{query}", headers=headers) as line,
    ):
        yield Tab(line, served)


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    """Run it to its end."""

    async def whole() -> None:
        await scenario()

    asyncio.run(whole())


def refusal(served: Served, headers: dict[str, str]) -> int:
    """The status with which a websocket is refused; 0 if it is not."""

    async def ask() -> int:
        try:
            async with tab(served, headers):
                return 0
        except aiohttp.WSServerHandshakeError as error:
            return error.status

    return asyncio.run(ask())


def is_gone(pid: int) -> bool:
    """Whether no such process lives: a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def await_end(pid: int) -> None:
    """Wait until it is gone."""
    until(lambda: is_gone(pid), what=f"the end of {pid}")
