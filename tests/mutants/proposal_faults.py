"""Faults of deeds that are proposed first, and carried out only upon what still is as it was seen."""

from __future__ import annotations

from tests.mutants.fault import Fault

OF_JOBS = "tests/console/test_proposals_of_jobs.py"
OF_WORKERS = "tests/console/test_proposals_of_workers.py"
OF_SERVICES = "tests/console/test_proposals_of_services.py"

PROPOSAL_FAULTS = (
    Fault(
        "what a deed is done to is compared before the lock, and not behind it",
        "clusterctl/operations/jobs.py",
        "    if wish.only_if is None:\n        return {}",
        "    if wish.only_if is not None or wish.only_if is None:\n        return {}",
        (OF_JOBS,),
    ),
    Fault(
        "an allocation that somebody just asks to stop counts as it was",
        "clusterctl/store/job_steps.py",
        "WHERE id = l.allocation_id FOR UPDATE) a",
        "WHERE id = l.allocation_id) a",
        (OF_JOBS,),
    ),
    Fault(
        "a deed upon one registration of a worker is done to the next",
        "clusterctl/store/administration.py",
        "(w.incarnation, w.admin_state) = (s.incarnation, s.admin_state)",
        "w.admin_state = s.admin_state",
        (OF_WORKERS,),
    ),
    Fault(
        "a service is scaled while another restarts it",
        "clusterctl/operations/services.py",
        "if only_if is not None and not services.stays",
        "if only_if is None and not services.stays",
        (OF_SERVICES,),
    ),
    Fault(
        "other replicas go than were shown",
        "clusterctl/operations/services.py",
        "    if (len(live), wanted, tuple(sorted(surplus(live, wanted)))) != told:",
        "    if (len(live), wanted) != told[:2]:",
        (OF_SERVICES,),
    ),
    Fault(
        "what has become old since it was shown is forgotten too",
        "clusterctl/operations/proposals/pruning.py",
        "before=plan.before",
        "older_than_s=plan.older_than_s",
        ("tests/console/test_proposals_of_findings.py",),
    ),
    Fault(
        "a requeue that is repeated takes back what has been placed since",
        "clusterctl/operations/jobs.py",
        "    if (job.allocation or 0) > wish.newest:",
        "    if job.state is JobState.RUNNING and (job.allocation or 0) > wish.newest:",
        ("tests/door/test_handing_in.py",),
    ),
)
