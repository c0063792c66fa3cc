"""Who is let in: by which name the server was called, from which page, and with which key. Sees no request, only words.

Names guard against *DNS rebinding*: a stranger's page whose name suddenly leads to this machine calls us by that name.
Origins guard against *cross-site WebSockets*: a browser lets any page open one to anywhere, and sends our cookie along.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")
MOST_BROWSERS = 64  # that hold a key at a time; the next one takes the place of the first


class Names:
    """What the server may be called, and which pages may speak to it."""

    def __init__(self, port: int, public_url: str = "") -> None:
        self._port = port
        self._public = origin_of(public_url)

    def knows(self, host: str, address: str) -> bool:
        """Whether *host*, the header, names this server; *address* is where the connection has arrived.

        Loopback is loopback at any port: ``ssh -L`` chooses its own. Other addresses only as they are, for no name
        server decides what those are.
        """
        called = origin_of(f"http://{host}")
        if called is None:
            return False
        _, name, port = called
        if name in LOOPBACK or (name == address and port == self._port):
            return True
        return self._public is not None and (name, port) in ((self._public[1], self._public[2]), (self._public[1], 80))

    def trusts(self, origin: str, host: str) -> bool:
        """Whether a page of *origin* may speak to the server that it calls *host*: only one of the server's own.

        Behind a proxy that is the public URL, whatever the proxy makes of *host*.
        """
        page, called = origin_of(origin), origin_of(f"http://{host}")
        if page is None or called is None:
            return False
        is_public = self._public is not None and called[1] == self._public[1]
        return page == self._public or (page == called and not is_public)


def origin_of(url: str) -> tuple[str, str, int] | None:
    """Scheme, name and port of *url* (RFC 6454); None if it has none, as ``null`` has none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or "@" in parts.netloc
        or parts.path not in ("", "/")
    ):
        return None
    return parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80)


class Keys:
    """A token is shown once, and given for it a key that a browser keeps as its cookie.

    A token that was drawn here stands in a link, and is worth nothing once it has been used: what a browser or a proxy
    remembers of it harms nobody. A *fixed* one comes from a file, is never in a link, and may be used again.
    """

    def __init__(self, fixed: str = "") -> None:
        self._fixed = fixed
        self._drawn = secrets.token_urlsafe(32)
        self._given: list[str] = []

    @property
    def link_token(self) -> str:
        """What the next link must hold; empty if there is a fixed token."""
        return "" if self._fixed else self._drawn

    def exchange(self, token: str) -> str:
        """A new key for *token*; empty if it is the wrong one, or used."""
        if not same(token, self._fixed or self._drawn):
            return ""
        self._drawn = secrets.token_urlsafe(32)
        self._given = [*self._given, secrets.token_urlsafe(32)][-MOST_BROWSERS:]
        return self._given[-1]

    def open_for(self, key: str) -> bool:
        """Whether *key* was given here. How long the answer takes does not tell how near a wrong one was."""
        alike = [same(key, given) for given in self._given]  # all are compared, whichever it is
        return any(alike)


def same(one: str, other: str) -> bool:
    """Whether two secrets are alike, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))
