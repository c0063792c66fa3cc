"""Whatever is asked, the server answers with a line, and never with more than was meant for the asker."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl import operations, views
from clusterctl.cluster import Cluster
from clusterctl.door import dispatch
from clusterctl.door.dispatch import MOST_BUGS, Bugs
from clusterctl.door.frames import Reply, Trouble
from clusterctl.door.served import SERVED, served
from clusterctl.door.troubles import BUG, MISUNDERSTOOD, TOO_LONG
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.settings import Settings

ALL = [getattr(package, name) for package in (operations, views) for name in package.__all__]  # and so, all is known
ONE = Submission(spec=Spec(command=("true",)), request=Resources(1000))
NOWHERE = Cluster(Settings(database_url="postgresql://nobody@127.0.0.1:1/nothing", redis_url="none"), caller="ada")


def asked(line: bytes, cluster: Cluster = NOWHERE) -> Reply:
    """The reply to *line*, which is one line."""
    reply = dispatch.answer(cluster, line)
    assert b"\n" not in reply
    return msgspec.json.decode(reply, type=Reply)


def call(name: str, **arguments: Any) -> bytes:
    return msgspec.json.encode({"call": name, "arguments": arguments})


def trouble(line: bytes, cluster: Cluster = NOWHERE) -> Trouble:
    found = asked(line, cluster).trouble
    assert found is not None
    return found


@pytest.fixture
def tried() -> Iterator[str]:
    """The name of a served function that tells who asked, and can be asked for trouble."""

    @served
    def attempt(cluster: Cluster, number: int, *, word: str = "") -> list[str]:
        """Serves as an example."""
        if number < 0:
            raise ValueError(f"a bug at postgresql://me:s3cret@db/{word}")
        return [cluster.caller, word] * number

    name = f"{__name__}.attempt"
    yield name
    del SERVED[name]
    dispatch.types_of.cache_clear()


def test_a_call_is_done_for_the_caller(tried: str) -> None:
    assert asked(call(tried, number=1, word="x")).answer == msgspec.Raw(b'["ada","x"]')


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"call": "views.jobs.last_id"}',
        b'{"call": 7, "arguments": {}}',
        b'{"call": "views.jobs.last_id", "arguments": []}',
        b'{"call": "views.jobs.last_id", "arguments": {"caller": "root"}}',
        b'{"call": "views.jobs.last_id", "arguments": {"cluster": {}}}',
        b'{"call": "os.system", "arguments": {"command": "id"}}',
        b'{"call": "views.jobs.Selection", "arguments": {}}',
        b'{"call": "operations.workers.administer.__globals__", "arguments": {}}',
        b'{"call": "views.jobs.job", "arguments": {}}',
        b'{"call": "views.jobs.job", "arguments": {"job_id": "7"}}',
        b'{"call": "views.jobs.job", "arguments": {"job_id": 1e400}}',
        b"\xff\xfe",
        b"GET / HTTP/1.1\r",
        b"[" * 100_000,
        b'{"call": "views.jobs.job", "arguments": {"job_id": ' + b"[" * 100_000 + b"}}",
    ],
)
def test_what_is_no_call_is_misunderstood_and_nothing_is_done(line: bytes) -> None:
    assert trouble(line).kind == MISUNDERSTOOD


@given(st.binary(max_size=200) | st.sampled_from(sorted(SERVED)).map(call))
def test_no_bytes_make_it_fall_over(line: bytes) -> None:
    asked(line)


def test_an_outage_is_told_as_one() -> None:
    found = trouble(call("views.jobs.last_id"))
    assert (found.kind, found.fields) == ("Outage", {"what": "postgres"})


def test_a_bug_is_logged_here_and_told_there_in_one_line(tried: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        found = trouble(call(tried, number=-1, word="x"))
    assert found == Trouble(kind=BUG, message="ValueError: a bug at postgresql://me:***@db/x")
    assert [record.getMessage() for record in caplog.records] == [f"{tried} failed"]
    assert caplog.records[0].exc_info


def test_an_answer_that_is_too_long_for_a_line_is_not_begun_and_nobody_thinks_that_nothing_was_done(tried: str) -> None:
    found = trouble(call(tried, number=1000, word="x" * 100_000))
    assert found.kind == TOO_LONG
    assert "no room" in found.message


@pytest.mark.parametrize(
    "line",
    [
        call("operations.jobs.cancel", ids=[2**63 - 1, 2**63]),
        call("operations.jobs.hold", ids=[1], reason="a\0b"),
        call("operations.workers.label", names=["w1"], labels={"a": "\0"}),
        call("operations.workers.administer", names=["w1"], state="open", deadline_s=1e300),
        call("operations.workers.administer", names=["w1"], state="draining", deadline_s=1e18),
        call("operations.workers.administer", names=["w1"], state="draining", deadline_s=-1.0),
        call("operations.pruning.prune", kind="jobs", older_than_s=-1e9),
        call("operations.pruning.prune", kind="jobs", older_than_s=1e18),
        call("views.jobs.queue", selection={"name": "*\0"}),
    ],
)
def test_what_is_out_of_all_bounds_is_bad_input_and_no_bug(line: bytes, caplog: pytest.LogCaptureFixture) -> None:
    assert trouble(line).kind == "BadInput"
    assert caplog.records == []


@pytest.mark.parametrize("limit", [-5, 10**18])
@pytest.mark.parametrize("view", ["jobs.queue", "jobs.job_ids", "audit.audit_log", "claims.claim_log"])
def test_no_list_has_less_than_nothing(view: str, limit: int) -> None:
    wanted: dict[str, Any] = {"selection": {}} if view.startswith("jobs") else {"wanted": {}}
    assert trouble(call(f"views.{view}", limit=limit, **wanted)).kind == MISUNDERSTOOD


def test_of_many_bugs_in_a_minute_the_log_has_some() -> None:
    moment = [0.0]
    bugs = Bugs(lambda: moment[0])
    assert [bugs.is_news() for _ in range(2 * MOST_BUGS)] == [True] * MOST_BUGS + [False] * MOST_BUGS
    moment[0] = 60.0
    assert bugs.is_news()


def test_for_who_has_gone_nothing_is_committed(database: str) -> None:
    with Cluster(Settings(database_url=database, redis_url="none")) as cluster:
        job = operations.submit(cluster, ONE).ids[0]
        hold = call("operations.jobs.hold", ids=[job], reason="stale")
        assert dispatch.answer(cluster, hold, lambda: True)
        assert views.job(cluster, job).job.state == "pending"
        assert cluster.db.value("SELECT count(*) FROM audit WHERE verb = 'hold'") == 0
        assert dispatch.answer(cluster, hold)
        assert views.job(cluster, job).job.state == "held"


def test_every_answer_comes_back_as_what_it_was(database: str) -> None:
    with Cluster(Settings(database_url=database, redis_url="none")) as cluster:
        reply = asked(call("views.health.status"), cluster)
        assert isinstance(reply.answer, msgspec.Raw)
        found = msgspec.json.decode(reply.answer, type=type(views.status(cluster)))
        assert found == views.status(cluster)
