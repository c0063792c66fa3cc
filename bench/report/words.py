"""Values and their names as people read them: with units, and thousands apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bench.report.targets import Target

# What the end of a key says of its unit. The longer come first.
UNITS = {
    "_per_s": "/s",
    "_percent": "%",
    "_bytes": "B",
    "_ms": "ms",
    "_us": "µs",
    "_kb": "KiB",
    "_mb": "MiB",
    "_gb": "GiB",
    "_s": "s",
}

PROPER = {"cpu": "CPU", "cpus": "CPUs", "postgres": "Postgres", "valkey": "Valkey", "python": "Python"}

# Keys that do not read as words.
SAID = {
    "ms": "time",
    "ahead": "how many times better we are",
    "array": "an array",
    "per_s": "pace",
    "others_percent": "CPU time of others",
    "of_spawn_limit": "share of the serial spawn limit",
    "cpu_ms": "CPU",
    "rss_mb": "memory (RSS)",
    "pss_mb": "memory (PSS)",
    "private_mb": "private memory",
    "core_percent": "CPU, of one core",
    "load1": "load before and after",
}


def unit(key: str) -> str:
    """The unit that a key names at its end or within, or nothing."""
    return UNITS.get(named(key), "")


def named(key: str) -> str:
    """How a key names its unit: ``_ms`` in ``cpu_ms_above_spawn``. A lone ``_s`` counts at the end only.

    What follows a dot is a part, ``agentd`` in ``memory_mb.agentd``, and names none.
    """
    key = key.partition(".")[0]
    ends = (end for end in UNITS if key.endswith(end) or key == end[1:])
    within = (name for name in UNITS if f"{name}_" in key and name != "_s")
    return next(ends, "") or next(within, "")


def label(key: str) -> str:
    """A key in words, without its unit."""
    if key in SAID:
        return SAID[key]
    if "." in key:
        whole, _, part = key.partition(".")
        return f"{label(whole)}, {label(part)}"
    if key.startswith("runs_"):
        return f"every run, {label(key.removeprefix('runs_'))}"
    name = named(key)
    head, _, tail = key.rpartition(name) if name and key != name[1:] else (key, "", "")
    words = f"{head} {tail}".replace("_", " ").strip()
    for small, proper in PROPER.items():
        words = re.sub(rf"\b{small}\b", proper, words)
    return grouped(" ".join(words.split()))


def heading(key: str) -> str:
    """A key over a column: words, and the unit behind them."""
    sign = unit(key)
    return f"{label(key)}, {sign}" if sign and not key.endswith("percent") else label(key) + (", %" if sign else "")


def grouped(words: str) -> str:
    """Numbers among words, with thousands apart."""
    return re.sub(r"\b\d{4,}\b", lambda found: f"{int(found[0]):,}", words)


def number(value: object) -> str:
    """With thousands apart; what is no number as it is."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(number, value))
    if not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{round(value):,}"
    return f"{value:.4g}" if abs(value) >= 0.001 or not value else f"{value:.1e}"


def with_unit(value: object, sign: str) -> str:
    """``1,613 /s``."""
    return f"{number(value)} {sign}".rstrip() if value is not None else "–"


def bound(target: Target) -> str:
    """``≥ 100,000 /s``."""
    for sign, value in (("≥", target.at_least), (">", target.more_than), ("≤", target.at_most)):
        if value is not None:
            return f"{sign} {with_unit(value, target.unit)}"
    raise ValueError(f"no bound: {target.what}")


def times(ahead: float) -> str:
    """``1.9 ×``."""
    return f"{ahead:.3g} ×" if ahead < 100 else f"{round(ahead):,} ×"


def duration(seconds: float) -> str:
    """``45 s``, ``12 min``."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
