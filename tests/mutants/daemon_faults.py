"""More faults of the daemons, and of what they decide."""

from __future__ import annotations

from tests.mutants.fault import Fault

DAEMON_FAULTS = (
    Fault(
        "an outage counts as silence of the workers",
        "schedd/watch.py",
        "        self._silence.forgive(self._silent)\n",
        "",
        ("tests/daemons/test_silence.py",),
    ),
    Fault(
        "silence of an earlier reign is remembered",
        "schedd/watch.py",
        "        self._silence = Silence(longest_step=2 * self._settings.round_every)\n",
        "        fresh = Silence(longest_step=2 * self._settings.round_every)\n"
        "        self._silence = getattr(self, '_silence', fresh)\n",
        ("tests/daemons/test_loss.py",),
    ),
    Fault(
        "workers that signed off make a crowd",
        "clusterctl/scheduling/liveness.py",
        "if not pulse.stopped and pulse.live_state",
        "if pulse.live_state",
        ("tests/scheduling/test_liveness.py", "tests/daemons/test_mass_loss.py"),
    ),
    Fault(
        "what a job leaves behind runs on",
        "agentd/supervisor/attempt.py",
        "                    self._clear_leftovers()\n",
        "                    self._cleared = True\n",
        ("tests/agent/test_attempts.py",),
    ),
    Fault(
        "the grace of the allocation is not sent to its supervisor",
        "agentd/briefing.py",
        "grace_s=order.grace_s,",
        "grace_s=30.0,",
        ("tests/agent/test_leases.py",),
    ),
    Fault(
        "the next agentd does not know the grace of what it has found",
        "agentd/running.py",
        "        grace_s=begin.grace_s,\n",
        "        grace_s=30.0,\n",
        ("tests/agent/test_leases.py",),
    ),
    Fault(
        "a stop has the grace that this agent is set to",
        "agentd/loop.py",
        "self._processes.stop(id, outcome, attempts[id].grace_s)",
        "self._processes.stop(id, outcome, self._settings.term_grace)",
        ("tests/daemons/test_loss.py", "tests/daemons/test_agentd_stops.py"),
    ),
    Fault(
        "what is no longer ours has a grace, though it may run elsewhere",
        "agentd/loop.py",
        "self._processes.stop(id, Outcome.WORKER_STOPPED, 0, ",
        "self._processes.stop(id, Outcome.WORKER_STOPPED, 30, ",
        ("tests/daemons/test_loss.py", "tests/daemons/test_agentd_stops.py"),
    ),
    Fault(
        "the lease is not looked at again before the process is made",
        "agentd/supervisor/attempt.py",
        "spawn(start, around.null, self._check_lease)",
        "spawn(start, around.null, lambda: None)",
        ("tests/agent/test_leases.py",),
    ),
    Fault(
        "a grace counts from when somebody came to see that the lease was out",
        "agentd/supervisor/attempt.py",
        "return min(moment, self._lease_end() + self.grace_s)",
        "return moment",
        ("tests/agent/test_leases.py",),
    ),
    Fault(
        "agentd waits for Postgres for longer than the margin of a lease",
        "agentd/__main__.py",
        "min(LONGEST_ANSWER, settings.lease_margin / 2)",
        "LONGEST_ANSWER",
        ("tests/agent/test_leases.py",),
    ),
)
