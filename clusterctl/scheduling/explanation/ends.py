"""When what runs will end, as far as anything tells: its like first, then its limit. Without either, never."""

from __future__ import annotations

from typing import NamedTuple

from clusterctl.model.circumstances import Holding
from clusterctl.model.explanation import LIKENESS, Similar
from clusterctl.scheduling.explanation.spans import about


class End(NamedTuple):
    """A moment (None: nothing tells), and why then."""

    at: float | None
    basis: str


def expected(holding: Holding, now: float) -> End:
    """When a job lets go of what it holds. One that is only reserved is taken to start now."""
    if holding.stopping:
        return End(now, "it is being stopped")
    if holding.kind == "service":
        return End(None, "a service does not end by itself")
    begun = now if holding.since is None else holding.since
    latest = None if holding.time_limit_s is None else begun + holding.time_limit_s
    similar = holding.similar
    if similar is not None:
        # What has outrun half of its like is expected to be one of the slower ones; beyond them, its limit stands.
        for seconds, share in ((similar.run_s.p50, "half"), (similar.run_s.p90, "nine in ten")):
            if now < begun + seconds and (latest is None or begun + seconds <= latest):
                return End(begun + seconds, f"{share} of {like(similar)} ran at most {about(seconds)}")
    if latest is not None:
        return End(max(latest, now), f"its time limit of {about(holding.time_limit_s or 0)}")
    if similar is not None:
        return End(None, f"no time limit, and it has outrun nine in ten of {like(similar)}")
    return End(None, "no time limit, and too few jobs like it have ended")


def duration(time_limit_s: int | None, similar: Similar | None) -> float | None:
    """Seconds that a job which starts later is expected to run; None: nothing tells."""
    if similar is None:
        return time_limit_s
    return similar.run_s.p50 if time_limit_s is None else min(similar.run_s.p50, time_limit_s)


def like(similar: Similar) -> str:
    """``40 jobs of its name``."""
    return f"{similar.count} jobs {LIKENESS[similar.alike]}"
