"""``prune``: what is old goes, what is live stays, and it is said before it is done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from clusterctl import operations, views
from clusterctl.cluster import Cluster, login_name
from clusterctl.door import dispatch
from clusterctl.model.errors import BadInput
from clusterctl.model.exits import ExitCode
from clusterctl.model.output import default_output
from clusterctl.output.reader import machine_id
from clusterctl.settings import Settings
from clusterctl.store import history
from tests.console.conftest import Run
from tests.door.porch import door, served_at
from tests.store.scene import Scene

DAY = 86_400
TEN_DAYS_AGO = """
    UPDATE jobs SET submitted_at = submitted_at - interval '10 d', finished_at = finished_at - interval '10 d'
"""


@pytest.fixture
def jobs(scene: Scene) -> list[int]:
    """Two that ended ten days ago, one that has waited as long, and one that ended now."""
    worker = scene.worker(machine=machine_id())
    made = scene.jobs(3)
    for job in made[:2]:
        scene.finish(worker, job)
    scene.db.run(TEN_DAYS_AGO)
    (late,) = scene.jobs()
    scene.finish(worker, late)
    return [*made, late]


def left(scene: Scene) -> list[int]:
    return [row[0] for row in scene.db.rows("SELECT id FROM jobs ORDER BY id")]


def test_it_is_told_first_and_done_only_when_that_is_wanted(run: Run, scene: Scene, jobs: list[int]) -> None:
    said = run("prune", "--jobs", "--older-than", "7d", "--dry-run")
    assert (said.code, said.err.startswith("2 jobs, the oldest of ")) == (ExitCode.DONE, True)
    said = run("prune", "--jobs", "--older-than", "7d")  # nobody is there to be asked
    assert (said.code, "--yes" in said.err) == (ExitCode.REFUSED, True)
    assert left(scene) == jobs
    said = run("prune", "--jobs", "--older-than", "7d", "--yes", "--reason", "disk")
    assert (said.code, said.err.splitlines()[-1]) == (ExitCode.DONE, "forgot 2 jobs")
    assert left(scene) == jobs[2:]
    assert scene.db.rows("SELECT verb, subject, reason FROM audit") == [("prune", "jobs", "disk")]
    said = run("prune", "--jobs", "--older-than", "7d", "--yes")
    assert (said.code, said.err) == (ExitCode.DONE, "nothing is that old\n")


def test_without_flags_each_kind_goes_by_its_own_setting(
    run: Run, scene: Scene, jobs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("prune", "--yes").err == "nothing is that old\n"
    monkeypatch.setenv("CLUSTERCTL_KEEP_JOBS", "9d")
    assert "forgot 2 jobs" in run("prune", "--yes").err
    assert left(scene) == jobs[2:]


def test_through_the_door_it_goes_by_the_settings_of_who_is_behind_it(
    scene: Scene, jobs: list[int], tmp_path: Path
) -> None:
    """Else a user who has not set what the cluster keeps would forget it for all."""
    theirs = Settings(database_url=scene.db.url, redis_url="none", keep_jobs=90 * DAY, keep_logs=60 * DAY)
    mine = replace(theirs, keep_jobs=9 * DAY, keep_logs=DAY)
    path = tmp_path / "door.sock"

    def work(_: str, request: bytes) -> bytes:
        with Cluster(theirs) as cluster:
            return dispatch.answer(cluster, request)

    with served_at(path, work), Cluster(mine, door=door(path)) as cluster:
        assert views.leftovers(cluster, ["jobs"]) == []
        assert operations.prune(cluster, "jobs") == 0
        assert views.keep_logs(cluster) == 60 * DAY
    assert left(scene) == jobs
    with Cluster(mine) as cluster:
        (found,) = views.leftovers(cluster, ["jobs", "claims"])
        assert (found.kind, found.rows, found.older_than_s) == ("jobs", 2, 9 * DAY)


def test_an_age_that_is_none_is_refused_whatever_asks(scene: Scene) -> None:
    with Cluster(Settings(database_url=scene.db.url, redis_url="none")) as cluster:
        for age in (-1, 1e300):
            for ask in (
                lambda age: views.leftovers(cluster, ["jobs"], age),
                lambda age: operations.prune(cluster, "jobs", age),
                lambda age: operations.announce_prune(cluster, ["w1"], age),
            ):
                with pytest.raises(BadInput, match="is none"):
                    ask(age)


def outputs(scene: Scene, spool: Path, jobs: list[int], age: float) -> list[Path]:
    """Their output files, so many seconds old, in a spool that the worker of this machine has."""
    scene.db.run("UPDATE workers SET spool = %s", str(spool))
    files = [spool / default_output(job, 1) for job in jobs]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * 10_000)
        written = file.stat().st_mtime - age
        os.utime(file, (written, written))
    return files


def test_output_of_ended_jobs_goes_from_the_spools_of_this_machine(
    run: Run, scene: Scene, jobs: list[int], tmp_path: Path
) -> None:
    ended, _, waiting, late = outputs(scene, tmp_path / "spool", jobs, 10 * DAY)
    (ended.parent / "notes.txt").write_text("not ours")
    said = run("prune", "--spool", "--older-than", "1d", "--dry-run")
    assert said.err.startswith("3 outputs in the spools of this machine")
    assert ended.exists()
    said = run("prune", "--spool", "--older-than", "1d", "--yes")
    assert (said.code, "deleted 3 outputs" in said.err) == (ExitCode.DONE, True)
    assert (ended.exists(), late.exists(), waiting.exists()) == (False, False, True)
    assert (ended.parent / "notes.txt").exists()


def test_who_prunes_a_spool_stands_in_the_audit_and_nothing_is_missed_there(
    run: Run, scene: Scene, jobs: list[int], tmp_path: Path
) -> None:
    outputs(scene, tmp_path / "spool", jobs, 10 * DAY)
    assert run("prune", "--spool", "--older-than", "1d", "--dry-run").code == ExitCode.DONE
    assert scene.db.rows("SELECT verb FROM audit") == []
    assert run("prune", "--spool", "--older-than", "1d", "-y", "--reason", "disk full").code == ExitCode.DONE
    entry = scene.db.row("SELECT actor, verb, subject, reason, detail FROM audit")
    assert entry == (login_name(), "prune", "spool:w1", "disk full", {"older_than_s": DAY})
    assert "prune" in run("audit", "--worker", "w1").out
    assert run("prune", "--spool", "--older-than", "1d", "-y").err == "nothing is that old\n"
    assert scene.db.value("SELECT count(*) FROM audit") == 1


def test_a_spool_of_another_machine_or_one_that_is_gone_is_left_alone(
    run: Run, scene: Scene, jobs: list[int], tmp_path: Path
) -> None:
    file, *_ = outputs(scene, tmp_path / "spool", jobs, 10 * DAY)
    scene.db.run("UPDATE workers SET machine_id = 'another'")
    assert run("prune", "--spool", "--yes").err == "nothing is that old\n"
    scene.db.run("UPDATE workers SET machine_id = %s, spool = %s", machine_id(), str(tmp_path / "gone"))
    assert run("prune", "--spool", "--yes").err == "nothing is that old\n"
    assert file.exists()


def test_the_audit_goes_before_its_time_only_if_it_is_named(run: Run, scene: Scene, jobs: list[int]) -> None:
    scene.db.run("INSERT INTO audit (at, actor, verb, subject) VALUES (now() - interval '2 d', 'ada', 'hold', 'job:1')")
    said = run("prune", "--older-than", "1d", "--yes")
    assert ("forgot 2 jobs" in said.err, "audit" in said.err) == (True, False)
    assert "forgot 1 audit" in run("prune", "--audit", "--older-than", "1d", "--yes").err


def test_how_the_cluster_fared_can_be_forgotten_too(run: Run, scene: Scene) -> None:
    for days in (20, 10, 1):
        scene.db.run(f"SELECT set_config('clusterctl.now', (now() - interval '{days} d')::text, false)")
        assert history.record(scene.db, scene.term, 15)
    said = run("prune", "--history", "--older-than", "7d", "--yes")
    assert (said.code, said.err.splitlines()[-1]) == (ExitCode.DONE, "forgot 2 history")
    assert scene.db.value("SELECT count(*) FROM history") == 1
