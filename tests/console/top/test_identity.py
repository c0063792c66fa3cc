"""Identity before position, with real keys: rows come, go and change places, and cursor and marks stay on theirs.

The table is played by its own keys, between looks of every kind. What must be marked is found out another way, and
what is drawn is read from the screen.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from textual.binding import Binding
from textual.pilot import Pilot

from clusterctl.model.looks import Key
from clusterctl.tui.app import Console
from clusterctl.tui.paint.pieces import Sight
from clusterctl.tui.table.table import Table
from tests.console.top.acting import on_jobs
from tests.console.top.easel import Easel, show
from tests.console.top.marks import Marks
from tests.console.top.pilot import lines, play, until
from tests.console.top.rows import a_page, a_table
from tests.console.top.stage import StageSource, a_job

MOVES = frozenset({"move", "page"})
BINDINGS = [binding for binding in Table.BINDINGS if isinstance(binding, Binding)]
ACTIONS = {key: binding.action for binding in BINDINGS for key in binding.key.split(",")}
ROWS = 9

Step = tuple[str, Any]
looks = st.permutations(range(ROWS)).flatmap(lambda order: st.integers(0, ROWS).map(lambda many: order[:many]))
steps = st.one_of(
    st.tuples(st.just("press"), st.sampled_from([*sorted(ACTIONS), "space", "space", "V", "j"])),
    st.tuples(st.sampled_from(["look", "look", "filter"]), looks),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 2.0, 5.0])),
)
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # a second for each try: what failed is printed whole


class Player:
    """Plays with a table, and knows what must have come of it."""

    def __init__(self) -> None:
        self.now, self.asked = 0.0, 0
        self.table = a_table(clock=lambda: self.now)
        self.marks = Marks()
        self.range_from: Key | None = None

    @property
    def cursor(self) -> Key | None:
        return self.table.model.cursor

    async def press(self, key: str, pilot: Pilot[None]) -> None:
        """A key of the table; only those that are for that move the cursor."""
        before, rows = self.cursor, list(self.table.model.keys)
        ranged = self.ranged(rows)
        await pilot.press(key)
        action = ACTIONS[key].partition("(")[0]
        if action == "mark" and self.range_from is None and before is not None:
            self.marks.toggle(before)
            assert self.cursor == rows[min(rows.index(before) + 1, len(rows) - 1)]
        elif action not in MOVES:
            assert self.cursor == before, f"{key} moved the cursor"
        self.expect(action, ranged, before)

    def expect(self, action: str, ranged: set[Key], cursor: Key | None) -> None:
        """What that key has done to marks."""
        if action in ("mark", "mark_range") and self.range_from is not None:
            self.marks.mark(ranged)
            self.range_from = None
        elif action == "mark_range":
            self.range_from = cursor
        elif action == "end_range":
            self.range_from = None
        elif action == "mark_all":
            self.marks.mark_all()
        elif action == "unmark":
            self.marks.clear()
            self.range_from = None

    def ranged(self, rows: list[Key]) -> set[Key]:
        """What lies between the cursor and where a range was begun."""
        if self.range_from not in rows or self.cursor is None:
            return set()
        low, high = sorted((rows.index(self.range_from), rows.index(self.cursor)))
        return set(rows[low : high + 1])

    def look(self, keys: list[Key], *, another: bool) -> None:
        """Others are in the list, or in other places; the cursor leaves only what is not there any more."""
        before, vanished = self.cursor, set(self.marks.vanished)
        self.asked += another
        self.table.show_page(a_page(keys), Sight(), asked=self.asked)
        self.marks.look(keys, self.now, another=another)
        if another:
            self.range_from = None
        if before is not None and self.cursor != before:
            assert before not in keys, "the cursor left a row that is there"
            assert another or before in vanished, "the cursor left a row that nobody saw vanish"

    def wait(self, seconds: float) -> None:
        """Time passes."""
        before, vanished = self.cursor, set(self.marks.vanished)
        self.now += seconds
        self.table.tick(Sight())
        self.marks.wait(self.now)
        assert self.cursor == before or before in vanished, "a moment moved the cursor"

    async def step(self, step: Step, pilot: Pilot[None]) -> None:
        """One of them."""
        kind, what = step
        if kind == "press":
            await self.press(what, pilot)
        elif kind == "wait":
            self.wait(what)
            await pilot.pause()
        else:
            self.look(what, another=kind == "filter")
            await pilot.pause()

    def check(self, easel: Easel) -> None:
        """The marks are those that must be, and the screen shows them, and the cursor, on their rows."""
        model, rows = self.table.model, list(self.table.model.keys)
        assert model.marked == self.marks.now
        assert model.meant() == self.meant(rows)
        drawn = {line.split("thing-")[1].split()[0]: line[:2] for line in easel.lines() if "thing-" in line}
        assert {int(key) for key, signs in drawn.items() if signs[1] == "■"} == self.marks.now & set(rows)
        here = [int(key) for key, signs in drawn.items() if signs[0] == ">"]
        assert here == [key for key in [self.cursor] if key is not None and key not in model.gone]

    def meant(self, rows: list[Key]) -> list[Key]:
        """What a deed would have to be about."""
        marked = self.marks.now | self.ranged(rows)
        return [key for key in rows if key in marked] or [key for key in [self.cursor] if key is not None]


@settings(max_examples=10, deadline=None, phases=NO_SHRINKING, suppress_health_check=list(HealthCheck))
@given(first=looks, steps=st.lists(steps, min_size=30, max_size=40))
def test_only_a_key_that_moves_moves_the_cursor_and_marks_stay_on_their_rows(
    first: list[Key], steps: list[Step]
) -> None:
    player = Player()

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        player.look(first, another=False)
        for step in steps:
            await player.step(step, pilot)
            player.check(easel)

    show(player.table, scenario, (80, ROWS * 2 + 2))


jobs_seen = st.permutations(range(1, 8)).flatmap(lambda order: st.integers(1, 7).map(lambda many: order[:many]))
console_steps = st.one_of(
    st.tuples(
        st.just("press"), st.sampled_from(["j", "k", "space", "space", "V", "asterisk", "u", "s", "o", "escape"])
    ),
    st.tuples(st.just("look"), jobs_seen),
)


@settings(max_examples=4, deadline=None, phases=NO_SHRINKING, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(console_steps, min_size=15, max_size=25))
def test_a_deed_would_be_about_what_the_screen_shows_as_marked(steps: list[Step]) -> None:
    stage = StageSource(jobs=[a_job(number) for number in range(1, 8)])

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await on_jobs(app, pilot)
        for kind, what in steps:
            if kind == "press":
                await pilot.press(what)
            else:
                stage.jobs = {number: a_job(number) for number in what}
                stage.at += timedelta(seconds=1)
                app.action_look_now()
                await until(pilot, lambda: app.look is not None and app.look.at == stage.at, "a look")
            # The screen is drawn a moment after what it shows has changed.
            await until(pilot, lambda: sorted(app.meant().subjects) == sorted(marked_on_screen(lines(app))), "the same")

    play(stage, scenario, interval=60.0, clock=lambda: 0.0)


def marked_on_screen(drawn: list[str]) -> list[str]:
    """The jobs with a mark, or in an open range; without any the one under the cursor, also where its row is gone."""
    rows = [(line[:2], f"job:{line[2:].split()[0]}") for line in drawn if " step-" in line]
    marked = [job for signs, job in rows if signs[1] in "■·"]
    return marked or [job for signs, job in rows if signs[0] != " "]
