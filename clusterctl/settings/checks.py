"""Settings that make sense alone and not together."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.settings.knobs import Settings
from clusterctl.units import format_duration

LAST_PORT = 65_535
SCHEMES = {
    "database_url": ("postgresql", "postgres"),
    "redis_url": ("redis", "rediss", "unix"),
}
# (the longer, how many times, the shorter, why)
_PROPORTIONS = (
    ("silent_after", 3, "beat_every", "one lost beat is not silence"),
    ("heartbeat_ttl", 2, "beat_every", "a key must outlive the wait for its refresh"),
    ("heartbeat_ttl", 1, "silent_after", "a key that goes first would look like silence"),
    ("start_timeout", 2, "beat_every", "an agent hears of its orders when it syncs"),
    ("measure_ttl", 3, "sample_every", "one late sample is not a missing one"),
    ("sample_to_postgres_every", 1, "sample_every", "only what was sampled can be kept"),
    ("lease", 3, "beat_every", "each sync renews it, and one may fail"),
    ("lease", 1, "silent_after", "a worker is silent before it is lost"),
    ("lease_margin", 2, "beat_every", "a second copy must never start while the first may still run"),
)


def contradictions(settings: Settings) -> Iterator[str]:
    """One sentence for each pair of settings that cannot both be meant."""
    for longer, times, shorter, why in _PROPORTIONS:
        long, short = getattr(settings, longer), getattr(settings, shorter)
        if long < times * short:
            factor = f"{times} times " if times > 1 else ""
            yield (
                f"{longer} ({format_duration(long)}) must be at least {factor}{shorter} "
                f"({format_duration(short)}): {why}"
            )
    for name, schemes in SCHEMES.items():
        scheme, sign, _ = getattr(settings, name).partition("://")
        if sign and scheme not in schemes:
            yield f"{name} begins with {scheme!a}://, expected one of {', '.join(schemes)}"
    if settings.door not in ("", "none") and not settings.door.startswith(("/", "~/")):
        # Relative to what? The daemon and the commands that look for it stand in different directories.
        yield f"door is {settings.door!a}, expected an absolute path, or `none`"
    if settings.logs_port > LAST_PORT:
        yield f"logs_port is {settings.logs_port}, and ports end at {LAST_PORT}"
