"""The schema's numbered steps, and what applies them.

Each ``NNNN_name.sql`` runs once, in order, in one transaction with the rest. An applied file never changes again:
its checksum is kept, and a difference is refused. An advisory lock lets any number of processes migrate at once.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from clusterctl.model.errors import SchemaMismatch
from clusterctl.store.connection import Database

LOCK = 4846810020240132  # any constant of our own; take_job_ids() in 0001 uses its neighbour
NO_SUCH_TABLE = "42P01"


class Migration(NamedTuple):
    """One numbered step."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text."""
        import hashlib  # noqa: PLC0415 - 3 ms, with the whole of OpenSSL

        return hashlib.sha256(self.sql.encode()).hexdigest()


@cache
def known() -> tuple[Migration, ...]:
    """The steps that this program brings, in order."""
    from importlib import resources  # noqa: PLC0415 - whoever asks through the door needs none of it

    files = sorted(resources.files(__package__).iterdir(), key=lambda file: file.name)
    return tuple(
        Migration(int(file.name[:4]), file.name.removesuffix(".sql"), file.read_text())
        for file in files
        if file.name.endswith(".sql")
    )


def applied(db: Database) -> dict[int, str]:
    """Version → checksum of what the database has; empty if it has never been migrated. Not within a transaction.

    Raises SchemaMismatch for a table of that name which is not ours.
    """
    try:
        return dict(db.rows("SELECT version, checksum FROM schema_migrations ORDER BY version"))
    except SchemaMismatch as error:  # every command asks: it is one statement where all is well
        if getattr(error.__cause__, "sqlstate", None) != NO_SUCH_TABLE:
            raise
        return {}


def migrate(database_url: str) -> list[str]:
    """Bring the database to this program's version; the names of the steps that this took.

    Raises SchemaMismatch if the database is ahead of us, or an applied step has another text than ours.
    """
    with Database(database_url, name="migrate") as db, db.transaction():
        db.run("SELECT pg_advisory_xact_lock(%s)", LOCK)
        never = db.value("SELECT to_regclass('schema_migrations') IS NULL")
        have = {} if never else applied(db)
        refuse_strangers(have)
        missing = [step for step in known() if step.version not in have]
        db.run(
            "CREATE TABLE IF NOT EXISTS schema_migrations (version int PRIMARY KEY, name text NOT NULL,"
            " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        for step in missing:
            db.script(step.sql)
            db.run(
                "INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s)",
                step.version,
                step.name,
                step.checksum,
            )
        return [step.name for step in missing]


def check(db: Database) -> int:
    """The schema's version, if it is the one that we speak; SchemaMismatch otherwise."""
    have = applied(db)
    refuse_strangers(have)
    newest = known()[-1].version
    if max(have, default=0) < newest:
        raise SchemaMismatch(
            f"the database's schema is at version {max(have, default=0)}, this program needs {newest}",
            "run `clusterctl db migrate`",
        )
    return newest


def refuse_strangers(have: dict[int, str]) -> None:
    """SchemaMismatch if the database has steps that we do not know, or knows them differently."""
    ours = {step.version: step for step in known()}
    for version, checksum in have.items():
        if version not in ours:
            raise SchemaMismatch(
                f"the database's schema is at version {max(have)}, newer than this program's {max(ours)}",
                "upgrade clusterctl on this machine",
            )
        if ours[version].checksum != checksum:
            raise SchemaMismatch(
                f"migration {ours[version].name} was applied with another text",
                "this database was made by another build of clusterctl",
            )
