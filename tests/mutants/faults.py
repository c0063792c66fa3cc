"""The faults. ``sound`` must stand exactly once in its file: a test sees to that, so that the list cannot rot."""

from __future__ import annotations

from tests.mutants.daemon_faults import DAEMON_FAULTS
from tests.mutants.doctor_faults import DOCTOR_FAULTS
from tests.mutants.fault import Fault
from tests.mutants.proposal_faults import PROPOSAL_FAULTS
from tests.mutants.replica_faults import REPLICA_FAULTS

LAWS = "clusterctl/store/migrations/0002_laws.sql"
RELEASES = "clusterctl/store/releases.py"
RELEASE_STEPS = "clusterctl/store/release_steps.py"
ALLOCATIONS = "clusterctl/store/allocations.py"
ADMINISTRATION = "clusterctl/store/administration.py"
WORKERS = "clusterctl/store/workers.py"

FAULTS = (
    Fault(
        "a deposed leader is believed",
        LAWS,
        "    PERFORM FROM leader WHERE term = my_term FOR KEY SHARE;",
        "    PERFORM FROM leader;",
        ("tests/store/test_leader.py", "tests/store/test_loss.py"),
    ),
    Fault(
        "an old incarnation may start jobs",
        LAWS,
        "a.incarnation IS DISTINCT FROM w.incarnation)",
        "a.incarnation IS NULL)",
        ("tests/store/test_laws.py",),
    ),
    Fault(
        "a loss spends the user's retries",
        RELEASE_STEPS,
        "(NOT v.loss AND NOT v.free_return AND",
        "(NOT v.free_return AND",
        ("tests/store/test_loss.py",),
    ),
    Fault(
        "a worker that beats meanwhile loses its jobs",
        RELEASES,
        "WHERE w.id = ANY (ARRAY(SELECT worker_id FROM locked)) AND w.beat = s.beat AND w.live_state = 'silent'",
        "WHERE w.id = ANY (ARRAY(SELECT worker_id FROM locked))",
        ("tests/store/test_loss.py",),
    ),
    Fault(
        "loss is declared when the lease is out, without grace and margin",
        RELEASES,
        "AND lost_after_s < s.seconds",
        "AND lease_s < s.seconds",
        ("tests/store/test_loss.py",),
    ),
    Fault(
        "anybody may report the end of an attempt, under any token",
        RELEASES,
        "FROM mine WHERE status = 'allocated' AND start_token = token",
        "FROM mine WHERE status = 'allocated'",
        ("tests/store/test_ends.py", "tests/store/test_races.py", "tests/promises/test_store_life.py"),
    ),
    Fault(
        "what was seen is not looked at again under the lock",
        RELEASE_STEPS,
        "WHERE id = e.job_id AND allocation_id = e.id AND state = e.holds FOR UPDATE) j",
        "WHERE id = e.job_id FOR UPDATE) j",
        ("tests/store/test_races.py", "tests/store/test_loss.py"),
    ),
    Fault(
        "a person may release a reservation that is in time",
        RELEASES,
        "AND id = ANY (%s) AND start_by < cluster_time())",
        "AND id = ANY (%s))",
        ("tests/store/test_loss.py",),
    ),
    Fault(
        "a living worker can be confirmed dead",
        RELEASES,
        "WHERE name = %s AND incarnation = %s AND beat = %s AND live_state = 'silent'",
        "WHERE name = %s AND incarnation = %s AND beat = %s",
        ("tests/store/test_loss.py",),
    ),
    Fault(
        "placement does not add up what it gives to one worker",
        ALLOCATIONS,
        "AND cpu_over <= 0 AND memory_over <= 0",
        "AND memory_over <= 0",
        ("tests/store/test_laws.py", "tests/store/test_races.py"),
    ),
    Fault(
        "a start is not checked against the state of its job",
        ALLOCATIONS,
        "WHERE id = w.job_id AND allocation_id = w.id AND state = 'scheduled' FOR UPDATE) j",
        "WHERE id = w.job_id FOR UPDATE) j",
        ("tests/store/test_races.py",),
    ),
    Fault(
        "a start ignores that its end was asked for",
        ALLOCATIONS,
        "AND a.reserved AND a.stop_requested_at IS NULL",
        "AND a.reserved",
        (
            "tests/store/test_races.py",
            "tests/store/test_laws.py",
            "tests/promises",
            "tests/daemons/test_agentd_stops.py",
        ),
    ),
    Fault(
        "a takeover does not compare what it has seen",
        "clusterctl/store/leader.py",
        "WHERE term = %s AND renewals = %s RETURNING term",
        "WHERE term >= %s - 1 AND renewals <> %s - 1000 RETURNING term",
        ("tests/store/test_leader.py",),
    ),
    Fault(
        "a leader decides however long it has not renewed",
        "schedd/leadership.py",
        "return self.term is not None and self._clock.seconds() - self._renewed_at < PATIENCE / 2",
        "return self.term is not None",
        ("tests/daemons/test_leadership.py",),
    ),
    Fault(
        "a clone of a machine is let in beside it",
        WORKERS,
        "AND (w.boot_id = excluded.boot_id OR w.live_state <> 'up'))",
        "AND (w.boot_id = excluded.boot_id OR w.last_heartbeat_at < cluster_time() - interval '15 s'))",
        ("tests/store/test_loss.py",),
    ),
    Fault(
        "another machine may take a name that is up",
        WORKERS,
        "OR (w.live_state <> 'up' AND w.reserved_milli + w.allocated_milli = 0)",
        "OR (w.reserved_milli + w.allocated_milli = 0)",
        ("tests/store/test_workers.py",),
    ),
    Fault(
        "silence is counted on our clock alone",
        "schedd/silence.py",
        "min(ours - self._ours, theirs - self._theirs, self._longest_step)",
        "min(ours - self._ours, self._longest_step)",
        ("tests/daemons/test_silence.py",),
    ),
    Fault(
        "a pause of the leader counts as silence of the workers",
        "schedd/silence.py",
        "min(ours - self._ours, theirs - self._theirs, self._longest_step)",
        "min(ours - self._ours, theirs - self._theirs)",
        ("tests/daemons/test_silence.py",),
    ),
    Fault(
        "loss is declared however many are silent at once",
        "clusterctl/scheduling/liveness.py",
        "len(asked) >= LEAST_FOR_A_CROWD and 2 * len(silent) > len(asked)",
        "False",
        ("tests/daemons/test_loss.py", "tests/scheduling/test_liveness.py"),
    ),
    Fault(
        "a start whose answer was lost is forgotten",
        "agentd/exchange.py",
        "            self.doubtful.add(token)\n",
        "",
        ("tests/daemons/test_agentd.py",),
    ),
    Fault(
        "an allocation's number alone tells two attempts apart",
        "agentd/attempts.py",
        "return place is not None and place.token == token",
        "return place is not None",
        ("tests/agent/test_adoption_tokens.py",),
    ),
    Fault(
        "an attempt that stands in a journal is started again",
        "agentd/processes.py",
        "        if self.knows(id, token):\n            return\n        if not",
        "        if not",
        ("tests/agent/test_attempts.py", "tests/agent/test_survival.py"),
    ),
    Fault(
        "a supervisor looks at no lease",
        "agentd/supervisor/attempt.py",
        "        return self._synced + lease_s",
        "        return math.inf",
        ("tests/agent/test_survival.py",),
    ),
    Fault(
        "nothing is written down before there is a process",
        "agentd/supervisor/attempt.py",
        "            self._around.journal.append(self._begun)\n",
        "",
        ("tests/agent/test_survival.py", "tests/agent/test_adoption.py"),
    ),
    Fault(
        "a pid that now belongs to another is killed",
        "agentd/lost.py",
        "            return process.start == spawned.start",
        "            return True",
        ("tests/agent/test_adoption_tokens.py",),
    ),
    Fault(
        "another cluster's process of the same number is killed",
        "agentd/lost.py",
        "return mark(begin.allocation_id, begin.token) <= self._environments[process.pid]",
        "return min(mark(begin.allocation_id, begin.token)) in self._environments[process.pid]",
        ("tests/agent/test_survival.py", "tests/agent/test_adoption.py", "tests/agent/test_adoption_tokens.py"),
    ),
    Fault(
        "what runs here and is no longer ours runs on",
        "agentd/reconcile.py",
        "strangers=tuple(sorted(id for id, _ in running.items() - ours))",
        "strangers=()",
        ("tests/daemons/test_loss.py", "tests/daemons/test_reconcile.py"),
    ),
    Fault(
        "an agent that was declared lost is let in by its old registration",
        WORKERS,
        "AND incarnation = %(incarnation)s AND live_state <> 'lost'",
        "AND incarnation = %(incarnation)s",
        ("tests/store/test_loss.py", "tests/store/test_workers.py"),
    ),
    Fault(
        "the same key with another wish is the same submission",
        "clusterctl/store/submissions.py",
        "        if digest != digests[numbers[key]]:",
        "        if False:",
        ("tests/store/test_submissions.py",),
    ),
    Fault(
        "of many submissions at once some are kept though others cannot be",
        "clusterctl/store/submissions.py",
        "        if len(made) < len(new):",
        "        if False:",
        ("tests/store/test_many_submissions.py",),
    ),
    Fault(
        "an old incarnation signs the new one off",
        WORKERS,
        "         WHERE id = %s AND incarnation = %s AND live_state = 'up'\n",
        "         WHERE id = %s AND incarnation >= %s AND live_state = 'up'\n",
        ("tests/store/test_workers.py",),
    ),
    Fault(
        "who signs off looks like one that fell silent",
        WORKERS,
        "live_state = 'silent', live_reason = 'stopped'\n         WHERE id",
        "live_state = 'silent', live_reason = 'no heartbeat'\n         WHERE id",
        ("tests/daemons/test_mass_loss.py", "tests/daemons/test_agentd_registration.py"),
    ),
    Fault(
        "who signs off without knowing its incarnation signs off its successor on another boot",
        WORKERS,
        "(agent_id, machine_id, boot_id) = (%s::uuid, %s, %s) AND live_state = 'up'",
        "(agent_id, machine_id) = (%s::uuid, %s) AND %s <> '' AND live_state = 'up'",
        ("tests/store/test_workers.py", "tests/daemons/test_agentd_registration.py"),
    ),
    Fault(
        "a worker that fails everything is drained though there is no other",
        ADMINISTRATION,
        "\n               AND EXISTS (SELECT FROM open other WHERE other.id <> me.id AND other.takes_jobs)",
        "",
        ("tests/daemons/test_agentd_trouble.py", "tests/store/test_loss.py"),
    ),
    Fault(
        "two that fail everything drain each other",
        ADMINISTRATION,
        "FROM workers WHERE admin_state = 'open' ORDER BY id FOR NO KEY UPDATE",
        "FROM workers WHERE admin_state = 'open' ORDER BY id",
        ("tests/store/test_loss.py",),
    ),
    Fault(
        "the start of a machine is taken for that of its agent",
        WORKERS,
        "CASE WHEN w.boot_id = excluded.boot_id THEN w.booted_as ELSE w.incarnation + 1 END",
        "w.booted_as",
        ("tests/daemons/test_agentd_trouble.py", "tests/daemons/test_loss.py"),
    ),
    Fault(
        "a report that came too late leaves no trace",
        RELEASES,
        "WHERE m.id NOT IN (SELECT id FROM judged)",
        "WHERE false",
        ("tests/store/test_ends.py", "tests/daemons/test_loss.py"),
    ),
    Fault(
        "a report under another token looks like the one that was recorded",
        RELEASES,
        "(m.outcome, m.exit_code, m.signal, m.token)",
        "(m.outcome, m.exit_code, m.signal, m.start_token)",
        ("tests/store/test_ends.py",),
    ),
    *DAEMON_FAULTS,
    *DOCTOR_FAULTS,
    *REPLICA_FAULTS,
    *PROPOSAL_FAULTS,
)
