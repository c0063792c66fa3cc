"""How a stack is at one moment: its memory, descriptors, files and tables; and how that moves over time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import linear_regression, mean

from agentd.supervisor.tree import Process, children_of, descendants, read_processes
from bench.stack import Running

# What grows with the number of jobs, as against what is the size of the cluster.
TABLES = ("jobs", "allocations", "submissions", "claims", "dependencies", "samples", "history", "rounds", "tenants")
MANY = 1000  # rows, below which the share of the dead says nothing: workers has one that is always being written

Footprint = dict[str, float]


def look(running: Running) -> Footprint:
    """All of it, flat: ``memory_mb.schedd``, ``open_files.postgres``, ``journal_files``, ``table_mb.jobs`` and more."""
    return {**processes(running), **files(running), **tables(running)}


def processes(running: Running) -> Footprint:
    """Proportional memory (PSS) and open descriptors by role, and together; of jobs nothing.

    Apart: what is shared on purpose, as Postgres's buffers are. It fills up to what was configured, and is no growth.
    """
    memory: Counter[str] = Counter()
    opened: Counter[str] = Counter()
    shared = 0
    for role, pid in roles(running):
        with suppress(OSError):  # a backend that has just ended
            held, common = pss_kb(pid)
            memory[role] += held
            shared += common
            opened[role] += len(os.listdir(f"/proc/{pid}/fd"))
    return {
        "memory_mb": round(memory.total() / 1024, 2),
        "shared_mb": round(shared / 1024, 2),
        "open_files": opened.total(),
        **{f"memory_mb.{role}": round(kb / 1024, 2) for role, kb in memory.items()},
        **{f"open_files.{role}": count for role, count in opened.items()},
    }


def roles(running: Running) -> Iterator[tuple[str, int]]:
    """Every process of the stack that is not a job, with its role."""
    found = read_processes()
    children = children_of(found)
    for known in running.stack.processes:
        if (root := found.get(known.pid)) is None:
            continue
        yield known.role, root.pid
        if known.role != "agentd":
            yield from ((known.role, each.pid) for each in descendants(root.pid, children))
            continue
        for warm in children.get(root.pid, ()):
            yield "warm", warm.pid
            yield from (("supervisors", each.pid) for each in supervisors(children.get(warm.pid, ())))


def supervisors(forks: Sequence[Process]) -> Iterator[Process]:
    """Those that live."""
    return (each for each in forks if not each.is_zombie)


def pss_kb(pid: int) -> tuple[int, int]:
    """Without what it shares on purpose, and that."""
    kb = mapped_kb(pid)
    return kb["Pss"] - kb["Pss_Shmem"], kb["Pss_Shmem"]


def mapped_kb(pid: int) -> dict[str, int]:
    """Memory by kind, as the kernel calls it. Source: proc_pid_smaps(5), smaps_rollup."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines)}


def files(running: Running) -> Footprint:
    """What lies in the spools: journals with their bytes, outputs, and what else there is."""
    count: Counter[str] = Counter()
    for spool in (running.state_dir / "spool").iterdir():
        for directory in ("supervisors", "output", "scripts", "orders", "reports"):
            for place, _, names in os.walk(spool / directory):
                count[directory] += len(names)
                if directory == "supervisors":
                    count["bytes"] += sum(size_of(place, name) for name in names)
    logs = [size_of(running.state_dir / "log", name) for name in os.listdir(running.state_dir / "log")]
    return {
        "journal_files": count["supervisors"],
        "journal_kb": round(count["bytes"] / 1024, 1),
        "output_files": count["output"],
        "other_files": count["scripts"] + count["orders"] + count["reports"],
        "log_mb": round(sum(logs) / 2**20, 2),
    }


def size_of(place: str | Path, name: str) -> int:
    """Bytes; 0 of what is gone."""
    try:
        return os.lstat(os.path.join(place, name)).st_size
    except FileNotFoundError:
        return 0


def tables(running: Running) -> Footprint:
    """Bytes of tables with their indexes, rows dead and alive by Postgres's own count, runs of autovacuum, and WAL."""
    db = running.cluster.db
    rows = db.rows(
        """
        SELECT relname, pg_total_relation_size(relid), pg_indexes_size(relid), n_live_tup, n_dead_tup, autovacuum_count,
               n_tup_upd, n_tup_hot_upd
          FROM pg_stat_user_tables WHERE relname = ANY (%s)
        """,
        list(TABLES),
    )
    (wal,) = db.rows("SELECT (SELECT sum(size) FROM pg_ls_waldir())::bigint, wal_bytes::float8 FROM pg_stat_wal")
    many = [(live, dead) for _, _, _, live, dead, *_ in rows if live + dead > MANY]
    return {
        "database_mb": round(db.value("SELECT pg_database_size(current_database())") / 2**20, 1),
        "dead_share": round(max((dead / (live + dead) for live, dead in many), default=0.0), 3),
        "autovacuums": sum(row[5] for row in rows),
        "wal_mb": round(wal[0] / 2**20, 1),
        "wal_written_mb": round(wal[1] / 2**20, 1),
        **{f"table_mb.{row[0]}": round((row[1] - row[2]) / 2**20, 2) for row in rows},
        **{f"index_mb.{row[0]}": round(row[2] / 2**20, 2) for row in rows},
        **{f"rows.{row[0]}": row[3] for row in rows},
        **{f"dead.{row[0]}": row[4] for row in rows},
        **{f"vacuums.{row[0]}": row[5] for row in rows},
        **{f"hot_share.{row[0]}": round(row[7] / row[6], 3) for row in rows if row[6] > MANY},
    }


def growth(seconds: Sequence[float], values: Sequence[float]) -> float:
    """By how much a straight line through these has risen from the first to the last of them; falling is 0."""
    if len(values) < 2:
        return 0.0
    return max(0.0, linear_regression(seconds, values).slope * (seconds[-1] - seconds[0]))


def growth_percent(seconds: Sequence[float], values: Sequence[float]) -> float:
    """The same in percent of their mean."""
    level = mean(values)
    return 100 * growth(seconds, values) / level if level else 0.0
