"""How an order comes to a supervisor, and is known to have come."""

from __future__ import annotations

from msgspec.structs import replace

from agentd.attempts import Attempts, ended
from agentd.briefing import Briefing
from agentd.link import Gone, Link
from agentd.records import Ended
from agentd.roster import Roster
from agentd.running import Running
from clusterctl.model.orders import Order
from clusterctl.model.states import Outcome

MOST_TRIES = 5  # to hand an order to a supervisor


class Handover:
    """Remembers the orders of which nobody has said yet that they run."""

    def __init__(self, roster: Roster, attempts: Attempts, briefing: Briefing) -> None:
        self._roster = roster
        self._attempts = attempts
        self._briefing = briefing
        self._unsure: dict[int, Order] = {}

    def note(self, allocation_id: int) -> Order | None:
        """Something was said of it, or never will be; the order, if this is the first word."""
        return self._unsure.pop(allocation_id, None)

    def give(self, order: Order, running: Running) -> None:
        """Give *order* to a supervisor. One that has gone unheard costs a try."""
        trouble = "supervisors end before they can begin anything"
        for _ in range(MOST_TRIES):
            try:
                link = self._roster.engage()
            except OSError as error:
                trouble = f"no supervisor can be made: {error.strerror}"
                break
            if self._send(link, order, running):
                return
        self._attempts.tell(never_started(running, trouble))

    def _send(self, link: Link, order: Order, running: Running) -> bool:
        """Give *order* to *link*'s supervisor; False if that turns out to be gone."""
        cut = link.is_settled and bool(link.standing)
        if cut:
            self._attempts.forget(link)
        try:
            link.send(self._briefing.write(order, running.start_token, gpus=running.gpus, cut=cut))
        except OSError as error:
            self._attempts.enter(link, running)
            self._attempts.heed(never_started(running, f"the worker's spool cannot be written: {error.strerror}"))
            self._roster.rest(link)
        except Gone:
            self._roster.part(link)
            return False
        else:
            self._attempts.enter(link, replace(running, supervisor_pid=link.pid))
            self._unsure[order.allocation_id] = order
        return True


def never_started(running: Running, detail: str) -> Ended:
    """The end of *running*, which has never become a process."""
    return ended(running.allocation_id, running.start_token, Outcome.NEVER_STARTED, detail)
