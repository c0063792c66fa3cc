"""What the console costs the machine that it runs on, at 10,000 jobs and 1,000 workers, on a terminal of 160x48.

`refresh_ms`: CPU of taking in a look in which 40 rows in sight have changed and 10 jobs have come and gone, and of
drawing it, by screen. `key_ms`: CPU from a key to what it draws, with all 10,000 jobs marked where that is the dearest
case. `idle_bytes`: what goes to the terminal from one look to the next, two seconds later, while only ages grow: look,
ticks, clock and page beside the list, by screen; by key, where that dialog is open over the jobs. `rss_mb`: memory of
a console, with all that it imports once it is connected. `growth_bytes`: how much of it comes with each further look.
`first_paint_ms`: from the start of the program to its first line on a terminal, with no server to wait for; wall time.
All but the last and the bytes are medians.
"""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from statistics import median
from time import monotonic
from typing import NamedTuple

import psutil
from textual.pilot import Pilot

from bench.console_stand import Counting, Stand
from bench.crowd import Crowd

SMALL = (60, 16)  # where a look costs the least
CHANGES, ROUNDS = 40, 20
SCREENS = ("overview", "workers", "jobs")
KEYS = ("j", "G", "g", "pagedown", "space", "right", "left")
OPENING = ("x", "question_mark", "C", "i", "slash", "K")  # each opens something, and `escape` closes it
DIALOGS = ("x", "question_mark", "K")
LOOKS, SETTLED = 10_000, 4_000  # until then caches fill, of letters, styles and lines
FIRST_LINE = b"Overview"
# What a console that is connected has imported besides.
CONNECTED = ("psycopg", "redis", "httpx", "plotext", "clusterctl.cluster", "clusterctl.views", "clusterctl.views.looks",
             "clusterctl.views.trends", "clusterctl.operations.proposals", "clusterctl.output.reader")  # fmt: skip


def measure(quick: bool) -> dict[str, object]:
    """All of it."""
    rounds = 5 if quick else ROUNDS
    keys = key_ms(rounds)
    return {
        "refresh_ms": {screen: round(refresh_ms(screen, rounds), 2) for screen in SCREENS},
        "key_ms": {key: round(took, 2) for key, took in keys.items()} | {"slowest": round(max(keys.values()), 2)},
        "idle_bytes": {screen: idle_bytes(screen, rounds) for screen in SCREENS}
        | {key: idle_bytes("jobs", rounds, key) for key in DIALOGS},
        "rss_mb": in_a_process_of_its_own("memory_mb()"),
        "growth_bytes": in_a_process_of_its_own(f"growth_bytes({LOOKS // 5 if quick else LOOKS})"),
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
    """Median CPU from each key to what it draws, among 10,000 jobs; what opens something, with all of them marked."""

    async def scenario(stand: Stand, pilot: Pilot[int]) -> dict[str, float]:
        took: dict[str, list[float]] = {key: [] for key in (*KEYS, *OPENING)}
        for _ in range(rounds):
            await stand.show(CHANGES, pilot)
            for key in KEYS:
                took[key].append(await stand.press(key, pilot))
        await pilot.press("asterisk")
        for _ in range(rounds):
            await stand.show(CHANGES, pilot)
            for key in OPENING:
                took[key].append(await stand.press(key, pilot))
                await pilot.press("escape")
                await pilot.pause()
        return {key: median(each) for key, each in took.items()}

    return Stand("jobs").play(scenario)


def idle_bytes(screen: str, rounds: int = ROUNDS, key: str = "") -> int:
    """What goes to the terminal from look to look in which nothing has changed but the time; *key* opens a dialog."""

    async def scenario(stand: Stand, pilot: Pilot[int]) -> int:
        await stand.show(0, pilot)
        await pilot.pause(0.3)  # the cursor has come to rest: the page beside the list is asked for
        if key:
            await pilot.press(key)
        for _ in range(5):
            await stand.rest(pilot)
        before = Counting.letters
        for _ in range(rounds):
            await stand.rest(pilot)
        return round((Counting.letters - before) / rounds)

    return Stand(screen).play(scenario)


def in_a_process_of_its_own(call: str, first: str = "") -> float:
    """The answer of one function here, of a process that has done nothing else than *first*, some Python."""
    code = f"{first}\nimport bench.console_ui as ui; print(ui.{call})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def memory_mb() -> float:
    """MiB that a console takes which has shown its largest lists for a while, and all that its source imports."""
    for name in CONNECTED:
        import_module(name)

    async def scenario(stand: Stand, pilot: Pilot[int]) -> float:
        for key in "123123":
            await pilot.press(key)
            for _ in range(10):
                await stand.show(CHANGES, pilot)
        return rss_mb()

    return round(Stand("jobs").play(scenario), 1)


def growth_bytes(looks: int = LOOKS, settled: int = SETTLED) -> int:
    """How many bytes more a console takes with each look after so many. Each goes all its way; one in 50 is drawn."""

    async def scenario(stand: Stand, pilot: Pilot[int]) -> float:
        await see(settled, stand, pilot)
        before = rss_mb()
        await see(looks, stand, pilot)
        return (rss_mb() - before) * 2**20 / looks

    return round(Stand("jobs", Crowd(jobs=100, workers=10)).play(scenario, SMALL))


async def see(looks: int, stand: Stand, pilot: Pilot[int]) -> None:
    """Give the console so many *looks*, and ticks, a third of them on each of its busiest screens."""
    for key in "312":
        await pilot.press(key)
        for _ in range(looks // 3 // 50):
            with stand.console.batch_update():
                for _ in range(49):
                    stand.console.on_looked(stand.look(CHANGES))
                    stand.console.tick()
            await stand.show(CHANGES, pilot)


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
