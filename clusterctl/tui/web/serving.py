"""The server's life: from a port that is free to the last console's end."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from clusterctl.model.errors import Refused
from clusterctl.model.exits import ExitCode
from clusterctl.tui.web.options import Chosen, WebOptions, understood
from clusterctl.tui.web.server import ConsoleServer
from clusterctl.tui.web.session import PATIENCE
from clusterctl.tui.web.troubles import Troubles

READ_ONLY = "--read-only"
IDLE = 20.0  # seconds that a connection may stand without a whole request: each takes a place of those that there are
ELSEWHERE = {
    4: "192.0.2.1",
    6: "2001:db8::1",
}  # addresses that are nobody's (RFC 5737, RFC 3849): nothing is sent there
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve(argv_of_child: Sequence[str], options: WebOptions) -> int:
    """Serve the console that *argv_of_child* starts until SIGINT, SIGTERM or SIGHUP; the exit code.

    The URL goes to stdout, what one should know of it to stderr. Unless *options* say `write`, the console is told
    `--read-only`. Secrets belong into this process's environment, not into the argv. Raises BadInput for options that
    make no sense, and Refused if the port is not to be had.
    """
    chosen = understood(options)
    argv = [*argv_of_child]
    if not chosen.write and READ_ONLY not in argv:
        argv.append(READ_ONLY)
    listener = listen(chosen)
    # A loop of its own: from Python 3.14 on there is none to be found, as textual_serve's own `serve` would.
    asyncio.run(Life(argv, chosen, listener, options.token_file).run())
    return ExitCode.DONE


def listen(chosen: Chosen) -> socket.socket:
    """A socket where it was asked for. Raises Refused."""
    family = socket.AF_INET6 if ":" in chosen.address else socket.AF_INET
    try:
        return socket.create_server((chosen.address, chosen.port), family=family)
    except OSError as error:
        where = f"{shown(chosen.address)}:{chosen.port}"
        raise Refused(
            f"cannot listen on {where}: {error.strerror}", "without --port, any that is free will do"
        ) from None


class Life:
    """One run of the server, and what the operator is told of it."""

    def __init__(self, argv: Sequence[str], chosen: Chosen, listener: socket.socket, token_file: Path | None) -> None:
        self._chosen, self._listener, self._token_file = chosen, listener, token_file
        self._port = int(listener.getsockname()[1])
        self._server = ConsoleServer(argv, chosen, self._port, tell, self._tell_next_link)
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """From the first word to the last."""
        runner = web.AppRunner(
            await self._server._make_app(),  # textual_serve has no other name for it
            access_log=None,  # it would hold tokens
            shutdown_timeout=2 * PATIENCE,
            keepalive_timeout=IDLE,
        )
        Troubles(tell).listen()
        await runner.setup()
        await web.SockSite(runner, self._listener).start()
        loop = asyncio.get_running_loop()
        for number in ENDINGS:
            loop.add_signal_handler(number, self._end)
        self._present()
        try:
            await self._stop.wait()
        finally:
            await runner.cleanup()
        tell("stopped")

    def _end(self) -> None:
        """Ask for the end; who asks again does not want to wait for it, and consoles die with us."""
        self._stop.set()
        for number in ENDINGS:
            asyncio.get_running_loop().remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    def _present(self) -> None:
        gap = "url           " if sys.stdout.isatty() else "url\t"
        sys.stdout.write(f"{gap}{self._link()}\n")
        sys.stdout.flush()
        for line in self._advice():
            tell(line)

    def _link(self) -> str:
        """What to open, with the token that is good for one browser; without one, if there is a file of it."""
        base = self._chosen.public_url or f"http://{shown(called(self._chosen.address))}:{self._port}"
        token = self._server.keys.link_token
        return f"{base}/?token={token}" if token else f"{base}/"

    def _advice(self) -> list[str]:
        here = f"{self._port}:{shown(self._chosen.address)}:{self._port}"
        loopback = not (self._chosen.public_url or self._token_file)
        address = ipaddress.ip_address(self._chosen.address)
        nameless = not (address.is_loopback or self._chosen.public_url)
        clear = not address.is_loopback and not self._chosen.public_url.startswith("https:")
        return [
            *(
                [f"it asks for the token in {self._token_file}"]
                if self._token_file
                else ["the link is good for one use"]
            ),
            *([f"from another machine, first: ssh -L {here} {socket.gethostname()}"] if loopback else []),
            *(["it answers to addresses of this machine; to a name only as --public-url"] if nameless else []),
            *(["warning: no TLS: whoever sees the network sees the token, and all that is shown"] if clear else []),
            "it may act on the cluster" if self._chosen.write else "read-only; --write lets it act on the cluster",
            "Ctrl-C here ends it, in all browsers",
        ]

    def _tell_next_link(self) -> None:
        if not self._server.keys.link_token:
            return
        if sys.stderr.isatty():
            tell(f"the link has been used; for another browser: {self._link()}")
        else:  # a journal, or a file: there a token would lie until somebody uses it, whoever that is
            tell("the link has been used; another browser needs another server, or one with --token-file")


def called(address: str) -> str:
    """By which address others call one that listens on *address*: of those that mean all, the one that leads out."""
    found = ipaddress.ip_address(address)
    if not found.is_unspecified:
        return address
    with socket.socket(socket.AF_INET6 if found.version == 6 else socket.AF_INET, socket.SOCK_DGRAM) as out:
        try:
            out.connect((ELSEWHERE[found.version], 9))  # of UDP that sends nothing: it only asks which way it would go
        except OSError:  # there is none
            return "::1" if found.version == 6 else "127.0.0.1"
        return str(out.getsockname()[0])


def shown(address: str) -> str:
    """An address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address


def tell(sentence: str) -> None:
    """Narrate, on stderr."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
