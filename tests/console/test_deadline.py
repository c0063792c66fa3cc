"""``submit --deadline``: how a moment is said, and where it is told again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clusterctl.cli.input import wishes
from clusterctl.cli.input.wishes import Deadline
from clusterctl.model.exits import ExitCode
from tests.console.conftest import Run
from tests.store.scene import Scene


def left(scene: Scene, job: int) -> float:
    """Seconds from its submit to its deadline."""
    found = scene.db.value("SELECT extract(epoch FROM deadline - submitted_at)::float8 FROM jobs WHERE id = %s", job)
    return float(found)


def test_a_duration_is_counted_from_now_by_the_clock_of_postgres(run: Run, scene: Scene) -> None:
    assert run("submit", "--deadline", "90m", "--", "true").code == ExitCode.DONE
    assert left(scene, 1) == 5400.0


def test_a_moment_is_that_moment_and_utc_unless_said(run: Run, scene: Scene) -> None:
    for said in ("2099-01-31T06:00", "2099-01-31 06:00:00Z", "2099-01-31T08:00+02:00"):
        run("submit", "--deadline", said, "--", "true")
    told = json.loads(run("jobs", "-o", "json").out)
    assert [job["deadline"] for job in told] == ["2099-01-31T06:00:00.000Z"] * 3


def test_a_time_of_day_is_the_next_one() -> None:
    now = datetime.now(UTC)
    for hours in (-1, 1):
        wanted = now + timedelta(hours=hours)
        told = wishes.deadline(f"{wanted:%H:%M}").at
        assert told is not None
        assert now.timestamp() < told <= (now + timedelta(days=1)).timestamp()
        assert datetime.fromtimestamp(told, UTC).strftime("%H:%M:%S") == f"{wanted:%H:%M}:00"
    assert wishes.deadline("90") == Deadline(after_s=90)


@pytest.mark.parametrize(
    "words, told",
    [
        ("--deadline 2001-01-01T00:00", "is past"),
        ("--deadline 2099-01-31", "is a whole day: say by what time, as in 2099-01-31T18:00"),
        ("--deadline 25:00", "is no time of day"),
        ("--deadline 1:30:00", "is no time of day"),
        ("--deadline 0", "longer than 0"),
        ("--deadline soon", "is no deadline: write 90m or 6h from now, 06:00 or 2026-03-01T18:00"),
        ("--deadline yesterday", "06:00 or 2026-03-01T18:00"),
        ("--deadline 5000d", "longer than ten years"),
        ("--deadline 2099-13-31T06:00", "is not in the calendar"),
        ("--deadline 1h --time-limit 2h", "could never keep its deadline"),
        ("--deadline 1h --service", "--deadline does not go with --service"),
    ],
)
def test_what_cannot_be_meant_is_refused(run: Run, scene: Scene, words: str, told: str) -> None:
    said = run("submit", *words.split(), "--", "true")
    assert (said.code, told in said.err) == (ExitCode.USAGE, True), said
    assert scene.db.value("SELECT count(*) FROM jobs") == 0


def test_the_same_key_means_the_same_job_though_time_has_passed(run: Run, scene: Scene) -> None:
    for _ in range(2):
        assert run("submit", "--key", "k", "--deadline", "1h", "--", "true").out == "Submitted job 1\n"
    assert run("submit", "--key", "k", "--deadline", "2h", "--", "true").code == ExitCode.REFUSED


def test_a_script_or_a_list_of_jobs_may_say_it(run: Run, scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "job.sh").write_text("#!/bin/sh\n#CC --deadline 1h\ntrue\n")
    (tmp_path / "many").write_text('{"command": ["true"], "deadline": "2h"}\n')
    run("submit", "job.sh")
    run("submit", "--from", "many")
    assert [left(scene, job) for job in (1, 2)] == [3600.0, 7200.0]


def test_jobs_are_found_and_ordered_by_it(run: Run, scene: Scene) -> None:
    for said in ("3h", "1h", "2h"):
        run("submit", "--deadline", said, "--", "true")
    run("submit", "--", "true")
    assert run("jobs", "--sort", "deadline", "-o", "ids").out.split() == ["2", "3", "1", "4"]
    assert run("jobs", "--filter", "deadline<2090-01-01", "-o", "ids").out.split() == ["1", "2", "3"]
