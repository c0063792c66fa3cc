"""``agent_version_skew``: an agent is of another version than this program."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import machines


class AgentVersionSkew(Check):
    """While a cluster is upgraded, worker by worker, this is how it should be; it should not stay so."""

    code = "agent_version_skew"
    severity = "info"
    meaning = "A worker that is up runs another version than the program that looks."
    is_cheap = False

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Every agent that differs."""
        from importlib.metadata import version  # noqa: PLC0415 - slow to import, needed once

        ours = version("clusterctl")
        for agent in machines.agents(cluster.db):
            if agent.version != ours:
                yield self.finding(
                    f"worker:{agent.worker}",
                    f"the agent of {agent.worker} is version {agent.version or 'unknown'}, this program is {ours}",
                    self.by_hand("", "install one version everywhere, and restart the agent: its jobs run on"),
                    since=agent.registered_at,
                    evidence={"agent": agent.version, "program": ours},
                )
