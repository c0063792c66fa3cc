"""What one wants to know before one mends a finding."""

from __future__ import annotations

from typing import Any

from clusterctl import operations, views
from clusterctl.doctor.registry import BY_CODE
from clusterctl.model.findings import Finding, Fix
from clusterctl.model.states import AdminState
from tests.doctor.ward import Ward


def test_it_tells_what_was_decided_and_done_about_its_job(ward: Ward) -> None:
    ward.reserve(ward.worker(), ward.jobs(cpus=4))
    ward.later(65)
    finding = ward.sole("reserved_expired")
    operations.administer(ward.cluster, ["w1"], AdminState.DRAINING, reason="it hangs")
    before = ward.rows()
    story = views.finding_story(ward.cluster, finding)
    check = BY_CODE["reserved_expired"]
    assert (story.meaning, story.cure) == (check.meaning, check.cure)
    assert [claim.event for claim in story.claims] == ["Claimed"]
    assert {claim.job_id for claim in story.claims} == {1}
    assert story.deeds == (), "it is about the job, not about its worker"
    assert ward.rows() == before, "it only looks"


def test_without_a_job_it_tells_of_the_worker_and_without_both_only_what_it_means(ward: Ward) -> None:
    ward.worker()
    operations.administer(ward.cluster, ["w1"], AdminState.DRAINING, reason="it hangs")
    fix = Fix(command="", available=False)
    known: dict[str, Any] = {
        "severity": "info",
        "since": None,
        "sentence": "",
        "evidence": {},
        "fix": fix,
        "stuck": False,
    }
    of_worker = Finding(code="black_hole", subject="worker:w1", concerns=("worker:w1",), **known)
    (deed,) = views.finding_story(ward.cluster, of_worker).deeds
    assert (deed.verb, deed.subject, deed.reason) == ("drain", "worker:w1", "it hangs")
    of_all = Finding(code="cache_drift", subject="cluster", concerns=("cluster",), **known)
    story = views.finding_story(ward.cluster, of_all)
    assert (story.deeds, story.claims) == ((), ())
    assert story.meaning


def test_a_finding_of_another_version_has_a_story_too(ward: Ward) -> None:
    fix = Fix(command="", available=False)
    unknown = Finding(
        code="of_tomorrow", severity="info", subject="job:9", since=None, sentence="", evidence={}, fix=fix,
        stuck=False, concerns=("job:9",),
    )  # fmt: skip
    story = views.finding_story(ward.cluster, unknown)
    assert (story.meaning, story.deeds, story.claims) == ("", (), ())
