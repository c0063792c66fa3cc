"""``explain`` of services, and what it says where a terminal is narrow or nothing is proven to help."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.console.conftest import Run
from tests.store import service
from tests.store.scene import Scene


def told(run: Run, *argv: str) -> Any:
    said = run("explain", *argv, "-o", "json")
    assert said.code == 0, said.err
    return json.loads(said.out)


def table(page: str, title: str) -> list[list[str]]:
    """The rows under the line that begins with *title*."""
    rows = [line.split() for line in page.splitlines()]
    found = rows[[row[:1] for row in rows].index([title]) + 1 :]
    return found[: found.index([])] if [] in found else found


@pytest.mark.parametrize("many", [3, 24])
def test_a_service_is_the_card_of_the_replica_that_is_worst_off_and_a_table_of_all(
    run: Run, scene: Scene, many: int
) -> None:
    orders, _, _ = service.running(scene, 2)
    service.become_ready(scene, *(order.allocation_id for order in orders))
    assert run("scale", "1", str(many)).code == 0
    page = run("explain", "service:1").out
    assert page.startswith("job 3  ")
    assert page.count("REPLICA") == 1
    assert [row[0] for row in table(page, "REPLICA")[:3]] == ["1", "2", "3"]
    (found,) = told(run, "service:1")
    assert (found["job_id"], found["kind"], len(found["replicas"])) == (3, "service", many)
    assert run("hold", f"3-{many}").code == 0
    assert told(run, "service:1")[0]["state"] == "held"
    assert run("cancel", f"3-{many}").code == 0
    assert told(run, "service:1")[0]["state"] == "running"
    assert run("cancel", "service:1", "--yes").code == 0


def test_replicas_of_a_service_are_not_told_how_long_batch_jobs_of_their_size_ran(run: Run, scene: Scene) -> None:
    worker = scene.worker("w1")
    for job in scene.jobs(3):
        scene.finish(worker, job)
    (replica,) = scene.jobs(kind="service", indices=(0,))[0:1]
    (batch,) = scene.jobs()
    assert told(run, str(batch))["similar"]["count"] == 3
    assert told(run, str(replica))["similar"] is None
    scene.run(worker, [replica])
    assert told(run, str(replica))["similar"] is None


def test_a_dry_run_of_a_service_is_called_one_and_of_one_on_every_worker_tells_of_each(run: Run, scene: Scene) -> None:
    for name, cpus in (("w1", 8), ("w2", 8), ("w3", 1)):
        scene.worker(name, cpus=cpus)
    assert run("submit", "--dry-run", "--service", "true").out.startswith("a new service  ")
    assert run("submit", "--dry-run", "true").out.startswith("a new job  ")
    page = run("submit", "--dry-run", "--service", "--daemon", "--cpus", "2", "true").out
    assert "one replica for each worker; 2 of 3 would start now, on w1, w2" in " ".join(page.split())
    assert [row[:3] for row in table(page, "FILTER")] == [["fits_ever", "1", "w3"], ["left", "2", "could"]]
    assert run("tenant", "default", "--max-cpus", "3").code == 0
    page = run("submit", "--dry-run", "--service", "--daemon", "--cpus", "2", "true").out
    assert "; 1 of 3 would start now, on w1" in " ".join(page.split())
    assert [row[:2] for row in table(page, "FILTER") if row[0] != "for"] == [["tenant_quota", "2"], ["left", "1"]]
    none = run("submit", "--dry-run", "--service", "--daemon", "--label", "zone=x", "true").out
    assert "one replica for each worker with its labels; none of 0 would start now" in " ".join(none.split())


def test_a_dry_run_of_a_service_on_every_worker_knows_which_is_kept_for_another_job(run: Run, scene: Scene) -> None:
    worker = scene.worker("w1", cpus=4)
    scene.worker("w2", cpus=2)
    scene.run(worker, scene.jobs(cpus=3, time_limit_s=600))
    scene.jobs(cpus=4)
    page = run("submit", "--dry-run", "--service", "--daemon", "true").out
    assert "; 1 of 2 would start now, on w2" in " ".join(page.split())
    assert table(page, "FILTER")[0][:3] == ["backfill", "1", "w1"]


def test_what_is_more_than_the_whole_quota_is_warned_of_at_submit(run: Run, scene: Scene) -> None:
    scene.worker("w1")
    assert run("tenant", "sim", "--max-cpus", "2").code == 0
    assert run("submit", "--tenant", "sim", "--cpus", "2", "true").err == ""
    said = run("submit", "--tenant", "sim", "--cpus", "3", "true")
    assert said.code == 0
    assert said.err == "warning: needs 3 CPUs; that is more than the whole quota of tenant sim, 2 CPUs\n"


def test_a_reason_that_is_too_long_for_the_terminal_goes_on_in_the_next_line(
    run: Run, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.worker("w1")
    assert run("submit", "--label", "zone=somewhere", "--label", "disk=a-long-name", "true").code == 0
    reason = "without the labels disk=a-long-name zone=somewhere"
    for columns in (80, 60, 40):
        monkeypatch.setenv("COLUMNS", str(columns))
        page = run("explain", "1").out
        assert max(map(len, page.splitlines())) <= columns
        rows = table(page, "FILTER")
        assert " ".join(word for row in rows for word in row).endswith("left 0")
        assert set(reason.split()) <= {word for row in rows for word in row}


def test_a_held_job_that_would_wait_is_told_how_it_is_released(run: Run, scene: Scene) -> None:
    scene.worker("w1")
    assert run("submit", "--hold", "--cpus", "64", "true").code == 0
    found = told(run, "1")
    assert (found["changes"], found["advice"][:27]) == ([], "`clusterctl release 1` lets")
    assert "helps `clusterctl release 1` lets it go; then it would wait: needs 64 CPUs;" in " ".join(
        run("explain", "1").out.split()
    )


def test_a_history_does_not_show_what_was_over_in_no_time(run: Run, scene: Scene) -> None:
    worker = scene.worker("w1")
    (job,) = scene.jobs()
    scene.db.run("UPDATE jobs SET submitted_at = cluster_time() - interval '60 s' WHERE id = %s", job)
    scene.run(worker, [job])
    page = run("explain", str(job), "--history").out
    assert [row[0] for row in table(page, "DELAYED")] == ["not_looked_at", "scheduled"]
    assert "… and 1 of less than a second" in page
    assert page.count("scheduled") == 1
    assert {each["reason"] for each in told(run, str(job), "--history")["history"]} == {"not_looked_at", "scheduled"}
