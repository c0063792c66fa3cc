"""What the console costs the machine that it runs on, at 10,000 jobs and 1,000 workers, on a terminal of 160x48.

`refresh_ms`: CPU of taking in a look in which 40 rows in sight have changed, and of drawing it, by screen. `key_ms`:
CPU from a key to what it draws. `idle_bytes`: what goes to the terminal at a look in which only ages have grown.
Medians. `rss_mb`: memory of a console, and `growth_mb`: how much of it comes between its 4,000th look and its 40,000th.
`first_paint_ms`: from the start of the program to its first line on a terminal, with no server
to wait for; wall time.
"""

from __future__ import annotations

import asyncio
import json
import os
import pty
import select
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import monotonic, process_time
from typing import Any, NamedTuple, TypeVar, cast

import psutil
from textual import events
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

from bench.crowd import Crowd
from clusterctl.tui import app
from clusterctl.tui.app import Console
from clusterctl.tui.connection import Connection
from clusterctl.tui.messages import Looked

SIZE = (160, 48)
SMALL = (60, 16)  # where a look costs the least
CHANGES, ROUNDS = 40, 20
SCREENS = ("overview", "workers", "jobs")
KEYS = ("j", "G", "g", "pagedown", "space", "right", "left")
LOOKS = 40_000
FIRST_LINE = b"Overview"
T = TypeVar("T")


class Counting(HeadlessDriver):
    """A terminal that counts what it is given."""

    letters = 0

    @property
    def is_headless(self) -> bool:
        """It wants to be written to."""
        return False

    def write(self, data: str) -> None:
        """As many bytes as that is."""
        Counting.letters += len(data.encode())

    def flush(self) -> None:
        """It is counted already."""


class Watched(Console):
    """A console that tells when it has drawn."""

    CSS_PATH = str(Path(app.__file__).with_name("app.tcss"))  # else it is looked for beside this module

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.drawn = asyncio.Event()

    def post_display_hook(self) -> None:
        """Called by Textual."""
        self.drawn.set()


class Stand:
    """A console that is given its looks by hand: its own come once an hour. Its clock is turned by them."""

    def __init__(self, screen: str, crowd: Crowd | None = None) -> None:
        self.seconds = 0.0
        self.crowd = crowd or Crowd()
        self.console = Watched(
            cast("Any", self.crowd), driver_class=Counting, interval=3600.0, screen=screen, clock=lambda: self.seconds
        )

    def play(self, scenario: Callable[[Stand, Pilot[int]], Awaitable[T]], size: tuple[int, int] = SIZE) -> T:
        """Open it, let *scenario* play with it, and close it; what came of it."""

        async def run() -> T:
            async with self.console.run_test(headless=False, size=size) as pilot:
                while not self.console.is_ready:
                    await pilot.pause(0.01)
                return await scenario(self, pilot)

        return asyncio.run(run())

    def look(self, changes: int) -> Looked:
        """The next look, two seconds later."""
        self.seconds += 2.0
        look = self.crowd.look(self.console.here.want(), changes)
        return Looked(look, self.seconds, Connection(answered_at=self.seconds))

    async def show(self, changes: int, pilot: Pilot[int]) -> float:
        """CPU milliseconds of taking in the next look, and drawing it."""
        look = self.look(changes)
        return await self.cost(lambda: self.console.post_message(look), pilot)

    async def press(self, key: str, pilot: Pilot[int]) -> float:
        """CPU milliseconds from a key to what it draws."""
        event = events.Key(key, None)
        return await self.cost(lambda: self.console.post_message(event), pilot)

    async def cost(self, act: Callable[[], object], pilot: Pilot[int]) -> float:
        """CPU milliseconds of *act*, until the terminal has what comes of it."""
        self.console.drawn.clear()
        begun = process_time()
        act()
        await self.console.drawn.wait()
        took = (process_time() - begun) * 1e3
        await pilot.pause()  # it has its own costs
        return took


def measure(quick: bool) -> dict[str, object]:
    """All of it."""
    rounds = 5 if quick else ROUNDS
    keys = key_ms(rounds)
    return {
        "refresh_ms": {screen: round(refresh_ms(screen, rounds), 2) for screen in SCREENS},
        "key_ms": {key: round(took, 2) for key, took in keys.items()} | {"slowest": round(max(keys.values()), 2)},
        "idle_bytes": {screen: idle_bytes(screen, rounds) for screen in SCREENS},
        "rss_mb": in_a_process_of_its_own("memory_mb()"),
        "growth_mb": in_a_process_of_its_own(f"growth_mb({LOOKS // 20 if quick else LOOKS})"),
        "first_paint_ms": round(median(first_paint().wall_ms for _ in range(3 if quick else 9))),
    }


def refresh_ms(screen: str, rounds: int = ROUNDS) -> float:
    """Median CPU of a look in which 40 rows in sight have changed."""

    async def scenario(stand: Stand, pilot: Pilot[int]) -> float:
        for _ in range(5):  # caches, and what is imported at first use
            await stand.show(CHANGES, pilot)
        return median([await stand.show(CHANGES, pilot) for _ in range(rounds)])

    return Stand(screen).play(scenario)


def key_ms(rounds: int = ROUNDS) -> dict[str, float]:
    """Median CPU from each key to what it draws, among 10,000 jobs."""

    async def scenario(stand: Stand, pilot: Pilot[int]) -> dict[str, float]:
        took: dict[str, list[float]] = {key: [] for key in KEYS}
        for _ in range(rounds):
            await stand.show(CHANGES, pilot)
            for key in KEYS:
                took[key].append(await stand.press(key, pilot))
        return {key: median(each) for key, each in took.items()}

    return Stand("jobs").play(scenario)


def idle_bytes(screen: str, rounds: int = ROUNDS) -> int:
    """Median of what goes to the terminal at a look in which nothing has changed but the time."""

    async def scenario(stand: Stand, pilot: Pilot[int]) -> int:
        written = []
        for _ in range(5 + rounds):
            before = Counting.letters
            await stand.show(0, pilot)
            written.append(Counting.letters - before)
        return round(median(written[5:]))

    return Stand(screen).play(scenario)


def in_a_process_of_its_own(call: str) -> float:
    """The answer of one function here, of a process that has done nothing else."""
    code = f"import bench.console_ui as ui; print(ui.{call})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def memory_mb() -> float:
    """MiB that a console takes which has shown its largest lists for a while."""

    async def scenario(stand: Stand, pilot: Pilot[int]) -> float:
        for key in "123123":
            await pilot.press(key)
            for _ in range(10):
                await stand.show(CHANGES, pilot)
        return rss_mb()

    return round(Stand("jobs").play(scenario), 1)


def growth_mb(looks: int = LOOKS) -> float:
    """How many MiB more a console takes after so many looks at jobs than after a tenth of them; one in 50 is drawn."""

    async def scenario(stand: Stand, pilot: Pilot[int]) -> float:
        settled = 0.0
        table = stand.console.here.table
        assert table is not None
        for number in range(looks):
            look = stand.look(CHANGES).look
            assert look.jobs is not None
            table.show_page(look.jobs, stand.console.sight())
            if number % 50 == 0:
                await stand.show(CHANGES, pilot)
            if number == looks // 10:
                settled = rss_mb()
        return rss_mb() - settled

    return round(Stand("jobs", Crowd(jobs=100, workers=10)).play(scenario, SMALL), 1)


def rss_mb() -> float:
    """Memory of this process that is there. Source: proc(5), statm."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


class Start(NamedTuple):
    """What a start took, in milliseconds."""

    wall_ms: float
    cpu_ms: float


def first_paint() -> Start:
    """From the start of ``clusterctl top`` to its first line on a terminal."""
    with tempfile.TemporaryDirectory() as home:
        ours, theirs = pty.openpty()
        env = {**os.environ, "HOME": home, "CLUSTERCTL_STATE_DIR": home, "TERM": "xterm-256color"}
        begun = monotonic()
        program = subprocess.Popen(
            [sys.executable, "-m", "clusterctl", "top"], stdin=theirs, stdout=theirs, stderr=theirs, env=env,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        try:
            wall_ms = (read_until(ours, FIRST_LINE) - begun) * 1e3
            return Start(wall_ms, sum(psutil.Process(program.pid).cpu_times()[:2]) * 1e3)
        finally:
            program.kill()
            program.wait()
            os.close(ours)


def read_until(terminal: int, words: bytes) -> float:
    """When *words* stood on the terminal."""
    written = b""
    with suppress(OSError):  # EIO: the program has gone
        while select.select([terminal], [], [], 60)[0]:
            written += os.read(terminal, 1 << 16)
            if words in written:
                return monotonic()
    raise RuntimeError(f"`top` never wrote {words!r}: {written[-500:]!r}")


if __name__ == "__main__":
    print(json.dumps(measure(quick="--quick" in sys.argv), indent=2))
