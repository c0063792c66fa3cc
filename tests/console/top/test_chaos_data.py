"""The cluster changes wildly under an open console: all goes and comes, ages run backwards; it is just shown."""

from __future__ import annotations

import random
import re
from datetime import timedelta

from textual.pilot import Pilot

from clusterctl.tui.app import SCREENS, Console
from tests.console.top.pilot import lines, play, shows, until
from tests.console.top.stage import NOW, a_job, a_running_job, a_worker, small_cluster


def test_tables_that_shrink_to_nothing_and_fill_again_are_drawn_on_every_screen() -> None:
    source = small_cluster()
    full = dict(source.jobs), dict(source.workers), dict(source.log), source.found

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        for key, _ in SCREENS:
            if not key:
                continue
            await pilot.press(key)
            for jobs, workers, claims, found in (({}, {}, {}, ()), full):
                source.jobs, source.workers, source.log = dict(jobs), dict(workers), dict(claims)
                source.found = tuple(found)
                seen = len(source.wanted)
                await pilot.press("r", "j", "space", "k", "G")
                await until(pilot, lambda seen=seen: len(source.wanted) > seen + 1)  # type: ignore[misc]  # bound now
                assert all(len(line) == 80 for line in lines(app))

    play(source, scenario, interval=0.05)


def test_a_clock_that_jumps_shows_no_negative_ages() -> None:
    source = small_cluster()

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("2")
        await shows(pilot, "cpu-03")
        for hours in (-48, 48, 0):
            source.at = NOW + timedelta(hours=hours)
            source.workers = {
                name: a_worker(name, heartbeat_age_s=0.4 - hours * 3600, last_heartbeat_at=NOW - timedelta(hours=hours))
                for name in source.workers
            }
            await until(pilot, lambda at=source.at: app.look is not None and app.look.at == at)  # type: ignore[misc]  # bound now
            assert not [line for line in lines(app) if re.search(r"(?<!\w)-\d", line)]
            assert all(len(line) == 80 for line in lines(app))

    play(source, scenario, interval=0.05)


def test_a_storm_of_sizes_keys_and_data_breaks_nothing() -> None:
    source = small_cluster()
    chance = random.Random(6)
    keys = [
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "a",
        "j",
        "k",
        "G",
        "g",
        "enter",
        "escape",
        "z",
        "tab",
        "f",
        "p",
        "s",
    ]

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        for _ in range(60):
            await pilot.press(chance.choice(keys))
            if chance.random() < 0.2:
                width, height = chance.choice([(160, 48), (60, 16), (40, 10), (80, 24), (1, 1), (121, 17)])
                await pilot.resize_terminal(width, height)
            number = chance.randrange(1, 300)
            if chance.random() < 0.5:
                source.jobs[number] = chance.choice([a_job(number), a_running_job(number, "cpu-01")])
            else:
                source.jobs.pop(number, None)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: all(len(line) == 80 for line in lines(app)))

    play(source, scenario, interval=0.02)
