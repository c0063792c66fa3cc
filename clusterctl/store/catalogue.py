"""The schema that a database has, beside the one that the migrations make, as lines that can be compared.

What they make stands in ``migrations/catalogue.tsv``, which a test holds to the truth. Definitions are compared as
Postgres writes them, bodies of functions by their digest. Extra tables, views, functions and plain indexes are no
fault: a database is not ours alone. An extra column, trigger, constraint or unique index of our tables is: it can
refuse what we write.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from typing import LiteralString, NamedTuple

import msgspec

from clusterctl.store.connection import Database

FILE = "catalogue.tsv"
RESTRAINTS = ("column", "trigger", "constraint", "unique index")  # what may not be there unless it is ours


class Part(NamedTuple):
    """One thing of the schema: a ``column``, ``view``, ``trigger`` and so on, its name, and how it is defined."""

    kind: str
    name: str
    definition: str


class Differences(NamedTuple):
    """What is not as the migrations make it, each as ``kind name``."""

    missing: tuple[str, ...]
    changed: tuple[str, ...]
    added: tuple[str, ...]


class Lawless(msgspec.Struct, frozen=True):
    """Triggers that do not fire, by table, and what ``session_replication_role`` is for whoever connects as we do."""

    disabled: dict[str, list[str]]
    replication_role: str


def wanted() -> frozenset[Part]:
    """What the migrations of this program make."""
    text = (resources.files("clusterctl.store.migrations") / FILE).read_text(encoding="utf-8")
    return frozenset(Part(*line.split("\t")) for line in text.splitlines())


def read(db: Database) -> frozenset[Part]:
    """What is there, in the schema in which our migrations are noted down."""
    return frozenset(Part(*row) for row in db.rows(_PARTS))


def compare(wanted: frozenset[Part], found: frozenset[Part]) -> Differences:
    """Tell them apart."""
    ours = {(part.kind, part.name): part.definition for part in wanted}
    theirs = {(part.kind, part.name): part.definition for part in found}
    tables = {name for kind, name in ours if kind == "table"}
    return Differences(
        missing=_told(key for key in ours if key not in theirs),
        changed=_told(key for key, definition in ours.items() if theirs.get(key, definition) != definition),
        added=_told(
            (kind, name)
            for kind, name in theirs
            if (kind, name) not in ours and kind in RESTRAINTS and name.partition(".")[0] in tables
        ),
    )


def lawless(db: Database) -> Lawless:
    """Which laws are switched off. Needs none of our tables."""
    (told,) = db.nouns(
        Lawless,
        """
        SELECT coalesce(jsonb_object_agg(relname, names), '{}') AS disabled,
               (SELECT reset_val FROM pg_settings WHERE name = 'session_replication_role') AS replication_role
          FROM (SELECT c.relname, jsonb_agg(t.tgname ORDER BY t.tgname) AS names
                  FROM pg_class ours JOIN pg_class c ON c.relnamespace = ours.relnamespace
                  JOIN pg_trigger t ON t.tgrelid = c.oid
                 WHERE ours.oid = to_regclass('schema_migrations') AND t.tgenabled IN ('D', 'R')
                 GROUP BY c.relname) off
        """,
    )
    return told


def _told(keys: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(f"{kind} {name}" for kind, name in keys))


_PARTS: LiteralString = r"""
    WITH ours AS (
        SELECT relnamespace AS id, relnamespace::regnamespace::text || '.' AS prefix
          FROM pg_class WHERE oid = to_regclass('schema_migrations')
    ), tables AS (
        SELECT c.oid, c.relname::text AS name, c.relkind, ours.prefix
          FROM ours JOIN pg_class c ON c.relnamespace = ours.id
         WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')  -- an extension's
    ), parts AS (
        SELECT 'table' AS kind, name, '' AS definition, prefix FROM tables WHERE relkind IN ('r', 'p')
        UNION ALL
        SELECT 'view', t.name, string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', '
                                          ORDER BY a.attnum), t.prefix
          FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE t.relkind = 'v' GROUP BY t.name, t.prefix
        UNION ALL
        SELECT 'sequence', name, '', prefix FROM tables WHERE relkind = 'S'
        UNION ALL
        SELECT 'column', t.name || '.' || a.attname,
               format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
               || CASE a.attidentity WHEN 'a' THEN ' IDENTITY ALWAYS' WHEN 'd' THEN ' IDENTITY BY DEFAULT' ELSE '' END
               || CASE WHEN d.oid IS NULL THEN ''
                       ELSE CASE a.attgenerated WHEN 's' THEN ' GENERATED ' ELSE ' DEFAULT ' END
                            || pg_get_expr(d.adbin, d.adrelid) END, t.prefix
          FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
          LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
         WHERE t.relkind IN ('r', 'p')
        UNION ALL
        SELECT 'constraint', t.name || '.' || c.conname, pg_get_constraintdef(c.oid), t.prefix
          FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid
         WHERE c.contype IN ('p', 'u', 'c', 'f', 'x')  -- from 18 on NOT NULL is one too; the columns tell
        UNION ALL
        SELECT CASE WHEN i.indisunique THEN 'unique index' ELSE 'index' END, t.name || '.' || c.relname,
               pg_get_indexdef(c.oid) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END, t.prefix
          FROM tables t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid
         WHERE t.relkind IN ('r', 'p')
        UNION ALL
        SELECT 'trigger', t.name || '.' || g.tgname, pg_get_triggerdef(g.oid), t.prefix
          FROM tables t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
        UNION ALL
        SELECT 'function', p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
               pg_get_function_result(p.oid) || ' ' || l.lanname || ' ' || p.provolatile::text
               || coalesce(' ' || array_to_string(p.proconfig, ' '), '') || ' ' || md5(p.prosrc), ours.prefix
          FROM ours JOIN pg_proc p ON p.pronamespace = ours.id JOIN pg_language l ON l.oid = p.prolang
         WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    )
    SELECT kind, name, regexp_replace(replace(definition, prefix, ''), '\s+', ' ', 'g') FROM parts ORDER BY kind, name
"""
