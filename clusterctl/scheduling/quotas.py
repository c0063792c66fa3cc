"""What tenants may hold at once: asked of each job at its turn, with what the round has given already."""

from __future__ import annotations

from clusterctl.model.snapshot import QueueGroup, Quota, Snapshot


class Quotas:
    """The bounds of those tenants that have any, and how far they have been reached."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._quotas = snapshot.quotas
        self._cpu_milli = {
            tenant: snapshot.used[tenant].cpu_milli if tenant in snapshot.used else 0 for tenant in snapshot.quotas
        }
        self._jobs = {tenant: quota.holds for tenant, quota in snapshot.quotas.items()}

    def allow(self, group: QueueGroup) -> bool:
        """Whether the tenant of *group* may hold what one more of its jobs asks for."""
        quota = self._quotas.get(group.tenant)
        if quota is None:
            return True
        cpu_milli = self._cpu_milli[group.tenant] + group.request.cpu_milli
        return (quota.cpu_milli is None or cpu_milli <= quota.cpu_milli) and (
            quota.running is None or self._jobs[group.tenant] < quota.running
        )

    def give(self, group: QueueGroup) -> None:
        """One more job of *group* holds what it asks for."""
        if group.tenant in self._jobs:
            self._cpu_milli[group.tenant] += group.request.cpu_milli
            self._jobs[group.tenant] += 1


def is_beyond(group: QueueGroup, quota: Quota) -> bool:
    """Whether *quota* leaves no room for a job of *group* even while its tenant holds nothing."""
    return quota.running == 0 or (quota.cpu_milli is not None and group.request.cpu_milli > quota.cpu_milli)
