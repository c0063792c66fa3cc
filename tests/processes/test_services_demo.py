"""``clusterctl demo --services``: 21 services settle by measured load, a worker is killed, and comes back.

The demo judges itself; here its ledger and its claim log are judged again, by code that shares nothing with it.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.processes.console import Console, about

LONG = 6 * 60.0  # seconds: it takes one minute, and all that it starts waits where others work too
SERVICES, FENCE_S, BEAT_S = 21, 9.0, 0.25


class Kept(Console):
    """The cluster of a demo that went well and was kept: what it printed, and where its ledger is."""

    stdout: str
    stderr: str
    ledger: Path

    def told(self, *args: str) -> list[dict[str, Any]]:
        """What a listing says."""
        listed: list[dict[str, Any]] = json.loads(self.run(*args, "-o", "json").stdout)
        return listed


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """One demo for all tests."""
    home, root = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("kept")
    console = Kept(home, CLUSTERCTL_STATE_DIR=str(root))
    done = console.run("demo", "--services", "--keep", "--state-dir", str(root), seconds=LONG)
    assert done.returncode == 0, done.stderr
    console.stdout, console.stderr, console.ledger = done.stdout, done.stderr, root / "demo"
    yield console
    console.run("down", seconds=LONG)
    assert not about(root)


def test_they_settle_as_evenly_as_21_can(kept: Kept) -> None:
    first = {claim["job_id"]: claim["worker"] for claim in reversed(claimed(kept))}
    assert sorted(Counter(first.values()).values()) == [10, 11]


def test_no_worker_claims_two_in_one_round_and_nobody_what_another_holds(kept: Kept) -> None:
    assert max(Counter((claim["round"], claim["worker"]) for claim in claimed(kept)).values()) == 1
    holders: dict[int, str] = {}
    for claim in events(kept, "Claimed,Released"):
        if claim["event"] == "Released":
            assert holders.pop(claim["job_id"]) == claim["worker"]
        else:
            assert claim["job_id"] not in holders
            holders[claim["job_id"]] = claim["worker"]
    assert Counter(holders.values()) == {"w2": SERVICES}


def test_none_ran_twice_at_once_by_what_they_wrote_themselves(kept: Kept) -> None:
    files = list(kept.ledger.glob("*.csv"))
    assert len(files) == SERVICES
    moved = []
    for path in files:
        lives: dict[str, list[float]] = defaultdict(list)
        homes: dict[str, str] = {}
        for attempt, worker, pid, at in csv.reader(path.read_text().split("\n")[:-1]):
            lives[pid].append(float(at))
            homes[pid] = worker
            assert attempt in ("1", "2")
        spans = sorted((beats[0], beats[-1], homes[pid]) for pid, beats in lives.items())
        assert all(earlier[1] < later[0] for earlier, later in pairwise(spans))
        if len(spans) == 2:
            moved.append(spans)
    assert {tuple(home for *_, home in spans) for spans in moved} == {("w1", "w2")}
    assert len(moved) in (10, 11)
    # What was killed is the agent: its replicas live on until the lease is out, and only then may others begin.
    assert min(second[0] for _, second in moved) > max(first[1] for first, _ in moved)


def test_what_came_back_got_nothing_and_lost_nothing(kept: Kept) -> None:
    replicas = kept.told("jobs", "--filter", "kind:service")
    assert len(replicas) == SERVICES
    assert {(replica["state"], replica["worker"]) for replica in replicas} == {("running", "w2")}
    states = {worker["name"]: worker["live_state"] for worker in kept.told("workers")}
    assert states == {"w1": "up", "w2": "up"}


def test_it_ends_with_the_table_of_rounds(kept: Kept) -> None:
    rows = list(csv.DictReader(StringIO(kept.stdout), delimiter="\t"))
    assert len(rows) >= SERVICES + 10
    assert rows == list(csv.DictReader(StringIO(kept.run("claims", "--rounds", "-o", "tsv").stdout), delimiter="\t"))


def claimed(kept: Kept) -> list[dict[str, Any]]:
    """The claims, oldest first."""
    return events(kept, "Claimed")


def events(kept: Kept, which: str) -> list[dict[str, Any]]:
    """What the log has of these events, oldest first."""
    found = [kept.told("claims", "--event", event, "--limit", "10000") for event in which.split(",")]
    return sorted((claim for part in found for claim in part), key=lambda claim: int(claim["id"]))
