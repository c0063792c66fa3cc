"""Every deed, from the key or the menu to what it has done; and with every string as a stranger may have it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from clusterctl.model.findings import Fix
from clusterctl.model.proposals import Aside, Change, Deed, DeedFate, Outcome, Proposal
from clusterctl.text import cells
from clusterctl.tui.app import Console
from clusterctl.tui.dialogs.menu import Menu
from tests.console.top.acting import asked, dialog_of
from tests.console.top.busy import services
from tests.console.top.pilot import lines, play, shows, until
from tests.console.top.stage import StageSource, a_finding, a_job, a_running_job, a_worker
from tests.console.top.strange_text import STRANGE
from tests.console.top.test_deed_words import CONTROL

DEAD = Fix(
    kind="confirm_dead",
    command="clusterctl worker w2 --confirm-dead",
    available=False,
    change="if you know that it runs nothing",
)


def a_stage() -> StageSource:
    """One of everything that a deed can be about."""
    return StageSource(
        workers=[
            a_worker("w1"),
            a_worker("w2", live_state="silent"),
            a_worker("w3", admin_state="draining"),
            a_worker("w4", live_state="lost", jobs=0),
        ],
        jobs=[a_job(1), a_job(2, state="held"), a_running_job(3, "w1"), a_running_job(4, "w1", state="scheduled")],
        services=services(),
        findings=[
            a_finding("reserved_expired", "allocation:9", severity="critical", concerns=("allocation:9", "worker:w1")),
            a_finding("dead_worker_jobs", "job:3", concerns=("job:3", "worker:w2"), fix=DEAD),
        ],
    )


# The screen, the keys there, and the deed that comes of them.
BY_KEY: dict[str, tuple[str, str, Deed]] = {
    "cancel": ("3", "K", Deed(verb="cancel", jobs=(1,))),
    "hold": ("3", "H", Deed(verb="hold", jobs=(1,))),
    "release": ("3", "j H", Deed(verb="release", jobs=(2,))),
    "requeue": ("3", "j j R", Deed(verb="requeue", jobs=(3,))),
    "give a reservation back": ("3", "j j j R", Deed(verb="requeue", jobs=(4,))),
    "drain": ("2", "P", Deed(verb="drain", workers=("w1",))),
    "resume": ("2", "j j P", Deed(verb="resume", workers=("w3",))),
    "confirm dead": ("2", "j F", Deed(verb="confirm_dead", workers=("w2",))),
    "scale": ("8", "S 5 enter", Deed(verb="scale", service=60, replicas=5)),
}
BY_MENU: dict[str, tuple[str, str, Deed]] = {
    "Drain worker w1, with a deadline …": ("2", "3 0 m enter", Deed(verb="drain", workers=("w1",), deadline_s=1800.0)),
    "Confirm that worker w2 is dead": ("2 j", "", Deed(verb="confirm_dead", workers=("w2",))),
    "Forget worker w4": ("2 j j j", "", Deed(verb="forget", workers=("w4",))),
    "Restart service 60, one replica after the other": ("8", "", Deed(verb="restart", service=60)),
    "Forget what is old …": (
        "8",
        "j o b s space 7 d enter",
        Deed(verb="prune", what=("jobs",), older_than_s=604_800.0),
    ),
}


async def go(console: Console, pilot: Pilot[int], screen: str) -> None:
    """To that screen; its rows have come."""
    key, *moves = screen.split()
    await pilot.press(key)
    await until(pilot, lambda: bool(console.here.subjects()), "rows")
    await pilot.press(*moves)


async def confirmed(pilot: Pilot[int], expected: Deed) -> None:
    """The dialog is about that; say yes to it, and wait until it has been done."""
    dialog = await asked(pilot)
    assert dialog.proposal is not None
    assert dialog.proposal.deed == expected
    if dialog.proposal.typed:
        await pilot.press(*dialog.proposal.typed, "enter")
    else:
        await pilot.press("y")
    await shows(pilot, "done")
    assert dialog_of(pilot.app) is None  # type: ignore[arg-type]  # it is the console


@pytest.mark.parametrize("name", BY_KEY)
def test_a_key_leads_to_its_deed(name: str) -> None:
    screen, keys, expected = BY_KEY[name]
    stage = a_stage()

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await go(console, pilot, screen)
        await pilot.press(*keys.split())
        await confirmed(pilot, expected)

    play(stage, scenario)
    assert [each.deed for each in stage.carried_out] == [expected]


@pytest.mark.parametrize("label", BY_MENU)
def test_the_menu_leads_to_what_has_no_key(label: str) -> None:
    screen, keys, expected = BY_MENU[label]
    stage = a_stage()

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await go(console, pilot, screen)
        await pilot.press("x")
        await shows(pilot, label[:30])
        menu = console.screen
        assert isinstance(menu, Menu)
        while menu.offers[menu.cursor].label != label:
            await pilot.press("j")
        await pilot.press("enter")
        for key in keys.split():
            await pilot.press(key)
        await confirmed(pilot, expected)

    play(stage, scenario)
    assert [each.deed for each in stage.carried_out] == [expected]


def test_the_suggested_fix_of_what_is_stuck_is_its_mend() -> None:
    stage = a_stage()
    finding = stage.found[0]

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await go(console, pilot, "4")
        await until(pilot, lambda: console.here.meant_findings() == (finding,), "the first finding under the cursor")
        await pilot.press("F")
        await confirmed(pilot, Deed(verb="mend", findings=(finding,)))

    play(stage, scenario)


def test_all_that_is_stuck_is_mended_at_once_from_any_screen() -> None:
    stage = a_stage()
    finding = stage.found[0]

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await go(console, pilot, "3")
        await until(pilot, lambda: bool(console.found.findings), "findings")
        (offer,) = (each for each in console.offers() if each.label == "Mend all that is stuck")
        console.begin(offer)
        await confirmed(pilot, Deed(verb="mend", findings=(finding,)))

    play(stage, scenario)


def test_a_deed_upon_a_service_is_about_the_replicas_that_it_has_when_it_is_proposed() -> None:
    stage = a_stage()
    stage.jobs = {number: a_running_job(number, "w1", kind="service", array_id=60) for number in (60, 61, 62)}
    story = stage.service(60)
    stage.service = lambda service_id: replace(story, replicas=tuple(stage.jobs.values()))  # type: ignore[method-assign]  # a stage that is slow, or breaks

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await go(console, pilot, "8")
        await pilot.press("K")
        await confirmed(pilot, Deed(verb="cancel", jobs=(60, 61, 62)))

    play(stage, scenario)


def test_what_makes_no_sense_is_asked_again() -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await go(console, pilot, "8")
        await pilot.press("S", "x", "enter")
        await shows(pilot, "'x' is no number of replicas")
        await pilot.press("backspace", "2", "enter")
        await asked(pilot)

    play(a_stage(), scenario)


# All of them are tried on the lines alone, in ``test_deed_words``.
WORST = ("closing markup", "markup that acts", "clear screen", "C1", "bidi", "lone surrogates", "emoji that are joined",
         "ten thousand wide ones", "lines")  # fmt: skip


FATES: tuple[DeedFate, ...] = ("done", "changed", "refused")


def strange(text: str) -> StageSource:
    """A cluster in which everything is called so, and so is all that is proposed and told."""
    stage = StageSource(
        workers=[a_worker(text or "w", hostname=text, live_reason=text, admin_reason=text)],
        jobs=[a_job(1, name=text, detail=text, tenant=text), a_job(2, name=text)],
        findings=[
            a_finding(text, f"worker:{text}", sentence=text, fix=Fix(command=text, available=False, change=text))
        ],
    )
    change, aside = Change(subject=f"worker:{text}", before=text, after=text), Aside(subject=text, why=text)
    outcomes = [Outcome(subject=text, fate=fate, sentence=text) for fate in FATES]

    def propose(deed: Deed) -> Proposal:
        return Proposal(
            deed=deed, title=text, why=(text,), changes=(change,) * 3, asides=(aside,), risk=text, precondition=text,
            command=("clusterctl", text),
        )  # fmt: skip

    def carry_out(proposal: Proposal, *, reason: str = "") -> list[Outcome]:
        return outcomes

    stage.propose = propose  # type: ignore[method-assign]  # a stage that is slow, or breaks
    stage.carry_out = carry_out  # type: ignore[method-assign]  # a stage that is slow, or breaks
    return stage


@pytest.mark.parametrize("name", WORST)
def test_no_name_breaks_the_menu_the_dialog_the_toast_or_the_list_of_outcomes(name: str) -> None:
    def sound(console: Console) -> None:
        for line in lines(console):
            assert cells(line) == 80, line
            assert not CONTROL.search(line), line

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await go(console, pilot, "2")
        await until(pilot, lambda: bool(console.found.findings), "findings")
        for keys in ("x", "escape", "P", "c"):
            await pilot.press(keys)
            await pilot.pause()
            sound(console)
        dialog = await asked(pilot)
        sound(console)
        await pilot.press("y")
        await until(pilot, lambda: dialog_of(console) is None, "the deed to be done")
        await pilot.pause()
        sound(console)
        await pilot.press("O")
        await shows(pilot, "done 1, changed meanwhile 1, refused 1")
        sound(console)
        assert dialog.proposal is not None

    play(strange(STRANGE[name]), scenario)


def test_the_menu_scrolls_where_there_is_little_room() -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await go(console, pilot, "4")
        await until(pilot, lambda: bool(console.here.meant_findings()), "a finding")
        await pilot.press("x")
        labels = [offer.label for offer in console.offers()]
        for _ in labels:
            await pilot.press("j")
        await shows(pilot, f"{labels[-1]}")

    play(a_stage(), scenario, size=(60, 16))
