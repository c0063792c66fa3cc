"""What an operator may choose about the console in a browser, and which choices make no sense."""

from __future__ import annotations

import ipaddress
import os
import stat
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from clusterctl.model.errors import BadInput

LAST_PORT = 65_535
MOST_SESSIONS = 100  # each is a process of some 80 MB
SHORTEST_TOKEN = 32  # characters: what nobody guesses, even of a token that was not drawn but thought up
MAKE_ONE = "(umask 077; head -c 32 /dev/urandom | base64 > FILE)"


class WebOptions(NamedTuple):
    """*bind*: an address of this machine; *port*: 0 is any that is free; *public_url*: how a proxy is called."""

    bind: str = "127.0.0.1"
    port: int = 0
    token_file: Path | None = None
    public_url: str = ""
    sessions: int = 8
    write: bool = False


class Chosen(NamedTuple):
    """Options that make sense. *address* is an IP address, *token* empty if there is no file; no slash ends the URL."""

    address: str
    port: int
    token: str
    public_url: str
    sessions: int
    write: bool


def understood(options: WebOptions) -> Chosen:
    """*options*, looked at one by one. Raises BadInput with the flag's name."""
    address = address_of(options.bind)
    if not 0 <= options.port <= LAST_PORT:
        raise BadInput(f"--port: {options.port} is not from 0 to {LAST_PORT}", "0 takes any that is free")
    if not 1 <= options.sessions <= MOST_SESSIONS:
        raise BadInput(
            f"--sessions: {options.sessions} is not from 1 to {MOST_SESSIONS}", "each is a process of its own"
        )
    if options.token_file is None and not ipaddress.ip_address(address).is_loopback:
        raise BadInput(
            f"--bind {options.bind} is open to other machines: that needs --token-file",
            f"{MAKE_ONE}; or keep it on 127.0.0.1, and reach it with ssh -L",
        )
    token = read_token(options.token_file) if options.token_file else ""
    public_url = public_url_of(options.public_url) if options.public_url else ""
    return Chosen(address, options.port, token, public_url, options.sessions, options.write)


def address_of(bind: str) -> str:
    """The IP address that *bind* is. A name is refused: it may have several, and lead elsewhere tomorrow."""
    if bind == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(bind.strip("[]")))
    except ValueError:
        raise BadInput(f"--bind: {bind!a} is no IP address", "as in 127.0.0.1, ::1, 10.0.0.11") from None


def public_url_of(text: str) -> str:
    """``https://ops.example.org``: nothing behind the name, for the page asks for its parts at the root."""
    hint = "as in https://top.example.org; a name of its own, no path"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise BadInput(f"--public-url: {text!a} is no URL", hint) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise BadInput(f"--public-url: {text!a} is not the URL of a web server", hint)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise BadInput(f"--public-url: {text!a} has something behind the name", hint)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def without_waiting(path: str, flags: int) -> int:
    """Open it: of a pipe, also when nobody is there to write into it."""
    return os.open(path, flags | os.O_NONBLOCK)


def read_token(path: Path) -> str:
    """The token in *path*. Raises BadInput for a file that others may read, and for a token that could be guessed."""
    try:
        with open(path, "rb", opener=without_waiting) as file:
            state = os.fstat(file.fileno())
            found = file.read(4096) if stat.S_ISREG(state.st_mode) else b""
    except OSError as error:
        raise BadInput(f"--token-file: {path}: {error.strerror}", MAKE_ONE) from None
    if not stat.S_ISREG(state.st_mode):
        raise BadInput(f"--token-file: {path} is not a plain file", MAKE_ONE)
    if state.st_mode & 0o077 or state.st_uid not in (os.geteuid(), 0):
        raise BadInput(
            f"--token-file: {path} is not yours alone", f"chmod 600 {path}; and whoever has read it knows it"
        )
    token = found.decode("ascii", "replace").strip()
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise BadInput(f"--token-file: {path} must hold one word of {SHORTEST_TOKEN} or more ASCII letters", MAKE_ONE)
    return token
