"""A mend looks again under the lock: what it was about to release may be somebody's by then."""

from __future__ import annotations

from tests.doctor.ward import Ward


def test_an_allocation_that_its_job_holds_by_now_is_left_alone(ward: Ward) -> None:
    ward.reserve(ward.worker(), ward.jobs())
    ward.by_hand("UPDATE jobs SET state = 'failed', allocation_id = NULL, finished_at = now(), reason = 'by hand'")
    finding = ward.sole("alloc_on_terminal_job")
    ward.by_hand("UPDATE jobs SET state = 'scheduled', allocation_id = 1, finished_at = NULL, reason = NULL")
    ward.too_late(finding)
    ward.healthy()
