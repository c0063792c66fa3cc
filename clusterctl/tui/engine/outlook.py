"""What the console knows of the cluster just now: the last look, how old it is, how the servers are reached. Pure.

Times are seconds of a clock that never goes back, and always an argument.
"""

from __future__ import annotations

from collections.abc import Callable

from clusterctl.model.console import FASTEST, SLOWEST
from clusterctl.model.errors import ClusterError, Outage, Slow
from clusterctl.model.looks import Look, RedisSight
from clusterctl.tui.dialogs.gate import Circumstances
from clusterctl.tui.engine.connection import Connection
from clusterctl.tui.frame.heading import Heading
from clusterctl.tui.paint.pieces import Glyphs, Sight

PACES = (FASTEST, 1.0, 2.0, 5.0, 10.0, 30.0, SLOWEST)  # seconds between two looks
BLURRED, BLURRED_AFTER = 5, 60.0  # times as slow, so many seconds after the terminal has lost the focus


class Outlook:
    """One console's. ``look`` is the one that is shown; while the view is paused newer ones wait as ``latest``."""

    def __init__(
        self, cluster: str, *, interval: float, read_only: bool, glyphs: Glyphs, nowhere: Callable[[], str]
    ) -> None:
        """*nowhere*: asked while Postgres has never answered, what to do."""
        self._nowhere = nowhere
        self.cluster = cluster
        self.interval = interval
        self.read_only = read_only
        self.glyphs = glyphs
        self.look: Look | None = None
        self.latest: Look | None = None
        self.got_at = self.latest_at = 0.0
        self.unseen: int | None = None  # looks that have come while paused; None while not
        self.postgres = Connection()
        self.redis: RedisSight | None = None
        self.refused = self.slow = False
        self.hint = ""  # what to do about what is wrong with Postgres
        self.blurred_at: float | None = None
        self.awaits = False  # somebody asked for the next look: it is shown although the view is paused

    @property
    def is_ready(self) -> bool:
        """Whether the first look has come, or failed."""
        return self.look is not None or bool(self.postgres.failures)

    def looked(self, look: Look, got_at: float, postgres: Connection) -> bool:
        """A look has come; whether it is to be shown."""
        self.postgres, self.redis, self.refused, self.slow = postgres, look.redis, False, False
        self.latest, self.latest_at = look, got_at
        if self.unseen is not None and not self.awaits:
            self.unseen += 1
            return False
        self.unseen = None if self.unseen is None else 0
        self.look, self.got_at, self.awaits = look, got_at, False
        return True

    def failed(self, error: ClusterError, postgres: Connection, redis: RedisSight | None) -> None:
        """None has come, and why. That Postgres knows no such field is an answer of it, and no failure."""
        if not postgres.failures:
            self.postgres, self.refused, self.slow, self.hint = postgres, False, False, ""
            return
        self.postgres, self.refused, self.slow = postgres, not isinstance(error, Outage), isinstance(error, Slow)
        self.redis = redis or self.redis
        never = postgres.answered_at is None
        is_away = isinstance(error, Outage) and not self.slow
        self.hint = (self._nowhere() if never else "") if is_away else error.hint

    def pause(self) -> bool:
        """Let the view stand still, or go on; whether it stands still now."""
        if self.unseen is None:
            self.unseen = 0
            return True
        self.unseen, self.look, self.got_at = None, self.latest, self.latest_at
        return False

    def blur(self, now: float) -> None:
        """The terminal has lost the focus."""
        self.blurred_at = now

    def focus(self) -> None:
        """It has it again."""
        self.blurred_at = None

    def pace(self, now: float) -> float:
        """Seconds between two looks: more while nobody seems to look."""
        unwatched = self.blurred_at is not None and now - self.blurred_at >= BLURRED_AFTER
        return self.interval * BLURRED if unwatched else self.interval

    def faster(self, by: int) -> float:
        """Step the interval, up (-1: slower) or down; the one in force now."""
        if by > 0:
            self.interval = max((pace for pace in PACES if pace < self.interval), default=FASTEST)
        else:
            self.interval = min((pace for pace in PACES if pace > self.interval), default=SLOWEST)
        return self.interval

    def sight(self, now: float) -> Sight:
        """How what is shown looks at this moment."""
        if self.look is None:
            return Sight(glyphs=self.glyphs, stale=bool(self.postgres.failures))
        stale = self.postgres.state(now, self.pace(now)) != "live"
        return Sight(
            elapsed_s=max(0.0, now - self.got_at),
            glyphs=self.glyphs,
            stale=stale,
            at=self.look.at,
            silent_after_s=self.look.silent_after_s,
            lost_after_s=self.look.lost_after_s,
        )

    def heading(self, now: float, *, held: bool = False) -> Heading:
        """What the header tells. The clock is the database's, and runs on while it is away."""
        latest = None if self.latest is None else Sight(elapsed_s=max(0.0, now - self.latest_at), at=self.latest.at)
        return Heading(
            cluster=self.cluster,
            now=now,
            interval=self.pace(now),
            postgres=self.postgres,
            redis=self.redis,
            at=None if latest is None else latest.now,
            unseen=self.unseen,
            read_only=self.read_only,
            held=held,
            refused=self.refused,
            slow=self.slow,
            hint=self.hint,
        )

    def circumstances(self, now: float, filter_trouble: str) -> Circumstances:
        """Whether anything may be done now."""
        state = self.postgres.state(now, self.pace(now))
        return Circumstances(self.read_only, state, self.unseen is not None, filter_trouble, self.slow)
