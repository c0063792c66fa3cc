"""What is good enough, and whether it was reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

NOISY = 30.0  # percent of all CPU time


class Target(NamedTuple):
    """A bound for one measured value; *keys* lead to it. Exactly one of the bounds is set.

    *noise* leads to the percentage of CPU time that others used meanwhile, where that decides about the value.
    """

    what: str
    keys: tuple[str, ...]
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    noise: tuple[str, ...] = ()


class Verdict(NamedTuple):
    """A target and what came of it; *measured* is None if it was not."""

    target: Target
    measured: float | None
    others_percent: float | None = None

    @property
    def noisy(self) -> bool:
        """Whether others used so much of the machine that the value says little."""
        return self.others_percent is not None and self.others_percent > NOISY

    @property
    def passed(self) -> bool | None:
        """None if it was not measured, or cannot be judged."""
        if self.measured is None or self.noisy:
            return None
        least, most = self.target.at_least, self.target.at_most
        return (least is None or self.measured >= least) and (most is None or self.measured <= most)


TARGETS = (
    Target(
        "`/bin/true` through one agent, of the serial spawn limit",
        ("throughput", "of_spawn_limit"),
        at_least=0.6,
        noise=("throughput", "others_percent"),
    ),
    Target(
        "CPU of such a job above its own spawn",
        ("throughput", "cpu_ms_above_spawn"),
        "ms",
        at_most=2.0,
    ),
    Target("idle submit to the first instruction, p50", ("latency", "first_act_ms", "p50"), "ms", at_most=15.0),
    Target(
        "decisions of `plan`, 1,000 workers and 100,000 pending",
        ("placement", "decisions_per_s", "pack"),
        "/s",
        at_least=100_000,
    ),
    Target(
        "a claim committed to Postgres, 500 at once (10,000 /s)",
        ("commit", "batch_500", "reserve_us"),
        "µs",
        at_most=100,
    ),
    *(
        Target(
            f"`{command}`, {words}, the whole process with 100,000 pending",
            ("command_line", "pending", way, command),
            "ms",
            at_most=most,
            noise=("command_line", "others_percent"),
        )
        for way, words, most in (("door", "through the door", 120.0), ("direct", "without the door", 300.0))
        for command in ("submit", "jobs", "status")
    ),
    *(
        Target(
            f"`top`, 40 changed rows: {screen}, CPU",
            ("console_ui", "refresh_ms", screen),
            "ms",
            at_most=16.0,
        )
        for screen in ("overview", "workers", "jobs")
    ),
    Target(
        "`top`, a key, 10,000 jobs marked",
        ("console_ui", "key_ms", "slowest"),
        "ms",
        at_most=50.0,
    ),
    *(
        Target(f"`top`, to the terminal in 2 s at rest: {what}", ("console_ui", "idle_bytes", key), "B", at_most=2048)
        for key, what in (
            *((screen, screen) for screen in ("overview", "workers", "jobs")),
            *(("x", "a menu is open"), ("question_mark", "the help is open"), ("K", "a proposal is open")),
        )
    ),
    Target("`top`, memory (RSS)", ("console_ui", "rss_mb"), "MiB", at_most=120.0),
    Target("`top`, growth with each look after 4,000", ("console_ui", "growth_bytes"), "B", at_most=500.0),
    Target("`top`, start to the first line, wall time", ("console_ui", "first_paint_ms"), "ms", at_most=700.0),
    *(
        Target(
            f"a look of `top` at {screen}, in Postgres, with 10,000 jobs and 1,000 workers",
            ("console", "4000_wait", "screens", screen, "postgres_ms"),
            "ms",
            at_most=20.0,
        )
        for screen in ("overview", "workers", "jobs", "services", "claims", "audit", "stuck")
    ),
    Target("24 hours of the cluster, in Postgres", ("console", "4000_wait", "trends", "trend"), "ms", at_most=20.0),
    Target(
        "a row of history, in Postgres, with 100,000 pending",
        ("console", "100000_wait", "history_ms"),
        "ms",
        at_most=10.0,
    ),
    Target("agentd's memory, idle (RSS)", ("idle", "agentd", "rss_mb"), "MiB", at_most=60.0),
    Target("agentd's CPU, idle", ("idle", "agentd", "core_percent"), "% of a core", at_most=1.0),
    Target("private memory of a running job", ("idle", "running_job", "private_mb"), "MiB", at_most=2.0),
)


def judge(results: Mapping[str, object]) -> Iterator[Verdict]:
    """Every target against *results*, by benchmark."""
    for target in TARGETS:
        yield Verdict(target, look_up(results, target.keys), look_up(results, target.noise))


def look_up(results: object, keys: tuple[str, ...]) -> float | None:
    """The number to which *keys* lead; None if there is none."""
    for key in keys:
        results = results.get(key) if isinstance(results, Mapping) else None
    return float(results) if isinstance(results, int | float) else None
