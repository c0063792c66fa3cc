"""Faults of the doctor's mends: each forgets to look again."""

from __future__ import annotations

from tests.mutants.fault import Fault

DISAGREEMENTS = "clusterctl/store/disagreements.py"

DOCTOR_FAULTS = (
    Fault(
        "a leader that has decided meanwhile is deposed",
        "clusterctl/store/mends.py",
        "WHERE term = %s AND rounds = %s AND holder <> ''",
        "WHERE term = %s AND rounds >= %s AND holder <> ''",
        ("tests/doctor/test_leader.py",),
    ),
    Fault(
        "doctor takes what was started once for a reservation",
        DISAGREEMENTS,
        "WHERE id = e.id AND reserved AND start_token IS NULL AND j.id IS NOT NULL FOR UPDATE",
        "WHERE id = e.id AND reserved AND j.id IS NOT NULL FOR UPDATE",
        ("tests/doctor/test_disagreements.py",),
    ),
    Fault(
        "doctor lets a job run again that is to wait for its worker",
        DISAGREEMENTS,
        "CASE WHEN j.on_worker_loss = 'wait' THEN 'held' ELSE 'pending' END",
        "'pending'",
        ("tests/doctor/test_disagreements.py",),
    ),
    Fault(
        "doctor lets a job run again at once that may still run",
        DISAGREEMENTS,
        'return rest(db, job_id, fence) if (found, state) == ("pending", "running") else found',
        "return found",
        ("tests/doctor/test_disagreements.py",),
    ),
    Fault(
        "doctor forgets a worker that has come and gone since",
        "clusterctl/store/administration.py",
        "WHERE name = %s AND (incarnation, beat) = (%s, %s)",
        "WHERE name = %s AND (%s, %s) IS NOT NULL",
        ("tests/doctor/test_machines.py",),
    ),
    Fault(
        "doctor calls a tenant starved that waits behind more urgent jobs",
        "clusterctl/store/waiting.py",
        "ON s.tenant <> w.tenant AND s.priority <= w.priority AND",
        "ON s.tenant <> w.tenant AND",
        ("tests/doctor/test_waiting.py",),
    ),
    Fault(
        "doctor asks twice for an end",
        "clusterctl/store/mends.py",
        "AND a.stop_requested_at IS NULL AND w.id",
        "AND w.id",
        ("tests/doctor/test_disagreements.py",),
    ),
)
