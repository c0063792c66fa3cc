"""Peers run, or are told as not here, and are gone afterwards; what they use is counted, whoever leaves whom."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agentd.supervisor.tree import read_process
from bench.peers.hyperqueue import HyperQueue
from bench.peers.ours import Ours
from bench.peers.peer import Peer, tree_seconds
from bench.peers.slurm import Slurm
from bench.peers.xargs import Xargs
from bench.side_by_side import PEERS, Run, ahead
from tests.house.tree import ROOT
from tests.until import until

WRITES_THE_TIME = ("/bin/sh", "-c", "date +%s%N")
LEAVES = "setsid sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo $$; exec sleep 600' & exec sleep 600"


def test_there_is_one_of_each_name_and_we_are_the_first() -> None:
    names = [peer.name for peer in PEERS]
    assert names[0] == "clusterctl"
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("peer", [peer for peer in PEERS if peer.name != "clusterctl"], ids=lambda peer: peer.name)
def test_a_peer_runs_here_or_says_why_not(peer: Peer, tmp_path: Path) -> None:
    if why := peer.available():
        assert why.startswith("not here: ")
        return
    assert peer.version()
    with peer.running(tmp_path) as runner:
        before = runner.cpu_seconds()
        runner.throughput(8)
        assert runner.cpu_seconds() >= before
        if min(peer.submits):
            assert 0 < runner.latency(WRITES_THE_TIME) < 60_000


def test_we_stand_in_the_same_terms(tmp_path: Path) -> None:
    with Ours().running(tmp_path) as runner:
        runner.throughput(8)
        assert 0 < runner.latency(WRITES_THE_TIME) < 60_000
        assert runner.cpu_seconds() > 0


def test_a_peer_without_its_programs_is_not_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bench.peers.slurm.PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert Slurm().available() == "not here: no munged, slurmctld, slurmd, sbatch, sinfo on PATH"
    assert Xargs().available() == "not here: no xargs on PATH"
    assert str(HyperQueue(files=False).available()).startswith("not here: ")


def keep(script: str) -> subprocess.Popen[str]:
    """A shell under a subreaper."""
    argv = [sys.executable, "-m", "bench.peers.subreaper", "/bin/sh", "-c", script]
    return subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_who_leaves_a_daemon_is_counted_and_gone_with_it() -> None:
    with keep(LEAVES) as subreaper:
        assert subreaper.stdout
        left = int(subreaper.stdout.readline())
        assert until(lambda: tree_seconds(subreaper.pid) >= tree_seconds(left) > 0)
        subreaper.send_signal(signal.SIGTERM)
        subreaper.wait(60)
        until(lambda: read_process(left) is None)


def test_a_subreaper_ends_with_its_daemon() -> None:
    with keep("exit 3") as subreaper:
        subreaper.wait(60)
    assert tree_seconds(os.getpid(), subreaper.pid) > 0  # one that is gone counts as nothing, and is no error


def test_ahead_is_round_by_round_and_more_is_better_for_us() -> None:
    ours, theirs = (Run(900, 2.0, 0), Run(600, 2.0, 0)), (Run(450, 3.0, 0), Run(400, 3.0, 0))
    rounds = [{"clusterctl": our, "peer": their} for our, their in zip(ours, theirs, strict=True)]
    found = ahead(rounds, {"clusterctl": {"p50": 10, "p99": 20}, "peer": {"p50": 15, "p99": 10}})
    assert found == {
        "pace": {"peer": 1.75},
        "cpu": {"peer": 1.5},
        "first_act_p50": {"peer": 1.5},
        "first_act_p99": {"peer": 0.5},
    }
