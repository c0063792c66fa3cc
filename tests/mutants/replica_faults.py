"""Faults in how replicas are kept running, and in what is told of them."""

from __future__ import annotations

from tests.mutants.fault import Fault

REPLICA = "agentd/supervisor/replica.py"
PROBE = "agentd/supervisor/probe.py"
TOLD = "clusterctl/store/replicas.py"

REPLICA_FAULTS = (
    Fault(
        "a wake for nothing ends a replica that rests",
        REPLICA,
        "        if not self._pid:  # it rests: there was nothing to reap\n            return\n",
        "",
        ("tests/agent/test_replicas.py",),
    ),
    Fault(
        "the journal of a replica grows with each restart",
        REPLICA,
        "                self._around.journal.cut_back(self._begun_bytes)",
        "                pass",
        ("tests/agent/test_replicas.py",),
    ),
    Fault(
        "who ends quickly for ever is never given up",
        REPLICA,
        "        if self._ends.loops:",
        "        if False:",
        ("tests/agent/test_replicas.py",),
    ),
    Fault(
        "who is stopped while its leftovers are cleared has only exited",
        REPLICA,
        "        if not self._stopping:  # also while it is about to run again\n"
        "            self._outcome, self._detail = outcome, detail\n",
        "",
        ("tests/agent/test_replicas.py",),
    ),
    Fault(
        "a replica is ready since before its process began",
        REPLICA,
        "        self._ready_at, self._ready_due = None, math.inf\n",
        "",
        ("tests/agent/test_replicas.py", "tests/agent/test_readiness.py"),
    ),
    Fault(
        "what a readiness command leaves behind stays",
        PROBE,
        "        send_signals(self._leftovers(session), signal.SIGKILL)\n",
        "",
        ("tests/agent/test_readiness.py",),
    ),
    Fault(
        "a readiness command may hang for ever",
        PROBE,
        "        if self.pid:\n            self.is_ready, self._hangs",
        "        if False:\n            self.is_ready, self._hangs",
        ("tests/agent/test_readiness.py",),
    ),
    Fault(
        "what the job leaves beside itself is taken for the readiness command's",
        PROBE,
        "children(self._around.pid) if each.session == session or is_marked(each.pid)]",
        "children(self._around.pid)]",
        ("tests/agent/test_readiness.py",),
    ),
    Fault(
        "a new agentd does not hear how replicas stand",
        "agentd/supervisor/attempt.py",
        '(self.spawned or b"") + self.condition + (self.end or b"")',
        '(self.spawned or b"") + (self.end or b"")',
        ("tests/agent/test_replica_survival.py",),
    ),
    Fault(
        "a report file that is another file too is cut",
        "agentd/reports.py",
        "        if os.fstat(fd).st_nlink > 1:",
        "        if False:",
        ("tests/agent/test_reports.py",),
    ),
    Fault(
        "an agent waits for whoever has a replica in hand",
        TOLD,
        "FOR NO KEY UPDATE SKIP LOCKED",
        "FOR NO KEY UPDATE",
        ("tests/store/test_replicas.py",),
    ),
    Fault(
        "an old incarnation is believed about replicas",
        TOLD,
        " AND incarnation = %(incarnation)s",
        "",
        ("tests/store/test_replicas.py",),
    ),
    Fault(
        "what was not written down of a replica counts as told",
        "agentd/replicas.py",
        "            if id not in told:\n                continue\n",
        "",
        ("tests/daemons/test_agentd_replicas.py",),
    ),
)
