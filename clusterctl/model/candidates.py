"""How each worker stands to one job: what ``claim`` and ``explain`` show of a decision."""

from __future__ import annotations

import msgspec


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One worker: the filter that ``removed_by`` names took it out, or it has a ``score``, higher is better.

    ``parts``: what the score is made of, by name. Of ``resource_usage`` and ``slo`` they add up to it; of ``pack`` and
    ``spread`` they are what would be left over (GPUs, CPUs, MiB), of ``service_count`` the replicas that are there.
    """

    worker: str
    removed_by: str = ""
    score: float | None = None
    parts: dict[str, float] = {}
