"""What a simulated machine does with a replica: it starts its process again, as a supervisor would.

``simulate SECONDS EXIT_CODE`` is one run of its process; ``inf`` seconds are for ever. Its ``ready_cmd``, if it has
one, is how many seconds it takes until that first succeeds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from agentd.supervisor.care import Care, Ends
from clusterctl.model.orders import Order, Replica


@dataclass
class SimulatedReplica:
    """The runs of one attempt's process. Moments are virtual seconds; ``rests_until`` is infinity while it runs.

    ``version`` grows whenever something changes that is to be told.
    """

    order: Order
    seconds: float
    exit_code: int
    began: float
    ends: Ends = field(default_factory=lambda: Ends(Care()))
    ready_at: float | None = None
    rests_until: float = math.inf
    restarts: int = 0
    last_exit: str = ""
    generation: int = 0
    wanted: int = 0  # the generation that is asked for
    version: int = 0

    @property
    def rests(self) -> bool:
        """There is no process now."""
        return self.rests_until < math.inf

    @property
    def next_change(self) -> float:
        """When it becomes ready, or is started again."""
        if self.rests:
            return self.rests_until
        return math.inf if self.ready_at is not None else self.began + self._ready_after_s

    def run(self, at: float, *, starts: bool) -> float:
        """Start its process; when that ends by itself: at once, if it cannot be made."""
        self.began, self.rests_until, self.generation = at, math.inf, self.wanted
        self.ready_at = at if starts and not self._ready_after_s else None
        self.version += 1
        return at + self.seconds if starts else at

    def get_ready(self, at: float) -> None:
        """It can serve from now on."""
        self.ready_at = at
        self.version += 1

    def rest(self, at: float, last_exit: str) -> bool:
        """Its process has ended by itself; False if it has done so too quickly too often."""
        self.ends.note(at - self.began, was_ready=self.ready_at is not None)
        self.ready_at, self.last_exit = None, last_exit
        self.rests_until = at + self.ends.rest_s
        self.version += 1
        return not self.ends.loops

    def shift(self, seconds: float) -> None:
        """Its machine was frozen for so long."""
        self.began += seconds
        self.rests_until += seconds
        if self.ready_at is not None:
            self.ready_at += seconds

    def told(self, token: str, now: float) -> Replica:
        """As agentd hears it."""
        return Replica(
            allocation_id=self.order.allocation_id,
            start_token=token,
            ready_ago_s=None if self.ready_at is None else now - self.ready_at,
            restarts=self.restarts,
            rests_s=self.rests_until - now if self.rests else None,
            last_exit=self.last_exit,
            generation=self.generation,
        )

    @property
    def _ready_after_s(self) -> float:
        spec = self.order.spec
        return float(spec.ready_cmd) if spec.ready_cmd else spec.ready_after_s
