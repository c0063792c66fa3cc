"""A minute in the tower: everything is killed, stopped, cut off and lied to, and no promise is broken."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tower.checker import check
from tests.tower.course import Verdict, run
from tests.tower.evidence import Evidence, read_ledgers

SECONDS = 54
SEED = 503744  # its deck cuts workers off while their supervisors die, and lets schedd notice
EVERY = 2.6  # seconds from one fault to the next
PATIENCE = 240  # seconds for coming to rest: jobs that were lost several times wait a minute


def narrate(sentence: str) -> None:
    """Shown when a test fails."""
    sys.stderr.write(f"{sentence}\n")


@pytest.mark.timeout(SECONDS + PATIENCE + 120)
def test_whatever_befalls_the_cluster_no_promise_is_broken(tmp_path: Path) -> None:
    verdict = run(tmp_path, seconds=SECONDS, seed=SEED, every=EVERY, patience=PATIENCE, tell=narrate)
    assert verdict.violations == [], verdict.figures
    assert_it_was_no_rest(verdict)
    assert_that_more_would_have_been_seen(verdict.evidence)


def assert_it_was_no_rest(verdict: Verdict) -> None:
    """A run in which nothing happened would prove nothing."""
    figures = verdict.figures
    assert figures["faults"] >= 12
    assert figures["terms"] >= 2
    assert figures["losses"] >= 1
    assert figures["attempts"] >= 50


def assert_that_more_would_have_been_seen(evidence: Evidence) -> None:
    """The same eyes that found nothing wrong in what was real find what is planted among it."""
    run = max(evidence.runs.values(), key=lambda run: run.last - run.began)
    lost = {id: row for id, row in evidence.jobs.items() if id != run.job}
    assert "nothing_acknowledged_is_lost" in broken(replace(evidence, jobs=lost))
    again = replace(run, allocation=0, attempt=99, began=run.last - 0.001, last=run.last + 1)
    assert "no_two_attempts_overlap" in broken(replace(evidence, runs={**evidence.runs, 0: again}))
    greedy = replace(run, cpu_milli=evidence.capacity[run.worker] + 1)
    assert "capacity_is_kept" in broken(replace(evidence, runs={**evidence.runs, run.allocation: greedy}))


def test_a_job_writes_down_what_the_checker_reads(tmp_path: Path) -> None:
    """Run as any worker would, without one."""
    job = Path(__file__).with_name("job.py")
    words = {"JOB_ID": "7", "ATTEMPT": "1", "ALLOCATION_ID": "9", "WORKER": "w1", "CPUS": "0.5"}
    plan = {"seconds": 0.5, "lines": 3, "fails": 1, "code": 5, "mood": "plain"}
    done = subprocess.run(
        [sys.executable, "-I", "-S", job, tmp_path, json.dumps(plan)],
        env={f"CLUSTERCTL_{name}": value for name, value in words.items()},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (5, b"line 1\nline 2\nline 3\n")
    (run,) = read_ledgers(tmp_path, {"w1": tmp_path})
    assert (run.job, run.attempt, run.allocation, run.worker, run.cpu_milli) == (7, 1, 9, "w1", 500)
    assert (run.starts, run.exits) == (1, (5,))
    assert run.last - run.began >= 0.5


def broken(evidence: Evidence) -> set[str]:
    """The promises that *evidence* breaks."""
    return {violation.promise for violation in check(evidence)}
