"""``claims``: the log for people and for programs, and why one job waited."""

from __future__ import annotations

import msgspec
import pytest

from clusterctl.cli.display.claim_rows import FIELDS
from clusterctl.model.claim_log import refusal
from clusterctl.model.exits import ExitCode
from clusterctl.model.plan import Wait
from clusterctl.store import claims
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.store.scene import Scene
from tests.store.service import serve

CLAIM = "id at round event job_id worker policy score candidates reasons duration_ms repeats detail"


def refuse(scene: Scene, job: int, reason: str, *, repeats: int = 1, text: str = "full") -> None:
    """A round that says no to the shape of this job, and to no other."""
    shape = str(scene.db.value("SELECT shape FROM jobs WHERE id = %s", job))
    said = Wait(shape=shape, job_id=job, reason=reason, refusals={reason: 3})
    claims.log_said(scene.db, 5, [refusal(said, text, repeats)])


@pytest.fixture
def told(scene: Scene) -> Scene:
    """Job 1 ran on w1 and failed; 2 and 3 wait, as they have been told often; 4 met a changed world."""
    worker = scene.worker("w1")
    (failed,), waiting, (conflict,) = scene.jobs(), scene.jobs(2, cpus=16), scene.jobs()
    scene.finish(worker, failed, code=3)
    claims.log_conflicts(scene.db, 4, [(conflict, worker.worker_id)])
    refuse(scene, waiting[0], "unsatisfiable", text="needs 16 CPUs")
    refuse(scene, waiting[0], "unsatisfiable", repeats=36, text="needs 16 CPUs")
    return scene


def test_a_table_tells_what_was_decided_and_what_became_of_it(run: Run, told: Scene) -> None:
    said = run("claims", "-o", "table")
    title, claimed, released, conflict, refused = said.out.splitlines()
    assert title.split() == ["UTC", "EVENT", "JOB", "WORKER", "WHY"]
    assert claimed.split()[1:4] == ["Claimed", "1", "w1"]
    assert claimed.endswith("the only one that could, by pack")
    assert released.split()[1:4] == ["Released", "1", "w1"]
    assert "exited 3 after 0.0s" in released
    assert conflict.split()[1:5] == ["ClaimSkipped", "4", "w1", "claim_conflict:"]
    assert refused.split()[1:5] == ["ClaimSkipped", "2", "+1", "-"]
    assert "unsatisfiable ×37 since " in refused
    assert said.err == ""


def test_no_line_is_longer_than_the_terminal(run: Run, told: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in (40, 80):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert max(map(len, run("claims", "-o", "table").out.splitlines())) <= columns


def test_wide_tells_policy_score_candidates_and_what_each_filter_removed(run: Run, told: Scene) -> None:
    title, claimed, _, _, refused = run("claims", "-o", "wide").out.splitlines()
    assert {"POLICY", "SCORE", "CANDIDATES", "REMOVED", "ROUND", "MS", "ALLOCATION"} <= set(title.split())
    assert claimed.split()[3:9] == ["Claimed", "1", "w1", "pack", "1", "1"]
    assert "unsatisfiable=3" in refused
    assert refused.endswith(": needs 16 CPUs")


def test_json_has_the_fields_of_the_contract(run: Run, told: Scene) -> None:
    claimed, released, conflict, refused = msgspec.json.decode(run("claims", "-o", "json").out)
    assert all(each.keys() >= set(CLAIM.split()) for each in (claimed, released, conflict, refused))
    assert (claimed["event"], claimed["worker"], claimed["policy"], claimed["candidates"]) == (
        "Claimed",
        "w1",
        "pack",
        1,
    )
    assert (released["reason"], released["detail"]["exit_code"], released["round"]) == ("exited", 3, None)
    assert (refused["repeats"], refused["open"], refused["waiting"]) == (37, True, 2)
    assert refused["reasons"] == {"unsatisfiable": 3}
    assert refused["detail"] == {"reason": "no_fit", "text": "needs 16 CPUs"}
    assert conflict["reason"] == "claim_conflict"


def test_why_a_job_waited_is_told_though_the_row_names_another(run: Run, told: Scene) -> None:
    (row,) = msgspec.json.decode(run("claims", "--job", "3", "-o", "json").out)
    assert (row["job_id"], row["reason"]) == (2, "unsatisfiable")
    assert "unsatisfiable" in run("claims", "--job", "3").out
    assert run("claims", "--job", "4", "-o", "ids").out.split() == ["3"]


def test_last_is_my_newest_job(run: Run, scene: Scene) -> None:
    assert run("submit", "--parsable", "true").out == "1\n"
    refuse(scene, 1, "fits_now")
    assert run("claims", "--job", "last", "-o", "ids").out.split() == ["1"]


@pytest.mark.parametrize(
    "words, events",
    [
        (["--event", "claimed,Released"], ["Claimed", "Released"]),
        (["--worker", "w1"], ["Claimed", "Released", "ClaimSkipped"]),
        (["--filter", "reason:claim_conflict"], ["ClaimSkipped"]),
        (["--filter", "repeats>5 open:yes"], ["ClaimSkipped"]),
        (["--filter", "-event:Claimed reasons.unsatisfiable:3"], ["ClaimSkipped"]),
        (["--filter", "waiting:2"], ["ClaimSkipped"]),
        (["--filter", "age>1d"], []),
        (["--limit", "1"], ["ClaimSkipped"]),
        (["--sort", "-event", "--limit", "2"], ["Released", "Claimed"]),
    ],
)
def test_rows_can_be_chosen(run: Run, told: Scene, words: list[str], events: list[str]) -> None:
    said = run("claims", "-o", "json", *words)
    assert [row["event"] for row in msgspec.json.decode(said.out)] == events


@pytest.mark.parametrize("name", [name for name in FIELDS.split() if name not in ("reasons", "detail")])
def test_a_filter_means_what_the_json_says(run: Run, told: Scene, name: str) -> None:
    rows = msgspec.json.decode(run("claims", "-o", "json").out)
    for value in {row[name] for row in rows}:
        text = "none" if value is None else f'"{value if isinstance(value, str) else str(value).lower()}"'
        found = msgspec.json.decode(run("claims", "-o", "json", "--filter", f"{name}:{text}").out)
        wanted = [row["id"] for row in rows if row[name] == value]
        assert [row["id"] for row in found] == wanted, text


def test_how_many_older_rows_there_are_is_said(run: Run, told: Scene) -> None:
    assert "… 3 more" in run("claims", "--limit", "1").err


def test_what_is_older_than_an_hour_must_be_asked_for(run: Run, scene: Scene) -> None:
    scene.finish(scene.worker(), scene.jobs()[0])
    scene.db.run("UPDATE claims SET at = at - interval '2 h', last_at = last_at - interval '2 h'")
    said = run("claims", "-o", "ids")
    assert (said.out, said.code) == ("", ExitCode.DONE)
    assert "no claims" in said.err
    assert "--since" in said.err
    assert run("claims", "--since", "3h", "-o", "ids").out.split() == ["1", "2"]


def test_how_far_back_the_log_goes_is_said_to_who_asks_further(run: Run, told: Scene) -> None:
    assert "the claim log begins " in run("claims", "--since", "30d").err
    assert "forgotten" not in run("claims", "--since", "1ms").err
    assert "forgotten" not in run("claims").err


@pytest.mark.parametrize(
    "words",
    [
        "--event Stolen",
        "--since yesterday",
        "--job all",
        "--job 7-9",
        "--job 0",
        "--filter colour:red",
        "--sort colour",
    ],
)
def test_nonsense_is_refused_before_the_cluster_is_asked(run: Run, words: str) -> None:
    said = run("claims", *words.split())
    assert_told(said)
    assert said.code == ExitCode.USAGE


def test_nothing_is_followed_in_an_order(run: Run) -> None:
    said = run("claims", "-f", "--sort", "id")
    assert_told(said, "cannot be sorted")
    assert said.code == ExitCode.USAGE


def test_a_worker_or_job_that_there_never_was_is_no_silence(run: Run, told: Scene) -> None:
    for option, name in (("--worker", "w9"), ("--job", "99")):
        said = run("claims", option, name)
        assert_told(said, name)
        assert said.code == ExitCode.NOT_FOUND


def test_what_strangers_wrote_is_made_visible(run: Run, scene: Scene) -> None:
    (job,) = scene.jobs()
    refuse(scene, job, "label", text="no worker carries \x1b[31mred")
    for form in ("table", "wide", "tsv"):
        assert "\x1b" not in run("claims", "-o", form).out


def test_a_service_is_told_with_all_its_replicas(run: Run, scene: Scene) -> None:
    batch = scene.jobs()
    (other,), (first, second) = scene.jobs(kind="service", indices=(0,)), scene.jobs(2, kind="service")
    scene.reserve(scene.worker(), [*batch, second])
    refuse(scene, other, "service_claims", text="its turn comes")  # said to all that ask for the same
    rows = msgspec.json.decode(run("claims", "--service", str(first), "-o", "json").out)
    assert [(row["event"], row["job_id"]) for row in rows] == [("Claimed", second), ("ClaimSkipped", other)]
    assert rows[0]["detail"] == {"job_id": second, "claimant": "w1"}
    assert rows[1]["detail"] == {"reason": "not_eligible", "text": "its turn comes"}
    assert run("claims", "--filter", "detail.claimant:w1", "-o", "ids").out.split() == ["1", "2"]
    said = run("claims", "--service", str(batch[0]))
    assert_told(said, "no service")
    assert said.code == ExitCode.NOT_FOUND
    assert run("claims", "--service", "1", "--job", "2").code == ExitCode.USAGE


def test_a_service_may_be_named_as_everywhere(run: Run, scene: Scene) -> None:
    (first, second) = serve(scene, 2, name="web")
    scene.reserve(scene.worker(), [second])
    for word in ("web", "service:web", str(first), str(second)):
        said = run("claims", "--service", word, "-o", "json")
        assert [row["job_id"] for row in msgspec.json.decode(said.out)] == [second], said
    said = run("claims", "--service", "wbe")
    assert_told(said, "no service 'wbe'")
    assert (said.code, "`clusterctl services` lists them" in said.err) == (ExitCode.NOT_FOUND, True)
