"""``jobs``, ``job``, ``workers``, ``status``: the same facts for people and for programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clusterctl.model.exits import ExitCode
from clusterctl.model.registration import Measures
from clusterctl.store import workers
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.store.scene import Scene

JOB = """
    id name kind state reason tenant user priority cpus memory_mb gpus worker attempt max_attempts time_limit_s array_id
    array_index command submitted_at scheduled_at started_at finished_at exit_code signal usage allocation
"""
ALLOCATION = "id status reserved_at allocated_at released_at release_reason"
USAGE = "cpus memory_mb memory_peak_mb processes read_mb write_mb sampled_at"
WORKER = """
    name hostname registered_at last_heartbeat_at admin_state live_state incarnation heartbeat_age_s heartbeat_ttl_s
    cpus memory_mb gpus jobs services load1 labels version
"""
STATUS = "database redis leader workers cpus allocations jobs findings"


def has(thing: dict[str, Any], fields: str) -> bool:
    """Whether *thing* has all *fields* that the contract names."""
    return thing.keys() >= set(fields.split())


@pytest.fixture
def busy(scene: Scene) -> Scene:
    """Jobs 1 and 2 run, 3 waits (an array); 4 has failed; 5 is another tenant's, and waits."""
    worker = scene.worker("w1")
    array = scene.jobs(3, name="train")
    (failed,) = scene.jobs(name="broken", user="ada")
    scene.jobs(cpus=2, name="report", tenant="physics")
    scene.run(worker, array[:2])
    scene.finish(worker, failed, code=3)
    workers.sync(scene.db, worker.worker_id, worker.incarnation, Measures(used_milli=1500, memory_mb=900, load1=1.25))
    return scene


def ids(run: Run, *argv: str) -> list[int]:
    """The numbers of the jobs that are listed."""
    said = run("jobs", "-o", "ids", *argv)
    assert said.code == 0, said.err
    return [int(word) for word in said.out.split()]


def test_json_has_the_fields_of_the_contract(run: Run, busy: Scene) -> None:
    found = {job["id"]: job for job in msgspec.json.decode(run("jobs", "-o", "json").out)}
    assert all(has(job, JOB) for job in found.values())
    assert has(found[1]["allocation"], ALLOCATION)
    assert has(found[4]["usage"], USAGE)
    (worker,) = msgspec.json.decode(run("workers", "-o", "json").out)
    assert has(worker, WORKER)
    assert worker["cpus"] == {"total": 8.0, "reserved": 0.0, "allocated": 2.0, "used": 1.5}
    assert has(msgspec.json.decode(run("status", "-o", "json").out), STATUS)


def test_a_single_job_is_an_object_and_several_are_a_list(run: Run, busy: Scene) -> None:
    one = msgspec.json.decode(run("job", "4", "-o", "json").out)
    assert has(one, JOB + "attempts after spec")
    assert (one["state"], one["exit_code"], one["attempts"][0]["worker"]) == ("failed", 3, "w1")
    several = msgspec.json.decode(run("job", "1-2", "-o", "json").out)
    assert [job["id"] for job in several] == [1, 2]
    assert isinstance(msgspec.json.decode(run("job", "1-1", "-o", "json").out), list)


def test_times_are_utc_whatever_the_database_thinks(run: Run, busy: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGTZ", "Asia/Kolkata")
    (job,) = msgspec.json.decode(run("jobs", "4", "-o", "json").out)
    assert job["submitted_at"].endswith("Z")
    assert abs(datetime.fromisoformat(job["submitted_at"]) - datetime.now(UTC)) < timedelta(minutes=5)


def test_on_a_pipe_it_is_tsv_and_nothing_is_cut(run: Run, busy: Scene) -> None:
    long = "n" * 190
    run("submit", "--name", long, "--", "sh", "-c", "echo\ta\nb")
    header, *lines = run("jobs").out.splitlines()
    rows = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
    assert [row["id"] for row in rows] == ["1", "2", "3", "5", "6", "4"]
    assert rows[4]["name"] == long
    assert rows[4]["command"] == "sh -c 'echo\\ta\\nb'"
    assert rows[5]["exit_code"] == "3"
    assert "\x1b" not in header


def test_jsonl_is_a_job_a_line(run: Run, busy: Scene) -> None:
    assert [msgspec.json.decode(line)["id"] for line in run("jobs", "-o", "jsonl").out.splitlines()] == [1, 2, 3, 5, 4]


def test_jobs_are_chosen_by_number_array_state_tenant_and_name(run: Run, busy: Scene) -> None:
    assert ids(run) == [1, 2, 3, 5, 4]
    assert ids(run, "2-4") == [2, 3, 4]
    assert ids(run, "5,1-2") == [1, 2, 5]
    assert ids(run, "3", "5") == [3, 5]
    assert ids(run, "array:1") == [1, 2, 3]
    assert ids(run, "all") == ids(run, "--all") == [1, 2, 3, 4, 5]
    assert ids(run, "--state", "pending,failed") == [3, 5, 4]
    assert ids(run, "array:1", "--state", "running") == [1, 2]
    assert ids(run, "--tenant", "physics") == [5]
    assert ids(run, "--name", "broken") == [4]
    run("submit", "true")
    assert ids(run, "last") == [6]


def test_what_ended_long_ago_is_shown_only_when_asked_for(run: Run, busy: Scene) -> None:
    busy.db.run("UPDATE jobs SET finished_at = finished_at - interval '2 h' WHERE id = 4")
    assert 4 not in ids(run)
    assert 4 in ids(run, "--all")
    assert ids(run, "4") == [4]


def test_rows_are_ordered_before_they_are_cut_off(run: Run, busy: Scene) -> None:
    assert ids(run, "--sort", "-cpus", "--limit", "1") == [5]
    assert ids(run, "--sort", "name,-id", "--limit", "3") == [4, 5, 3]
    assert ids(run, "--sort", "started_at")[-1] in (3, 5)
    said = run("jobs", "--sort", "colour")
    assert said.code == ExitCode.USAGE
    assert_told(said, "colour")


def test_how_many_more_there_are_is_told_beside_the_data(run: Run, busy: Scene) -> None:
    said = run("jobs", "--limit", "2", "-o", "ids")
    assert said.out.split() == ["1", "2"]
    assert said.err.startswith("… 3 more")
    assert run("jobs", "--limit", "5").err == ""


def test_no_jobs_is_no_error(run: Run, scene: Scene) -> None:
    said = run("jobs", "-o", "json")
    assert (said.code, said.out, said.err) == (0, "[]\n", "no jobs\n")
    assert run("jobs", "-o", "table").out == ""


@pytest.mark.parametrize("argv", ["jobs 99", "job 99", "job 1,99", "cancel 99", "wait 98-99", "logs 99", "workers w9"])
def test_what_does_not_exist_is_not_found(run: Run, busy: Scene, argv: str) -> None:
    said = run(*argv.split())
    assert said.code == ExitCode.NOT_FOUND
    assert_told(said, argv.split()[1][-2:])


def test_a_table_fits_the_terminal_and_keeps_its_numbers(
    run: Run, busy: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("submit", "--name", "a-name-that-is-longer-than-any-column", "--tenant", "chemistry", "true")
    for columns in (80, 70, 40):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = run("jobs", "-o", "table").out.splitlines()
        assert max(map(len, lines)) <= columns
        assert lines[0].split()[:3] == ["ID", "NAME", "STATE"]
        assert [line.split()[0] for line in lines[1:]] == ["1", "2", "3", "5", "6", "4"]
    assert "a-name-that-is-longer-than-any-column" in run("jobs", "-o", "wide").out


def test_a_card_tells_the_story_of_a_job(run: Run, busy: Scene) -> None:
    run("submit", "--after", "4:notok", "--after", "1", "--memory", "2G", "--time-limit", "1h", "true")
    card = run("job", "6").out
    for words in ("pending", "dependency", "1 that it completes (running)", "2G memory", "at most 1h"):
        assert words in card
    failed = run("job", "4").out
    assert "exit 3" in failed
    assert [line.split()[0] for line in failed.splitlines() if ", after" in line] == [
        "scheduled",
        "started",
        "finished",
    ]


def test_workers_show_what_is_held_and_what_is_used(run: Run, busy: Scene) -> None:
    title, row = run("workers", "-o", "table").out.splitlines()
    told = dict(zip(title.split(), row.split(), strict=True))
    assert (told["NAME"], told["STATE"]) == ("w1", "up")
    assert (told["CPUS"], told["HELD"], told["USED"], told["JOBS"]) == ("██░░░░░░░░", "2/8", "1.5", "2")
    assert run("workers", "w1", "-o", "ids").out == "w1\n"


def test_status_has_ten_lines_and_is_what_one_gets_without_a_command(run: Run, busy: Scene) -> None:
    said = run("status")
    assert said.code == 0
    assert len(said.out.splitlines()) == 10
    assert "1 up, 0 silent, 0 lost" in said.out
    assert run().out.splitlines()[3] == said.out.splitlines()[3]


def test_config_shows_each_value_and_where_it_came_from(run: Run, tmp_path: Path) -> None:
    (tmp_path / "clusterctl.toml").write_text("lease = '20m'\n")
    said = run("--database-url", "postgresql://me:s3cret@h/x", "config", "show")
    rows = {line.split("\t")[0]: line.split("\t") for line in said.out.splitlines()}
    assert rows["lease"][1:3] == ["20m", "clusterctl.toml"]
    assert rows["database_url"][1:3] == ["postgresql://me:***@h/x", "command line"]
    assert rows["redis_url"][2] == "CLUSTERCTL_REDIS_URL"
    (tmp_path / "clusterctl.toml").write_text("lease = '1s'\nleaze = 3\n")
    checked = run("config", "check")
    assert checked.code == ExitCode.FAILED
    assert len(checked.err.splitlines()) >= 2


def test_a_filter_that_leaves_nothing_is_no_error_but_a_job_that_is_not_there_is(run: Run, scene: Scene) -> None:
    jobs = scene.jobs(2)
    said = run("jobs", f"{jobs[0]}-{jobs[-1]}", "--state", "failed")
    assert (said.code, said.err) == (0, "no jobs\n")
    assert run("jobs", "999", "--state", "failed").code == ExitCode.NOT_FOUND


def test_dependencies_that_are_alike_are_told_together(run: Run, scene: Scene) -> None:
    jobs = scene.jobs(3)
    assert run("submit", "--after", f"{jobs[0]}-{jobs[-1]}:any", "true").code == 0
    assert f"waits for   {jobs[0]}-{jobs[-1]} that they end (pending)\n" in run("job", str(jobs[-1] + 1)).out


def test_of_many_workers_the_first_are_read_and_the_others_counted(run: Run, scene: Scene) -> None:
    for number in range(5):
        scene.worker(f"w{number}")
    said = run("workers", "-o", "ids", "--limit", "3")
    assert (said.out.split(), said.err) == (["w0", "w1", "w2"], "… 2 more; --limit shows them\n")
    assert run("workers", "-o", "ids").out.split() == [f"w{number}" for number in range(5)]
    chosen = run("workers", "-o", "ids", "--sort", "-name", "--limit", "2")
    assert (chosen.out.split(), chosen.err) == (["w4", "w3"], "… 3 more; --limit shows them\n")
