"""Settings of placement that operators have changed while the cluster runs: they win over each process's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from clusterctl.model.steering import STEERABLE, Ruling, Steering, steering_of
from clusterctl.settings import Settings, understand
from clusterctl.store.connection import Database


def read(db: Database) -> list[Ruling]:
    """All that is set, by name."""
    return [
        Ruling(name=name, value=value, set_by=actor, set_at=at, readable=meaning(name, value) is not None)
        for name, value, actor, at in db.rows("SELECT name, value, set_by, set_at FROM steering ORDER BY name")
    ]


def in_force(db: Database, settings: Settings) -> Steering:
    """The rules that rounds follow: those of *settings*, but for what operators have set and we can read."""
    return applied(settings, read(db))


def applied(settings: Settings, rulings: Sequence[Ruling]) -> Steering:
    """The same, of *rulings* that have been read."""
    understood = {each.name: meaning(each.name, each.value) for each in rulings if each.readable}
    return replace(steering_of(settings), **understood)


def meaning(name: str, text: str) -> Any:
    """What a value means; None if nothing to us: another version may have written it, or somebody by hand."""
    try:
        return understand(name, text) if name in STEERABLE else None
    except ValueError:
        return None


def put(db: Database, name: str, value: str, actor: str) -> bool:
    """Let *value* hold for all; whether that is new."""
    return bool(
        db.run(
            """
            INSERT INTO steering AS s (name, value, set_by, set_at) VALUES (%s, %s, %s, cluster_time())
            ON CONFLICT (name) DO UPDATE
               SET value = excluded.value, set_by = excluded.set_by, set_at = excluded.set_at
             WHERE s.value <> excluded.value
            """,
            name,
            value,
            actor,
        )
    )


def drop(db: Database, name: str) -> bool:
    """Let each process's own setting hold again; whether that is new."""
    return bool(db.run("DELETE FROM steering WHERE name = %s", name))
