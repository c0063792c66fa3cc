"""How workers stand to a job: the best first, and what their scores are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clusterctl.model.candidates import Candidate
from clusterctl.units import about_memory, format_cpus

LEFT_OVER = {"gpus", "cpus", "memory_mb"}  # of ``pack`` and ``spread``: no parts of a sum, but what they go by


def told_parts(parts: Mapping[str, float]) -> str:
    """``cpu -12.5, memory -0.25``, or ``leaves 1 CPUs, 3.5G``; empty where there is nothing to tell."""
    if parts.keys() == LEFT_OVER:
        gpus = f", {parts['gpus']:g} GPUs" if parts["gpus"] else ""
        return f"leaves {format_cpus(round(1000 * parts['cpus']))} CPUs, {about_memory(int(parts['memory_mb']))}{gpus}"
    return ", ".join(f"{name} {points + 0.0:.4g}" for name, points in parts.items())  # + 0.0: there is no -0


def in_order(table: Iterable[Candidate]) -> list[Candidate]:
    """The best first, then those that were removed."""
    return sorted(table, key=lambda each: (each.score is None, -(each.score or 0.0), each.worker))
