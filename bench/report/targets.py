"""What is good enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, get_args

from clusterctl.model.steering import Policy, QueueOrder


class Target(NamedTuple):
    """A bound for one measured value; *keys* lead to it, the name of its benchmark first. One of the bounds is set.

    *noise* leads to the percentage of CPU time that others used meanwhile, where that decides about the value; *ahead*
    to how many times better it is than each peer of the same run.
    """

    topic: str
    what: str
    keys: tuple[str, ...]
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    more_than: float | None = None
    noise: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()


JOBS, COMMANDS, ROUNDS = "Running jobs", "Commands", "Deciding and committing"
GROWTH, FLEET, AGENT, CONSOLE = "As it grows", "Many workers", "One worker", "The console"


def of_jobs() -> Sequence[Target]:
    """Short jobs, beside others that run them."""
    throughput, latency = "throughput", "latency"
    return (
        Target(
            JOBS,
            "10,000 `/bin/true` through one agent, faster than HyperQueue in the same run",
            ("side_by_side", "ahead", "pace", "hyperqueue"),
            "×",
            more_than=1.0,
            ahead=("side_by_side", "ahead", "pace"),
        ),
        Target(
            JOBS,
            "10,000 `/bin/true` through one agent, share of the serial spawn limit",
            (throughput, "of_spawn_limit"),
            at_least=0.6,
        ),
        Target(
            JOBS,
            "CPU of a `/bin/true`, all our processes and Postgres, above its own spawn",
            (throughput, "cpu_ms_above_spawn"),
            "ms",
            at_most=2.0,
            ahead=("side_by_side", "ahead", "cpu"),
        ),
        *(
            Target(
                JOBS,
                f"idle submit to the first instruction, {quantile}",
                (latency, "first_act_ms", quantile),
                "ms",
                at_most=most,
                ahead=("side_by_side", "ahead", f"first_act_{quantile}"),
            )
            for quantile, most in (("p50", 12.0), ("p99", 40.0))
        ),
    )


def of_commands() -> Sequence[Target]:
    """Whole processes, as a shell starts them."""
    return (
        *(
            Target(
                COMMANDS,
                f"`{command}`{of}, the whole process through the door, 100,000 pending, 1,000 workers",
                ("command_line", "pending", "door_ms", key),
                "ms",
                at_most=120.0,
                noise=("command_line", "others_percent"),
            )
            for key, command, of in (
                *((command, command, "") for command in ("submit", "jobs", "workers", "status")),
                ("explain", "explain", " of a job in the middle of the queue"),
                ("explain_giant", "explain", " of a job that fits nowhere"),
            )
        ),
        Target(
            COMMANDS,
            "`submit --from FILE`, 10,000 different jobs, the whole process through the door",
            ("submit_file", "seconds"),
            "s",
            at_most=1.5,
        ),
    )


def of_plans() -> Sequence[Target]:
    """Decisions, which touch nothing."""
    return (
        *(
            Target(
                ROUNDS,
                f"decisions by the policy `{policy}`, 1,000 workers and 100,000 pending",
                ("placement", "decisions_per_s", policy),
                "/s",
                at_least=100_000,
            )
            for policy in get_args(Policy)
        ),
        *(
            Target(
                ROUNDS,
                f"decisions in the order `{order}`, 1,000 workers and 100,000 pending",
                ("placement", "decisions_per_s_by_order", order),
                "/s",
                at_least=100_000,
            )
            for order in get_args(QueueOrder)
        ),
        *(
            Target(
                ROUNDS,
                f"decisions by the policy `{policy}`, 10,000 workers and 1,000,000 pending",
                ("placement", "large", "decisions_per_s", policy),
                "/s",
                at_least=50_000,
            )
            for policy in get_args(Policy)
        ),
        Target(ROUNDS, "the same: memory of the process (RSS)", ("placement", "large", "rss_mb"), "MiB", at_most=2048),
        Target(
            ROUNDS, "the plan's part of a round in which nothing changes", ("placement", "idle_ms"), "ms", at_most=5
        ),
    )


def of_rounds() -> Sequence[Target]:
    """What becomes of decisions in Postgres."""
    return (
        Target(
            ROUNDS,
            "claims committed, 500 at once, waiting for the disk",
            ("commit", "claims_per_s"),
            "/s",
            at_least=10_000,
        ),
        Target(
            ROUNDS,
            "a round in which nothing changes, 100,000 pending that cannot fit, 5,000 services",
            ("rounds", "nothing_changes", "round_ms"),
            "ms",
            at_most=20.0,
        ),
    )


def of_growth() -> Sequence[Target]:
    """What must not change with age, with the length of the queue, or with work."""
    soak = "soak"
    return (
        *(
            Target(
                GROWTH,
                f"throughput, {most} jobs {where}: ratio to {least}, the worst either way",
                ("growth", kind, "worst_ratio"),
                at_least=0.9,
            )
            for kind, most, where, least in (
                ("finished", "up to 2,000,000", "that have ended behind it", "none"),
                ("pending", "up to 100,000", "pending beside it", "1,000"),
            )
        ),
        Target(GROWTH, "soak: jobs through one stack", (soak, "jobs"), at_least=1_000_000),
        Target(GROWTH, "soak: of these not completed", (soak, "not_completed"), at_most=0),
        Target(GROWTH, "soak: growth of memory", (soak, "memory_growth_percent"), "%", at_most=5),
        Target(GROWTH, "soak: growth of the database (bloat)", (soak, "bloat_growth_percent"), "%", at_most=5),
        Target(GROWTH, "soak: most dead rows, share of all", (soak, "dead_tuples_max_share"), at_most=0.6),
        Target(GROWTH, "soak: growth of open files", (soak, "open_files_growth"), at_most=5),
        Target(GROWTH, "soak: growth of the number of outputs", (soak, "output_files_growth_percent"), "%", at_most=10),
        Target(GROWTH, "soak: most journals, for 64 jobs at once", (soak, "journal_files"), at_most=140),
        Target(GROWTH, "soak: pace at the end, of that at first", (soak, "throughput_last_over_first"), at_least=0.9),
    )


def of_many() -> Sequence[Target]:
    """A thousand agents."""
    return (
        Target(
            FLEET,
            "1,000 agents at rest: Postgres, CPU",
            ("fleet", "postgres_core_percent"),
            "% of a core",
            at_most=25.0,
        ),
        Target(
            FLEET,
            "a sync while 10,000 claims are committed, p99",
            ("fleet", "sync_ms", "p99"),
            "ms",
            at_most=50.0,
        ),
        Target(FLEET, "a dead agent is given jobs for at most", ("fleet", "dead_agent_s"), "s", at_most=15.0),
    )


def of_agents() -> Sequence[Target]:
    """What a worker costs."""
    return (
        Target(AGENT, "agentd's memory, idle (RSS)", ("idle", "agentd", "rss_mb"), "MiB", at_most=60.0),
        Target(AGENT, "agentd's CPU, idle", ("idle", "agentd", "core_percent"), "% of a core", at_most=1.0),
        Target(AGENT, "private memory of a running job", ("idle", "running_job", "private_mb"), "MiB", at_most=2.0),
        Target(
            AGENT,
            "200 jobs, 1,000 processes: CPU of sampling",
            ("working", "sampling_core_percent"),
            "% of a core",
            at_most=1.0,
        ),
        Target(
            AGENT,
            "the same, with memory limits, which are looked at each second",
            ("working", "sampling_each_second", "core_percent"),
            "% of a core",
            at_most=1.0,
        ),
        Target(AGENT, "the same: agentd's memory (RSS)", ("working", "agentd", "rss_mb"), "MiB", at_most=60.0),
        Target(
            AGENT, "the same: private memory of a job", ("working", "running_job", "private_mb"), "MiB", at_most=2.0
        ),
    )


def of_the_console() -> Sequence[Target]:
    """`top`, with 10,000 jobs and 1,000 workers."""
    main = ("overview", "workers", "jobs")
    idle = (*((screen, screen) for screen in main), *MENUS)
    ui, stand = "console_ui", ("console", "4000_wait")
    return (
        *(
            Target(CONSOLE, f"40 changed rows: {screen}, CPU", (ui, "refresh_ms", screen), "ms", at_most=16.0)
            for screen in main
        ),
        Target(CONSOLE, "a key, 10,000 jobs marked, the slowest", (ui, "key_ms", "slowest"), "ms", at_most=50.0),
        *(
            Target(CONSOLE, f"to the terminal in 2 s at rest: {what}", (ui, "idle_bytes", key), "B", at_most=2048)
            for key, what in idle
        ),
        Target(CONSOLE, "memory (RSS)", (ui, "rss_mb"), "MiB", at_most=120.0),
        Target(CONSOLE, "growth with each look after 4,000", (ui, "growth_bytes"), "B", at_most=500.0),
        Target(CONSOLE, "start to the first line", (ui, "first_paint_ms"), "ms", at_most=700.0),
        *(
            Target(
                CONSOLE,
                f"a look at {screen}, in Postgres",
                (*stand, "screens", screen, "postgres_ms"),
                "ms",
                at_most=20.0,
            )
            for screen in (*main, "services", "claims", "audit", "stuck")
        ),
        Target(CONSOLE, "24 hours of the cluster, in Postgres", (*stand, "trends", "trend"), "ms", at_most=20.0),
        Target(
            CONSOLE,
            "a row of history, in Postgres, with 100,000 pending",
            ("console", "100000_wait", "history_ms"),
            "ms",
            at_most=10.0,
        ),
    )


MENUS = (("x", "a menu is open"), ("question_mark", "the help is open"), ("K", "a proposal is open"))
TARGETS = (
    *of_jobs(),
    *of_commands(),
    *of_plans(),
    *of_rounds(),
    *of_growth(),
    *of_many(),
    *of_agents(),
    *of_the_console(),
)
