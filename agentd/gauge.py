"""When to look at what this worker and its jobs use, and what was seen last."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from agentd.running import Running
from agentd.sampler import Sampler
from clusterctl.clock import Clock
from clusterctl.daemon import Agenda
from clusterctl.model.orders import Usage
from clusterctl.model.registration import Measures
from clusterctl.settings import Settings


class Gauge:
    """``measures`` are None, and ``usages`` by allocation empty, until the first look. *due* is the loop's agenda."""

    def __init__(self, settings: Settings, sampler: Sampler, due: Agenda, clock: Clock) -> None:
        self._settings = settings
        self._sampler = sampler
        self._due = due
        self._clock = clock
        self._seen: Measures | None = None
        self._seen_at = 0.0
        self.usages: Mapping[int, Usage] = {}

    @property
    def measures(self) -> Measures | None:
        """What was seen last, and how old it is by now: what began since is not in it."""
        return None if self._seen is None else replace(self._seen, age_s=self._clock.seconds() - self._seen_at)

    def is_due(self, running: Mapping[int, Running]) -> bool:
        """Whether to look now: now and then, and oftener while a job has a memory limit."""
        due = self._due.is_due("sample", self._settings.sample_every)
        if any(attempt.memory_mb for attempt in running.values()):
            due |= self._due.is_due("memory check", self._settings.memory_check_every)
        else:
            self._due.pop("memory check", None)
        return due

    def look(self, running: Mapping[int, Running]) -> Mapping[int, str]:
        """Look; the attempts that use more memory than they asked for, each with the sentence that says so."""
        sample = self._sampler.sample(running)
        self.usages = sample.usages
        used = (sample.host.jobs, sample.host.agent)
        self._seen_at = self._clock.seconds()
        self._seen = Measures(
            used_milli=round(sum(usage.cpus for usage in used) * 1000),
            memory_mb=sum(usage.memory_mb for usage in used),
            load1=sample.host.load1,
        )
        return sample.excessive(running)
