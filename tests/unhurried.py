"""Time for Redis: on a busy machine a tenth of a second may go by before anybody has done anything.

Tests of what we do with a slow Redis do without this, and have one that never answers.
"""

from __future__ import annotations

SECONDS = 30.0


def unhurried(url: str) -> str:
    """*url*, with ``SECONDS`` for every word of Redis: for tests in which it is there, and has to be heard."""
    return f"{url}{'&' if '?' in url else '?'}socket_timeout={SECONDS}&socket_connect_timeout={SECONDS}"
