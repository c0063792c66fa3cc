"""The faults. ``sound`` must stand exactly once in its file: a test sees to that, so that the list cannot rot."""

from __future__ import annotations

from typing import NamedTuple

LAWS = "clusterctl/store/migrations/0002_laws.sql"
RELEASES = "clusterctl/store/releases.py"
ALLOCATIONS = "clusterctl/store/allocations.py"
WORKERS = "clusterctl/store/workers.py"


class Fault(NamedTuple):
    """Replace *sound* by *faulty* in *file*; one of *tests* must fail then."""

    name: str
    file: str
    sound: str
    faulty: str
    tests: tuple[str, ...]

    def made_in(self, text: str) -> str:
        """*text* with the fault in it."""
        assert text.count(self.sound) == 1, f"{self.name}: {self.file} has changed"
        return text.replace(self.sound, self.faulty)


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
        RELEASES,
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
        RELEASES,
        "WHERE id = e.job_id AND allocation_id = e.id AND state = e.holds FOR UPDATE) j",
        "WHERE id = e.job_id FOR UPDATE) j",
        ("tests/store/test_races.py", "tests/store/test_loss.py"),
    ),
    Fault(
        "a person may release a reservation that is in time",
        RELEASES,
        "WHERE id = ANY (%s) AND reserved AND start_by < cluster_time()",
        "WHERE id = ANY (%s) AND reserved",
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
        "AND (w.boot_id = excluded.boot_id OR w.live_state <> 'up'",
        "AND (true",
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
)
