"""``python -m docs.screenshots``: play the hour in the lab, and draw every picture of ``docs/pictures`` anew."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from textual.pilot import Pilot

from clusterctl.settings import Settings
from clusterctl.tui.app import Console
from clusterctl.tui.engine.source import LiveSource
from docs.screenshots.lab import Lab
from tests import embedded_server
from tests.console.top.pilot import play, shows
from tests.virtual import BEGINNING

PICTURES = Path(__file__).resolve().parents[1] / "pictures"
NAME = "lab"  # of the database, as the console's header shows it
WIDE, SMALL = (160, 48), (80, 24)


class Picture(NamedTuple):
    """One of them: what is typed, key by key, until *words* are on the screen."""

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...]
    words: tuple[str, ...]


BUSY = (
    Picture("overview", WIDE, (), ("gpu-02",)),
    Picture("overview-small", SMALL, (), ("gpu-02",)),
    Picture("workers", WIDE, ("2",), ("cpu-01",)),
    Picture("jobs", WIDE, ("3", "slash", *"state:pending", "enter", "w"), ("train vit",)),
    Picture("claims", WIDE, ("5",), ("CLAIM",)),
    Picture("trends", WIDE, ("6",), ("running",)),
    Picture("services", WIDE, ("8",), ("search",)),
)
STUCK = (
    Picture("stuck", WIDE, ("4", "j"), ("reserved_expired",)),
    Picture("mend", SMALL, ("4", "j", "F"), ("Only if",)),
    Picture("doctor", SMALL, ("7",), ("cycle_stalled",)),
)


def main() -> None:
    """Draw them."""
    PICTURES.mkdir(exist_ok=True)
    embedded_server.announce()
    try:
        with lab() as (played, url):
            tell("an hour in the lab, in virtual time …")
            played.live_an_hour()
            draw_all(BUSY, played, url)
            played.lose_the_leader()
            draw_all(STUCK, played, url)
    finally:
        embedded_server.bury(Path(os.environ[embedded_server.DIRECTORY]))


@contextmanager
def lab() -> Iterator[tuple[Lab, str]]:
    """The lab, and where its database is."""
    servers = embedded_server.servers()
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {NAME} TEMPLATE {embedded_server.TEMPLATE}")
    url = servers.database(NAME)
    played = Lab(url, servers.admin_url)
    try:
        yield played, url
    finally:
        played.close()


def draw_all(pictures: tuple[Picture, ...], played: Lab, url: str) -> None:
    """Draw each of *pictures* at the moment that it is in the lab."""
    now = BEGINNING.timestamp() + played.cluster.clock.seconds()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"ALTER DATABASE {NAME} SET clusterctl.now = '{BEGINNING.fromtimestamp(now, BEGINNING.tzinfo).isoformat()}'"
        )
    for picture in pictures:
        tell(picture.name)
        draw(picture, url)


def draw(picture: Picture, url: str) -> None:
    """Open a console, type, wait, and keep what is seen."""
    source = LiveSource(Settings(database_url=url, redis_url="none"))

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        for key in picture.keys:
            await pilot.press(key)
        await shows(pilot, *picture.words)
        await pilot.pause(2)  # what is asked on the side has come, and has been drawn
        drawn = console.export_screenshot(title="clusterctl top")
        (PICTURES / f"{picture.name}.svg").write_text(without_fonts(drawn), encoding="utf-8")

    try:
        play(source, scenario, size=picture.size, cluster=NAME, clock=lambda: 0.0)
    finally:
        source.close()


def without_fonts(svg: str) -> str:
    """The picture without the fonts that it would fetch from somebody's server: any monospaced one will do."""
    return re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)


def tell(sentence: str) -> None:
    """On stderr."""
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    main()
