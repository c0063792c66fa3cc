"""``schema.md``: tables, columns and views, from the text of the migrations and its comments.

Reads the SQL that we write, not SQL at large: one column a line, its comment behind it. A test compares what is found
here with what Postgres has after the migrations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from clusterctl.store import migrations
from docs.generate.markdown import code, document, table

TABLE = re.compile(r"((?:^-- [^\n]*\n)*)^CREATE TABLE (\w+) \(\n(.*?)^\)", re.MULTILINE | re.DOTALL)
VIEW = re.compile(r"((?:^-- [^\n]*\n)*)^CREATE VIEW (\w+) AS\s+SELECT (.*?);", re.MULTILINE | re.DOTALL)
COLUMN = re.compile(r'^    "?(\w+)"? +([a-z]\w*(?: precision)?)')
NO_COLUMN = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")
INTRODUCTION = """\
Postgres is the only truth. People may read everything; for their own SQL there are the *views*, whose columns are only
ever added. The tables may change with any version. What may be written, and by whom, is not a convention: triggers and
CHECKs refuse the rest, with these codes."""
VERSIONS = """\
`clusterctl db migrate` brings the schema to the program's version, `clusterctl db status` compares the two. An applied
migration never changes again: its checksum is kept in `schema_migrations`. All times come from `cluster_time()`, which
is `now()` unless a test has set `clusterctl.now`."""
UNITS = """\
CPUs are counted in thousandths (`cpu_milli`), memory in MiB (`memory_mb`), durations in seconds (`_s`)."""


class Relation(NamedTuple):
    """A table or a view. ``columns``: name, type (empty for a view's), comment."""

    name: str
    comment: str
    columns: tuple[tuple[str, str, str], ...]


def page() -> str:
    """The page."""
    blocks = [INTRODUCTION, table(("SQLSTATE", "refused because"), refusals()), VERSIONS, UNITS, "## Views"]
    for view in views():
        blocks += [f"### {view.name}", ", ".join(code(name) for name, _, _ in view.columns)]
    blocks.append("## Tables")
    for relation in tables():
        rows = [(code(name), kind, comment) for name, kind, comment in relation.columns]
        blocks += [f"### {relation.name}", relation.comment, table(("column", "type", ""), rows)]
    return document("Schema", *blocks)


def text() -> str:
    """All migrations, one after the other."""
    return "\n".join(step.sql for step in migrations.known())


def tables() -> list[Relation]:
    """Every table of ours, in the order in which they are made."""
    return [
        Relation(name, comment_of(above), tuple(columns(body.splitlines())))
        for above, name, body in TABLE.findall(text())
    ]


def columns(lines: list[str]) -> Iterator[tuple[str, str, str]]:
    """The columns among the lines of a CREATE TABLE; a line that is indented further belongs to the one before.

    A column's comment stands behind it or above it; one that may be only a few words has those words for a comment.
    """
    above: list[str] = []
    for line in lines:
        definition, _, behind = line.partition("-- ")
        found = COLUMN.match(definition)
        if found and found[1] not in NO_COLUMN:
            words = "GENERATED" not in definition and re.search(r"IN \(('\w+'(?:, '\w+')*)\)", definition)
            yield found[1], found[2], behind or " ".join(above) or (words[1].replace("'", "`") if words else "")
        above = [*above, behind] if not definition.strip() else []


def views() -> list[Relation]:
    """Every view, with the names of its columns."""
    return [
        Relation(name, comment_of(above), tuple((column, "", "") for column in selected(body)))
        for above, name, body in VIEW.findall(text())
    ]


def selected(body: str) -> Iterator[str]:
    """The names in a select list: each the last word of what stands between two commas, outside all brackets."""
    depth, last = 0, ""
    for word in re.findall(r"\(|\)|,|\bFROM\b|[^\s(),]+", body):
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth or word not in (",", "FROM"):
            last = word
            continue
        yield last.rpartition(".")[2].strip('"')
        if word == "FROM":
            return


def comment_of(above: str) -> str:
    """The lines of comment above a statement, as one paragraph."""
    return " ".join(line.removeprefix("-- ") for line in above.splitlines())


def refusals() -> list[tuple[str, str]]:
    """The SQLSTATEs of our own, from the head of the laws."""
    return [(code(state), meaning.strip()) for state, meaning in re.findall(r"(CC\d{3}) ([a-z ]+?)(?=  |\n)", text())]
