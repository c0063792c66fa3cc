"""``claim`` and ``claims --rounds``: one decision with its candidates, and what the last rounds gave."""

from __future__ import annotations

import msgspec
import pytest

from clusterctl.model.claim_log import Said
from clusterctl.model.exits import ExitCode
from clusterctl.model.steering import Steering
from clusterctl.model.timers import Timers
from clusterctl.store import allocations, claims, rounds, snapshot
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.console.test_claims import CLAIM
from tests.store.scene import Scene, starts

NIL = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def placed(scene: Scene) -> Scene:
    """Two rounds that are kept: the first gave jobs 1 and 2 to w1, the second a replica, 3, to w2."""
    first, second, (a, b) = scene.worker("w1", cpus=4), scene.worker("w2", cpus=8), scene.jobs(2)
    replica = scene.jobs(kind="service", indices=(0,))[0]
    scene.db.run("UPDATE workers SET used_milli = 1000, used_memory_mb = 1536, measured_at = cluster_time()")
    for number, worker, jobs in ((11, first, [a, b]), (12, second, [replica])):
        picture = snapshot.look(scene.db, Steering(), max_starts=10)
        allocations.reserve(scene.db, scene.term, number, starts(worker, jobs), Timers())
        rounds.keep(scene.db, scene.term, number, picture, took_ms=2.5, claims=len(jobs), waits=0)
    return scene


def test_rounds_are_told_with_how_used_each_worker_was(run: Run, placed: Scene) -> None:
    title, first, second = run("claims", "--rounds", "-o", "table").out.splitlines()
    assert title.split() == ["UTC", "ROUND", "WORKER", "JOB", "w1", "w2"]
    assert first.split()[1:] == ["11", "w1", "1", "+1", "25%", "1.5G", "12%", "1.5G"]
    assert second.split()[1:] == ["12", "w2", "3", "25%", "1.5G", "12%", "1.5G"]


def test_where_not_all_workers_fit_the_claimant_and_the_range_are_told(
    run: Run, placed: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    title, first, _ = run("claims", "--rounds", "-o", "table").out.splitlines()
    assert title.split() == ["UTC", "ROUND", "WORKER", "JOB", "USED", "ALL", "CPU", "ALL", "MEMORY"]
    assert first.split()[5:] == ["25%", "1.5G", "12%-25%", "1.5G-1.5G"]
    for columns in (40, 60, 80):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert max(map(len, run("claims", "--rounds", "-o", "table").out.splitlines())) <= columns


def test_rounds_are_data_too(run: Run, placed: Scene) -> None:
    first, second = msgspec.json.decode(run("claims", "--rounds", "-o", "json").out)
    assert (first["round"], first["worker"], first["job_id"], first["jobs"], first["kind"]) == (11, "w1", 1, 2, "batch")
    assert (second["worker"], second["kind"], second["claims"]) == ("w2", "service", 1)
    assert first["usage"]["w1"]["cpu_percent"] == 25
    assert first["usage"]["w1"].keys() == {"cpu_percent", "memory_mb", "sampled_at"}
    names, *rows = [line.split("\t") for line in run("claims", "--rounds").out.splitlines()]
    assert dict(zip(names, rows[0], strict=True))["cpu_percent"] == "w1=25.0,w2=12.5"
    (newest,) = msgspec.json.decode(run("claims", "--rounds", "--limit", "1", "-o", "json").out)
    assert newest["round"] == 12


@pytest.mark.parametrize("words", ["--job 1", "-f", "--event Claimed", "--filter worker:w1", "--sort id", "--since 1d"])
def test_what_would_mean_nothing_of_rounds_is_refused(run: Run, words: str) -> None:
    said = run("claims", "--rounds", *words.split())
    assert_told(said, "--rounds")
    assert said.code == ExitCode.USAGE


def test_no_rounds_is_said(run: Run, scene: Scene) -> None:
    said = run("claims", "--rounds", "-o", "table")
    assert (said.out, said.code) == ("", ExitCode.DONE)
    assert "no rounds" in said.err


def test_a_decision_is_shown_with_how_each_worker_stood_to_it(run: Run, placed: Scene) -> None:
    second = placed.db.value("SELECT id FROM claims WHERE job_id = 2")
    out = run("claim", str(second)).out
    title, *_ = out.splitlines()
    assert title == f"claim {second}  Claimed"
    assert "w1" in out
    assert "1 job placed since" in out
    table = [line.split() for line in out.split("\n\n")[1].splitlines()]
    assert table[0] == ["WORKER", "VERDICT", "SCORE", "PARTS"]
    assert {row[0] for row in table[1:]} == {"w1", "w2"}
    told = msgspec.json.decode(run("claim", str(second), "-o", "json").out)
    assert told.keys() >= set(CLAIM.split())
    assert (told["candidates"], told["given_before"]) == (1, 1)
    (w1,) = [each for each in told["candidate_table"] if each["worker"] == "w1"]
    assert (w1["removed_by"], w1["parts"]["cpus"]) == ("", 2)


def test_a_decision_of_a_round_that_is_not_kept_says_so(run: Run, scene: Scene) -> None:
    scene.reserve(scene.worker(), scene.jobs())
    said = run("claim", "1")
    assert said.code == ExitCode.DONE
    assert "is not kept" in said.out


def test_a_release_is_a_card_without_a_table(run: Run, scene: Scene) -> None:
    scene.finish(scene.worker(), scene.jobs()[0], code=3)
    out = run("claim", "2").out
    assert "exited 3 after 0.0s" in out
    assert "VERDICT" not in out


def test_who_may_claim_is_a_card_with_every_worker(run: Run, scene: Scene) -> None:
    usage = {"cpu_percent": 12.5, "memory_mb": 2048.0, "sampled_at": "2026-01-01T00:00:00Z"}
    detail = {
        "eligible": True,
        "policy": "resource_usage",
        "active_workers": ["w2", "w1"],
        "eligible_workers": ["w2"],
        "metrics": {"w1": 0.5, "w2": 0.25, "w\x1b3": None},
        "min_metrics": 0.25,
        "usage": {"w2": usage, "w1": None, "w\x1b3": None},
        "not_eligible_reasons": {"w1": "resource_usage:0.5000>0.2500", "w\x1b3": "resource_usage:missing"},
        "more": 36,
    }
    said = Said(
        event="ClaimEligibility", shape=NIL, reason="eligible", policy="resource_usage", candidates=1, detail=detail
    )
    claims.log_said(scene.db, 3, [said])
    (row,) = run("claims", "-o", "tsv").out.splitlines()[1:]
    assert row.split("\t")[3] == "ClaimEligibility"
    line = run("claims", "-o", "wide").out.splitlines()[-1]
    assert "w2 of 39 workers may claim, by resource_usage: w1 resource_usage:0.5000>0.2500" in line
    out = run("claim", "1").out
    assert [line.split()[0] for line in out.split("\n\n")[1].splitlines()[:3]] == ["WORKER", "w2", "w1"]
    assert "12.5% 2G" in out
    assert "36 more" in out
    assert "\x1b" not in out


def test_who_may_claim_by_a_score_is_told_with_that_score(run: Run, scene: Scene) -> None:
    detail = {
        "eligible_workers": ["w2"],
        "metrics": {"w1": -65.0674, "w2": -67.6309, "w3": None},
        "min_metrics": -67.6309,
        "usage": {"w1": None, "w2": None, "w3": None},
        "not_eligible_reasons": {"w1": "slo:65.07<67.63", "w3": "slo:missing"},
    }
    said = Said(event="ClaimEligibility", shape=NIL, reason="eligible", policy="slo", candidates=1, detail=detail)
    claims.log_said(scene.db, 3, [said])
    table = [line.split() for line in run("claim", "1").out.split("\n\n")[1].splitlines()]
    assert [row[:2] for row in table] == [["WORKER", "SCORE"], ["w2", "67.63"], ["w1", "65.07"], ["w3", "-"]]


def test_a_claim_that_there_never_was_is_not_found(run: Run, scene: Scene) -> None:
    said = run("claim", "7")
    assert_told(said, "no claim 7")
    assert said.code == ExitCode.NOT_FOUND
    assert run("claim", "0").code == run("claim", "last").code == ExitCode.USAGE
