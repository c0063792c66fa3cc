"""The header: which cluster, how fresh the picture, how both servers are reached. Pure."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from clusterctl.model.looks import RedisSight
from clusterctl.settings import Settings
from clusterctl.text import cells, visible
from clusterctl.tui.engine.connection import Connection, ConnectionState
from clusterctl.tui.paint.pieces import Glyphs, Line, Piece, data, fit
from clusterctl.units import format_age

WIDE = 140  # columns from which there is room for words
SHORTEST_NAME = 20  # cells that even a long name may take
MOST_HINTS = 3  # lines
# The same, ever shorter. It is up: whoever reads that it is not will start it anew, which makes all worse.
IS_SLOW = ("Postgres is up, but too slow: it gave this look up", "Postgres is up, but too slow", "Postgres is slow")
LOCAL = ("", "127.0.0.1", "localhost", "::1")


class Heading(NamedTuple):
    """All that the header tells. ``now`` is the monotonic moment at which it is drawn, ``at`` that of the database.

    ``unseen``: looks that have come while the view is paused; None while it is not. ``held``: the order stands still.
    ``interval``: 0 in a picture that is shown once. ``refused``: Postgres answers, but not with what we can read;
    ``slow``: it answers, but gives looks up.
    """

    cluster: str
    now: float
    interval: float
    postgres: Connection = Connection()
    redis: RedisSight | None = None
    at: datetime | None = None
    unseen: int | None = None
    read_only: bool = False
    held: bool = False
    refused: bool = False
    slow: bool = False
    hint: str = ""
    user: str = ""

    @property
    def state(self) -> ConnectionState:
        """To Postgres."""
        return self.postgres.state(self.now, self.interval)

    @property
    def age_s(self) -> float | None:
        """Of what is shown."""
        return None if self.postgres.answered_at is None else max(0.0, self.now - self.postgres.answered_at)


def heading_lines(told: Heading, width: int, glyphs: Glyphs) -> list[Line]:
    """The header; while Postgres is away a second line with what is known of that, and a third with what to do."""
    lines = [header(told, width, glyphs)]
    if told.postgres.failures:
        lines.append(trouble(told, width, glyphs))
        hints = textwrap.wrap(visible(told.hint), max(width - 2, 20), break_on_hyphens=False)[:MOST_HINTS]
        lines += [[Piece(" "), Piece(hint, "warning")] for hint in hints]
    return lines


def header(told: Heading, width: int, glyphs: Glyphs) -> Line:
    """As much of it as fits: first the gaps shrink, then our own name goes, then the interval, then the clock."""
    wide = width >= WIDE
    state, servers = [*mood(told, glyphs)], servers_of(told)
    interval = f"{told.interval:g}s" if told.interval else ""
    pace = Piece(f"every {interval}" if wide and interval else interval, "dim")
    clock = Piece("" if told.at is None else f"{told.at:%Y-%m-%d %H:%M:%SZ}" if wide else f"{told.at:%H:%M:%S}")
    tails: list[list[Piece]] = [
        [*spread([*state, *servers, pace, clock], 3)],
        [*spread([*state, *servers, pace, clock], 2)],
        [*spread([*state, *servers, clock], 2)],
        [*spread([*state, *servers], 2)],
        [*spread(state, 1)],
    ]
    short = data(told.cluster, "title", max(SHORTEST_NAME, width // 4))
    names = [[Piece(f" clusterctl top {glyphs.dot} ", "dim"), short], [Piece(f" top {glyphs.dot} ", "dim"), short]]
    for tail in tails:
        for name in (*names, [Piece(" "), short]):
            room = width - sum(cells(piece.text) for piece in tail) - 3
            if sum(cells(piece.text) for piece in name) <= room:
                left = width - sum(cells(piece.text) for piece in tail) - 1
                return [*fit(name, left, cut=glyphs.cut), *tail, Piece(" ")]
    tail = tails[-1] if width < 60 else tails[-3]
    room = width - sum(cells(piece.text) for piece in tail) - 1
    return fit([*fit([Piece(" "), short], max(room, 0), cut=glyphs.cut), *tail, Piece(" ")], width, cut=glyphs.cut)


def spread(pieces: list[Piece], gap: int) -> Iterator[Piece]:
    """Those that say something, with blanks before each."""
    for piece in pieces:
        if piece.text:
            yield Piece(" " * gap)
            yield piece


def mood(told: Heading, glyphs: Glyphs) -> Iterator[Piece]:
    """How fresh the picture is, and what else holds for all that one does."""
    if not told.interval:  # a picture that is shown once is as fresh as it can be
        return
    age = "" if told.age_s is None else f" {format_age(told.age_s)}"
    if told.unseen is not None:
        yield Piece(f"PAUSED{age} +{told.unseen}", "warning")
    elif told.state == "live":
        yield Piece(f"{glyphs.live} LIVE{age}", "good")
    elif told.age_s is not None:
        yield Piece(f"{glyphs.stale} STALE{age}", "warning")
    else:
        words = "CONNECTING" if told.state == "connecting" else "NOT CONNECTED"
        yield Piece(f"{glyphs.stale} {words}", "warning")
    if told.held:
        yield Piece("HOLD", "warning")
    if told.read_only:
        yield Piece("READ-ONLY", "accent")


def servers_of(told: Heading) -> list[Piece]:
    """Each server by itself: how long it took, or that it is away."""
    if told.postgres.failures:
        postgres = (
            Piece("pg slow", "warning") if told.slow else Piece("pg refuses" if told.refused else "pg down", "bad")
        )
    elif told.postgres.answered_at is None:
        postgres = Piece("pg ?", "dim")
    elif told.state == "stale":
        postgres = Piece("pg silent", "warning")
    else:
        postgres = Piece(f"pg {milliseconds(told.postgres.took_ms)}")
    redis = told.redis
    if redis is None:
        return [postgres, Piece("redis ?", "dim")]
    if not redis.used:
        return [postgres, Piece("no redis", "dim")]
    return [postgres, Piece(f"redis {milliseconds(redis.took_ms)}") if redis.up else Piece("redis down", "bad")]


def milliseconds(took: float) -> str:
    """``4ms``, ``<1ms``, ``1.2s``."""
    if took >= 1000:
        return f"{took / 1000:.1f}s"
    return f"{took:.0f}ms" if took >= 1 else "<1ms"


def trouble(told: Heading, width: int, glyphs: Glyphs) -> Line:
    """What is wrong with Postgres, when it is tried again, and what that means. What is to be done is never cut."""
    left = max(0.0, told.postgres.next_try - told.now)
    when = "now" if left < 1 else f"in {format_age(left) if left >= 10 else f'{left:.0f}s'}"
    parts = [
        f"try {told.postgres.failures + 1} {when}",
        "r retry now",
        *([] if told.read_only else ["actions disabled"]),
    ]
    tail = "".join(f" {glyphs.dot} {part}" for part in parts)
    said = f"Postgres: {told.postgres.trouble.removeprefix('postgres unreachable: ')}"
    room = max(10, width - cells(tail) - 1)
    if told.slow:  # what it calls that, "canceling statement due to …", is cut to nothing where it is narrow
        said = next((each for each in IS_SLOW if cells(each) <= room), IS_SLOW[-1])
    elif cells(said) > room:  # drivers say where before they say what: "connection to … failed: Connection refused"
        said = f"Postgres: {said.rpartition(': ')[2]}"
    return fit([Piece(" "), data(said, "bad", room), Piece(tail, "warning")], width, cut=glyphs.cut)


def cluster_name(settings: Settings) -> str:
    """What tells clusters apart: the database and where it is, without anything secret. Of ``up``: its directory."""
    url = urlsplit(settings.database_url)
    name = unquote(url.path).lstrip("/") or "postgres"
    if str(settings.state_dir) in unquote(settings.database_url):
        return "up in " + str(settings.state_dir).replace(os.path.expanduser("~"), "~", 1)
    return name if (url.hostname or "") in LOCAL else f"{name} on {url.hostname}"
