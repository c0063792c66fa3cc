"""``tenant``: one tenant on a page, and granting it more or less."""

from __future__ import annotations

import json

import pytest

from clusterctl import operations
from clusterctl.cluster import Cluster
from clusterctl.model.errors import BadInput
from clusterctl.model.exits import ExitCode
from clusterctl.model.orders import Report
from clusterctl.model.tenants import Grant, GrantChange
from clusterctl.settings import load
from clusterctl.store import deadlines, grants, reports
from tests.console.conftest import Run
from tests.store.scene import Scene


def of(scene: Scene, name: str = "sim") -> Grant:
    """What it is granted."""
    known = grants.read(scene.db).get(name)
    return known.grant if known else Grant()


def audit(scene: Scene) -> list[tuple[object, ...]]:
    """Who did what."""
    return scene.db.rows("SELECT verb, subject, reason, detail FROM audit ORDER BY id")


def test_what_is_granted_is_said_and_kept_with_who_did_it(run: Run, scene: Scene) -> None:
    said = run(
        "tenant", "sim", "--weight", "2", "--max-cpus", "1.5", "--max-running", "3", "--reason", "half is theirs"
    )
    assert (said.code, said.out) == (ExitCode.DONE, "")
    assert said.err.splitlines() == [
        "tenant sim: weight is 2; it was 1",
        "tenant sim: max CPUs is 1.5; it was without bound",
        "tenant sim: max running is 3; it was without bound",
    ]
    assert of(scene) == Grant(weight=2, max_cpu_milli=1500, max_running=3)
    detail = {"weight": 2.0, "max_cpu_milli": 1500, "max_running": 3}
    assert audit(scene) == [("grant", "tenant:sim", "half is theirs", detail)]


def test_what_is_not_spoken_of_stays_and_a_bound_can_be_taken_away(run: Run, scene: Scene) -> None:
    run("tenant", "sim", "--max-cpus", "4", "--max-pending", "10")
    said = run("tenant", "sim", "--no-max-cpus", "--max-pending", "10", "--weight", "0.5")
    assert said.err.splitlines() == [
        "tenant sim: weight is 0.5; it was 1",
        "tenant sim: max CPUs is without bound; it was 4",
        "tenant sim: max pending is 10 already",
    ]
    assert of(scene) == Grant(weight=0.5, max_pending=10)


def test_a_rehearsal_changes_nothing(run: Run, scene: Scene) -> None:
    said = run("tenant", "sim", "--max-running", "0", "--dry-run")
    assert said.err == "tenant sim: max running would be 0; it was without bound\n"
    assert (of(scene), audit(scene)) == (Grant(), [])


def test_what_is_so_already_is_no_change(run: Run, scene: Scene) -> None:
    run("tenant", "sim", "--max-cpus", "0")
    run("tenant", "sim", "--max-cpus", "0")
    assert len(audit(scene)) == 1
    assert of(scene) == Grant(max_cpu_milli=0)


@pytest.mark.parametrize(
    "words",
    [
        "sim --weight 0",
        "sim --weight -1",
        "sim --weight nan",
        "sim --weight inf",
        "sim --weight 1e9",
        "sim --max-cpus -1",
        "sim --max-cpus many",
        "sim --max-running -1",
        "sim --max-pending 99999999999",
        "sim --max-cpus 4 --no-max-cpus",
        "sim --reason why",
        "sim --dry-run",
        "s!m",
        "s!m --weight 2",
        "",
    ],
)
def test_nonsense_is_refused(run: Run, scene: Scene, words: str) -> None:
    said = run("tenant", *words.split())
    assert said.code == ExitCode.USAGE, said
    assert said.err.startswith("clusterctl: error: ")
    assert audit(scene) == []


@pytest.mark.parametrize(
    "words, told",
    [
        ("--weight nan", "a weight is a number above 0, at most 1,000,000"),  # which the door would not have been told
        ("--weight -inf", "a weight is a number above 0"),
        ("--weight heavy", "'heavy' is not a number"),
        ("--max-cpus 3 --no-max-cpus", "--max-cpus does not go with --no-max-cpus"),
        ("--no-max-pending --max-pending 0", "--max-pending does not go with --no-max-pending"),
        ("--max-running 99999999999", "is not from 0 to 2147483647"),
    ],
)
def test_nonsense_is_told_in_the_words_of_the_options_before_the_cluster_is_asked(
    run: Run, words: str, told: str
) -> None:
    said = run("tenant", "sim", *words.split())
    assert (said.code, told in said.err, "_" in said.err) == (ExitCode.USAGE, True, False), said


def test_who_asks_otherwise_than_by_the_command_is_told_the_same_words(scene: Scene) -> None:
    with Cluster(load({})) as cluster:
        for change, told in (
            (GrantChange(max_running=2**40), "max running is a number from 0 to 2,147,483,647"),
            (GrantChange(max_cpu_milli=-1), "max CPUs is a number from 0 to 1,000,000"),
            (GrantChange(max_cpu_milli=3, unbound=("max_cpu_milli",)), "max CPUs is given a bound and freed of it"),
            (GrantChange(weight=float("nan")), "a weight is a number above 0"),
        ):
            with pytest.raises(BadInput, match=told):
                operations.grant(cluster, "sim", change)
    assert audit(scene) == []


def test_a_tenant_of_which_nothing_is_known_is_not_found(run: Run, scene: Scene) -> None:
    said = run("tenant", "nobody")
    assert (said.code, "nothing is known of a tenant 'nobody'" in said.err) == (ExitCode.NOT_FOUND, True)
    run("tenant", "nobody", "--weight", "2")
    assert run("tenant", "nobody").code == ExitCode.DONE


def test_the_card_says_how_it_stands_to_its_quotas_and_how_it_is_served(run: Run, scene: Scene) -> None:
    worker = scene.worker("w1", cpus=8)
    grants.lock(scene.db, "sim")
    grants.put(scene.db, "sim", Grant(weight=2, max_cpu_milli=4000, max_running=9, max_pending=3))
    scene.run(worker, scene.jobs(cpus=3, tenant="sim"))
    (replica,) = scene.jobs(1, tenant="sim", kind="service", indices=(0,))
    scene.run(worker, [replica])
    reports.tell(scene.db, replica, Report(p99_ms=85, requests=998, violations=3))
    late, _ = scene.jobs(1, tenant="sim", deadline_s=0.001) + scene.jobs(1, tenant="sim", deadline_s=900.0)
    scene.db.run("UPDATE jobs SET start_before = '2000-01-01' WHERE id = %s", late)
    deadlines.give_up(scene.db, scene.term)
    scene.jobs(1, tenant="sim", hold=True)
    scene.db.run("UPDATE tenants SET recent_cpu_milli = 1600")
    page = " ".join(run("tenant", "sim").out.split())
    for words in (
        "tenant sim 35%",
        "jobs 2 running, 1 pending, 1 held",
        "holds 4 CPUs, 128M memory share",
        "25% held now, 10% of late, divided by its weight 2",
        "max CPUs 4 of 4 held: no more",
        "max running 2 of 9 scheduled or running",
        "max pending 2 of 3 wait",
        "p99 85ms, 0.301% of 998 requests violated",
        "deadlines 1 of 1 missed within the hour",
    ):
        assert words in page, (words, page)
    told = json.loads(run("tenant", "sim", "-o", "json").out)
    assert told["quota"] == {"cpus": 4.0, "running": 9, "pending": 3}
    assert told["slo"] == {
        "p99_ms": 85.0, "requests": 998, "violations": 3, "deadlines": 1, "missed": 1, "violation_rate": 0.004,
    }  # fmt: skip
    assert (told["dominant_share"], told["recent_share"], told["fair_share"]) == (0.25, 0.1, 0.35)
    assert told["recent"] == {"cpus": 1.6, "memory_mb": 0.0, "gpus": 0.0}


def test_use_of_late_that_does_not_count_is_not_told(run: Run, scene: Scene) -> None:
    scene.worker("w1", cpus=8)
    scene.jobs(tenant="sim")
    grants.lock(scene.db, "sim")
    scene.db.run("UPDATE tenants SET recent_cpu_milli = 1600")
    assert json.loads(run("tenant", "sim", "-o", "json").out)["recent_share"] == 0.2
    run("config", "set", "fair_half_life", "0s")
    assert json.loads(run("tenant", "sim", "-o", "json").out)["recent_share"] == 0


def test_bounds_stand_beside_what_is_used_in_the_list(run: Run, scene: Scene) -> None:
    scene.run(scene.worker("w1", cpus=8), scene.jobs(cpus=3, tenant="sim"))
    scene.jobs(2, tenant="sim")
    run("tenant", "sim", "--max-cpus", "4", "--max-running", "9", "--max-pending", "100")
    run("tenant", "idle", "--weight", "3")
    head, idle, sim = run("tenants", "-o", "table").out.splitlines()
    row = dict(zip(head.split(), sim.split(), strict=True))
    assert (row["PENDING"], row["RUNNING"], row["CPUS"]) == ("2/100", "1/9", "3/4")
    assert idle.split()[0] == "idle"


def test_a_submit_beyond_the_quota_is_refused_with_both_numbers(run: Run, scene: Scene) -> None:
    run("tenant", "sim", "--max-pending", "1500")
    run("submit", "--tenant", "sim", "--array", "0-1399", "--", "true")
    for rehearsal in ([], ["--dry-run"]):
        said = run("submit", *rehearsal, "--tenant", "sim", "--array", "0-199", "--", "true")
        assert (said.code, said.out) == (ExitCode.REFUSED, "")
        assert "tenant sim may have 1500 waiting jobs: 1400 wait, and this would add 200" in said.err
    assert run("submit", "--dry-run", "--tenant", "sim", "--array", "0-99", "--", "true").code == ExitCode.DONE
    assert scene.db.value("SELECT count(*) FROM jobs") == 1400
