"""The one way from a key to a deed: proposed, confirmed, carried out as proposed, told.

Deeds follow identities: what was marked or under the cursor when the key was pressed is named in the deed, and the
proposal is bound to what was seen of it then. Where rows stand plays no part.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec.structs import replace
from textual import events
from textual.binding import Binding, BindingType

from clusterctl.model.console import AFTERWARDS_S
from clusterctl.model.errors import ClusterError, NotTold, Outage
from clusterctl.model.proposals import Deed, Outcome, Proposal
from clusterctl.text import visible
from clusterctl.tui import deeds
from clusterctl.tui.deeds import Meant, Offer
from clusterctl.tui.dialogs.box import Dialog
from clusterctl.tui.dialogs.confirm import Confirmation
from clusterctl.tui.dialogs.gate import READ_ONLY, why_not
from clusterctl.tui.dialogs.menu import Menu
from clusterctl.tui.dialogs.outcomes import Outcomes
from clusterctl.tui.dialogs.question import Question
from clusterctl.tui.dialogs.words import told
from clusterctl.tui.engine.source import Source
from clusterctl.tui.shell import Shell

LONGEST_TITLE = 120  # cells
DEED_ACTIONS = frozenset({"deed", "deeds", "undo", "outcomes"})
KEYS_OF_DEEDS = frozenset("xFKRHPSUO")


class Acting(Shell):
    """A console that does things."""

    HELP_GROUP = "Deeds"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "deeds", "Act"),
        Binding("F", "deed('F')", "Suggested fix"),
        Binding("K", "deed('K')", "Cancel", show=False),
        Binding("R", "deed('R')", "Requeue, or release a reservation", show=False),
        Binding("H", "deed('H')", "Hold, or release", show=False),
        Binding("P", "deed('P')", "Drain, or resume", show=False),
        Binding("S", "deed('S')", "Scale a service", show=False),
        Binding("U", "undo", "Undo", show=False),
        Binding("O", "outcomes", "What came of the last deed", show=False),
    ]

    def __init__(self, source: Source, **options: Any) -> None:
        super().__init__(source, **options)
        self._numbers = itertools.count()
        self._undo: tuple[Deed, float] | None = None
        self._no_undo = ""  # why the last deed cannot be taken back
        self._outcomes: tuple[Outcome, ...] = ()
        self.under_way: dict[str, str] = {}  # deeds that nobody knows the end of, by their errands
        self._leaves: frozenset[str] = frozenset()  # those of which somebody who wants to quit was told

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A console that only looks has no deeds, on no key and in no menu; nor has one too small to show a row."""
        if action in DEED_ACTIONS and (
            self.read_only or any(each.has_class("-small") for each in self.screen_stack[:1])
        ):
            return False
        return super().check_action(action, parameters)

    def on_key(self, event: events.Key) -> None:
        """A key of a deed that came to nobody, for this console has none, is not left without a word."""
        if not self.read_only or len(self.screen_stack) > 1 or event.key not in KEYS_OF_DEEDS:
            return
        if event.key not in self.screen.active_bindings:  # a log has an F of its own
            self.say(READ_ONLY, "warning")

    def meant(self) -> Meant:
        """What a deed would be about now."""
        here = self.here
        return deeds.meant(
            self.look,
            here.subjects(),
            hidden=here.hidden_marks(),
            findings=here.meant_findings(),
            known=self.found.findings,
        )

    def offers(self) -> list[Offer]:
        """All that could be done now, with the reasons why some of it cannot; nothing if this console only looks."""
        return [] if self.circumstances().read_only else deeds.offers(self.meant())

    def action_deeds(self) -> None:
        """A menu of everything that is allowed here."""
        meant = self.meant()
        self.ask(Menu(meant, deeds.offers(meant), self.glyphs))

    def action_deed(self, key: str) -> None:
        """What *key* stands for here."""
        self.begin(deeds.offered(self.meant(), key))

    def ask(self, dialog: Dialog[Offer]) -> None:
        """Let somebody choose, and go on with that."""
        _ = self.push_screen(dialog, self.chosen)

    def open(self, dialog: Dialog[None]) -> None:
        """Show it."""
        _ = self.push_screen(dialog)

    def chosen(self, offer: Offer | None) -> None:
        """Somebody has picked something from a menu, or has said what was asked; or nothing."""
        if offer is not None:
            self.begin(offer)

    def begin(self, offer: Offer) -> None:
        """Think it up and show it. Nothing is done before somebody has said yes to that."""
        if refusal := offer.why_not or self.refusal(offer.things):
            self.say(f"{offer.label}: {refusal}" if offer.label else refusal, "warning")
        elif offer.asks:
            self.ask(Question(offer, self.glyphs))
        elif offer.deed is not None:
            self.consider(offer.deed, offer)

    def refusal(self, things: int = 1) -> str:
        """Why nothing may be done now to so many things; empty if it may."""
        return why_not(self.circumstances(), things)

    def consider(self, deed: Deed, offer: Offer) -> None:
        """Open the dialog, and ask for the proposal that it shall show."""
        dialog = Confirmation(offer.label, lambda: self.refusal(offer.things), self.glyphs, self.clock)
        dialog.things, dialog.hidden = offer.things, self.here.hidden_marks()
        self.open(dialog)
        self.deed_errands.run(
            "propose",
            lambda: self.source.propose(completed(self.source, deed, offer.services)),
            dialog.show_proposal,
            lambda error: dialog.show_trouble(sentences_of(error)),
        )

    def on_confirmation_confirmed(self, message: Confirmation.Confirmed) -> None:
        """Somebody said yes."""
        dialog, proposal = message.dialog, message.proposal
        if self.refusal(dialog.things):
            dialog.refuse()
            return
        errand = f"carry out {next(self._numbers)}"  # never taken for a newer one of the same
        self.under_way[errand] = visible(proposal.title.rstrip("?"), LONGEST_TITLE)
        self.deed_errands.run(
            errand,
            lambda: self.source.carry_out(proposal, reason=message.reason),
            lambda outcomes: self.carried_out(errand, dialog, proposal, outcomes),
            lambda error: self.not_told(errand, dialog, proposal, error),
        )

    async def action_quit(self) -> None:
        """Leave; but of a deed that is under way nobody would hear what became of it."""
        unheard = frozenset(self.under_way)
        if unheard <= self._leaves:
            await super().action_quit()
            return
        self._leaves = unheard
        self.say(f"under way: {'; '.join(self.under_way.values())}\nq again leaves without its answer", "warning")

    def carried_out(self, errand: str, dialog: Confirmation, proposal: Proposal, outcomes: Sequence[Outcome]) -> None:
        """Tell what came of it, show it, and offer to take it back where that is possible."""
        self.under_way.pop(errand, None)
        dialog.end()
        self._outcomes = tuple(outcomes)
        done = sum(each.fate == "done" for each in outcomes)
        well = all(each.fate in ("done", "unchanged") for each in outcomes)
        undo = self.offer_undo(proposal, outcomes)
        said = "\n".join([*told(outcomes), *undo])
        self.say(
            said, "information" if well else "warning" if done else "error", timeout=AFTERWARDS_S if undo else None
        )
        self.here.acted(self._outcomes)
        self.hurry()

    def not_told(self, errand: str, dialog: Confirmation, proposal: Proposal, error: Exception) -> None:
        """It was not done, or nobody knows: say which, in the dialog if it is still there."""
        self.under_way.pop(errand, None)
        said = sentences_of(error, acting=True)
        if dialog.is_current:
            dialog.show_trouble(said)
        else:
            self.say("\n".join([proposal.title.rstrip("?"), *said]), "error")
        self.hurry()

    def offer_undo(self, proposal: Proposal, outcomes: Sequence[Outcome]) -> list[str]:
        """For a while, of what was done: what was left is not to be taken back. What to say of it."""
        done = frozenset(each.subject for each in outcomes if each.fate == "done")
        self._undo, self._no_undo = None, ""
        if proposal.undo is None or not done:
            asked = proposal.title.rstrip("?")
            self._no_undo = f"U cannot take back: {asked}. {proposal.by_hand or 'Nothing does.'}" if done else ""
            return []
        self._undo = (only(proposal.undo, done), self.clock() + AFTERWARDS_S)
        return [f"U within {AFTERWARDS_S:.0f} s: undo"]

    def action_undo(self) -> None:
        """Propose to take the last deed back."""
        if self._undo is None or self.clock() > self._undo[1]:
            self.say(self._no_undo or f"nothing to undo: only what was just done, for {AFTERWARDS_S:.0f} s", "warning")
            return
        deed, self._undo = self._undo[0], None
        self.begin(Offer(f"Undo: {deed.verb}", deed=deed, things=max(1, len(deed.jobs) + len(deed.workers))))

    def action_outcomes(self) -> None:
        """What came of the last deed, for each."""
        if self._outcomes:
            self.open(Outcomes(self._outcomes, self.glyphs))
        else:
            self.say("nothing has been done from here yet", "warning")


def completed(source: Source, deed: Deed, services: Sequence[int]) -> Deed:
    """*deed* with the numbers of the replicas of *services*, which are asked for. May take long."""
    replicas = [job.id for service in services for job in source.service(service).replicas]
    return replace(deed, jobs=tuple(dict.fromkeys([*deed.jobs, *replicas]))) if services else deed


def only(deed: Deed, subjects: frozenset[str]) -> Deed:
    """*deed*, of these subjects alone."""
    jobs = tuple(each for each in deed.jobs if f"job:{each}" in subjects)
    return replace(deed, jobs=jobs, workers=tuple(each for each in deed.workers if f"worker:{each}" in subjects))


def sentences_of(error: Exception, *, acting: bool = False) -> list[str]:
    """What went wrong, and what to do about it. *acting*: it may have been done before the answer was lost."""
    unsure = acting and isinstance(error, (Outage, NotTold))
    said = [
        f"It may have been done, or not: {error}" if unsure else f"Nothing was done: {error}" if acting else str(error)
    ]
    hint = error.hint if isinstance(error, ClusterError) else ""
    again = "Look once the cluster answers. To ask for it again is safe: what is done already stays as it is."
    return [*said, *([hint] if hint else []), *([again] if unsure else [])]
