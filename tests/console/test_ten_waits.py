"""A new user's jobs that wait, each for another reason: what ``explain`` says of it, and that doing that starts it.

Everything is asked and done on the command line; only the rounds are held by hand, by what schedd calls.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from clusterctl.settings import Settings
from clusterctl.store import leader
from schedd import round
from tests.console.conftest import Run
from tests.store.scene import Scene

TRUE = ("--", "true")


class User:
    """Somebody with a command line, and a cluster that decides when told."""

    def __init__(self, run: Run, scene: Scene) -> None:
        self._run = run
        self.scene = scene
        self._rounds = 0

    def does(self, words: str) -> str:
        """Run a command of clusterctl, which must work; what it printed."""
        said = self._run(*shlex.split(words))
        assert said.code == 0, said.err
        return said.out

    def submits(self, options: str = "") -> int:
        """Hand in a job; its number, of several the last."""
        printed = self.does(f"submit --parsable {options} -- sleep 60").split()[-1]
        return int(printed.rpartition("-")[2])

    def waits_a_round(self) -> None:
        """Let schedd hold a round."""
        self._rounds += 1
        leader.renew(self.scene.db, self.scene.term, self._rounds)
        round.run(
            self.scene.db,
            Settings(),
            self.scene.term,
            self._rounds,
            wake=lambda _: None,
            may_go_on=lambda: True,
        )

    def asks(self, job: int) -> dict[str, Any]:
        """Why the job is where it is; the page says the same as the JSON."""
        found: dict[str, Any] = msgspec.json.decode(self.does(f"explain {job} -o json"))
        page = " ".join(self.does(f"explain {job}").split())
        assert " ".join(found["headline"].split()) in page
        for change in found["changes"]:
            assert " ".join(change["sentence"].split()) in page
        return found

    def starts(self, job: int) -> bool:
        """Whether the next round starts it."""
        self.waits_a_round()
        return self.scene.state(job) == "scheduled"


@pytest.fixture
def user(run: Run, scene: Scene) -> User:
    """With workers w1 and w2 of 8 CPUs each."""
    for name in ("w1", "w2"):
        scene.worker(name)
    return User(run, scene)


def instead(options: str, change: str) -> str:
    """What one submits then: *options* with the change's in their place."""
    words, changed = shlex.split(options), shlex.split(change)
    if changed[0] == "without":
        at = words.index(changed[1])
        return shlex.join(words[:at] + words[at + 2 :])
    for option, value in zip(changed[::2], changed[1::2], strict=True):
        if option in words:
            words[words.index(option) + 1] = value
        else:
            words += [option, value]
    return shlex.join(words)


class Case(NamedTuple):
    """Options with which a job waits, after what was done before; the sentence, and the change that comes first."""

    options: str
    reason: str
    sentence: str
    change: str
    before: Callable[[User], object] = lambda user: None


def fill(user: User, *, w1: int = 8, w2: int = 8, limit: str = "") -> None:
    """Jobs run that hold so many CPUs of each worker."""
    for name, cpus in (("w1", w1), ("w2", w2)):
        if cpus:
            user.submits(f"--cpus {cpus} --worker {name} {limit}")
    user.waits_a_round()


def hold_quota(user: User) -> None:
    user.does("tenant sim --max-cpus 6")
    user.submits("--cpus 6 --tenant sim")
    user.waits_a_round()


def keep_a_worker(user: User) -> None:
    """For job 3, which needs one wholly."""
    fill(user, w1=6, w2=8, limit="--time-limit 10m")
    user.submits("--cpus 8")
    user.waits_a_round()


def measure_nothing_lately(user: User) -> None:
    user.does("label w1 zone=a")
    user.scene.db.run(
        """
        UPDATE workers SET used_milli = 100, used_memory_mb = 100,
               measured_at = cluster_time() - CASE name WHEN 'w1' THEN interval '10 min' ELSE interval '1 s' END
        """
    )


CASES = {
    "label": Case(
        "--label zone=x",
        "label",
        "no worker carries the labels zone=x",
        "without --label zone=x",
    ),
    "unsatisfiable": Case(
        "--cpus 10",
        "unsatisfiable",
        "needs 10 CPUs; no worker that it may use is that large (the largest, w2, has 8 CPUs, 64000 MiB)",
        "--cpus 8",
    ),
    "full": Case(
        "--cpus 4",
        "fits_now",
        "needs 4 CPUs; every worker that could hold it is full for now",
        "--cpus 2",
        lambda user: fill(user, w1=6, w2=8),
    ),
    "array limit": Case(
        "--array 0-2%1",
        "array_limit",
        "as many of its array run as its limit allows, 1 at once; it starts once job 1 has ended",
        "--array 2",
        lambda user: None,
    ),
    "quota": Case(
        "--cpus 2 --tenant sim",
        "tenant_quota",
        "needs 2 CPUs; tenant sim holds 6 of the 6 CPUs of its quota; it starts once job 1 has ended",
        "clusterctl tenant sim --max-cpus 8",
        hold_quota,
    ),
    "backfill": Case(
        "--cpus 2",
        "backfill",
        "; w1 is kept for job 3, which can start there at ",
        "--time-limit 9m",
        keep_a_worker,
    ),
    "measures": Case(
        "--service --label zone=a",
        "measured",
        "it is not known what they use: w1: measured 60",
        "clusterctl config set use_measures never",
        measure_nothing_lately,
    ),
    "policy": Case(
        "",
        "policy_disabled",
        "batch_placement is none: nothing is placed",
        "clusterctl config set batch_placement pack",
        lambda user: user.does("config set batch_placement none"),
    ),
    "services": Case(
        "--service",
        "policy_disabled",
        "service_placement is none: nothing is placed",
        "clusterctl config set service_placement resource_usage",
        lambda user: user.does("config set service_placement none"),
    ),
    "draining": Case(
        "--worker w2",
        "admin_open",
        "needs 1 CPU; the workers that could hold it are draining or closed",
        "clusterctl resume w2",
        lambda user: user.does("drain w2"),
    ),
    "another worker": Case(
        "--worker w9",
        "named_worker",
        "there is no worker w9",
        "without --worker",
    ),
    "held": Case("--hold", "held", "held since it was submitted", "clusterctl release 1"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_doing_what_is_said_first_starts_it(user: User, case: Case) -> None:
    case.before(user)
    job = user.submits(case.options)
    assert not user.starts(job)
    found = user.asks(job)
    assert found["reason"] == case.reason
    assert case.sentence in found["headline"]
    first = found["changes"][0]["option"]
    if first.startswith("clusterctl "):
        assert first == case.change
        user.does(first.removeprefix("clusterctl "))
    else:
        assert first.startswith(case.change)
        user.does(f"cancel array:{job - 2}" if "--array" in first else f"cancel {job}")
        job = user.submits(instead(case.options, first))
    assert user.starts(job)
    assert (
        user.scene.db.value(
            "SELECT w.name FROM jobs j JOIN allocations a ON a.id = j.allocation_id"
            " JOIN workers w ON w.id = a.worker_id WHERE j.id = %s",
            job,
        )
        == found["changes"][0]["starts_on"]
    )


def test_what_comes_after_others_starts_when_those_have_ended_that_it_names(user: User) -> None:
    parent = user.submits()
    child = user.submits(f"--after {parent}")
    assert not user.starts(child)
    found = user.asks(child)
    assert (found["reason"], found["headline"]) == (
        "dependency",
        f"it comes after 1 job that has not ended: job {parent}",
    )
    assert [each["job_id"] for each in found["blockers"]] == [parent]
    orders, token = user.scene.start(user.scene.worker("w1"))
    user.scene.end(orders[0], token)
    assert user.starts(child)


def test_what_rests_starts_when_it_says(user: User) -> None:
    worker = user.scene.worker("w1")
    job = user.submits("--retries 1")
    user.scene.finish(worker, job, code=3)
    found = user.asks(job)
    assert found["reason"] == "not_before"
    assert "in 1 s, after a failed attempt: exit code 3" in found["headline"]
    assert not user.starts(job)
    user.scene.db.run("UPDATE jobs SET not_before = NULL WHERE id = %s", job)  # as the leader does at that moment
    assert user.starts(job)


def test_a_replica_that_has_not_had_its_turn_has_it_in_as_many_rounds_as_it_says(user: User) -> None:
    user.scene.db.run("UPDATE workers SET used_milli = 100, used_memory_mb = 100, measured_at = cluster_time()")
    last = user.submits("--service --replicas 6")
    found = user.asks(last)
    assert found["reason"] == "service_claims"
    assert "its turn comes in a later one; by resource_usage the least comes first: w1 at " in found["headline"]
    assert found["starts_at"]["basis"] == "2 replicas are claimed in this round; in about 2 rounds more"
    assert [user.starts(last) for _ in range(3)] == [False, False, True]
