"""``schema_drift``: the database is not as its migrations have made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import catalogue, migrations
from clusterctl.store.catalogue import Lawless

NAMED = 3  # parts in a sentence; the evidence has more
SHOWN = 50  # parts
MILD = ("index ", "view ")  # what makes us slow, or people's own SQL fail, and nothing wrong


class SchemaDrift(Check):
    """A restore in parts leaves out constraints; a hand that mends something switches triggers off, and forgets it."""

    code = "schema_drift"
    severity = "critical"
    meaning = (
        "Triggers are switched off, so that nothing keeps the promises; or tables, columns, constraints, triggers, "
        "functions, indexes or views are missing, changed or added."
    )
    is_cheap = False
    reads_rows = False

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """The laws; then, if these are the migrations that we know, all that they make."""
        yield from self.glance(cluster)
        have = migrations.applied(cluster.db)
        if set(have) != {step.version for step in migrations.known()}:
            return  # schema_behind says it
        yield from self.other_text(have)
        yield from self.differences(cluster)

    def glance(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Only whether the laws are on: that is quickly known, and worse than all else."""
        found = catalogue.lawless(cluster.db)
        if found.disabled:
            count = sum(map(len, found.disabled.values()))
            triggers = f"{count} trigger{'' if count == 1 else 's'} of {', '.join(sorted(found.disabled))}"
            commands = " ".join(f"ALTER TABLE {table} ENABLE TRIGGER ALL;" for table in sorted(found.disabled))
            yield self.lawlessness(f"{triggers} {'is' if count == 1 else 'are'} disabled", commands, found)
        if found.replication_role != "origin":
            yield self.lawlessness(
                f"session_replication_role is {found.replication_role} for whoever connects as we do",
                "ALTER DATABASE … RESET session_replication_role; ALTER ROLE … RESET session_replication_role;",
                found,
            )

    def lawlessness(self, what: str, command: str, found: Lawless) -> Finding:
        """Whatever is written now may break a promise."""
        return self.finding(
            "cluster",
            f"the laws are switched off: {what}, so whatever is written may break a promise",
            self.by_hand(
                command, "by SQL, as the owner; then `clusterctl doctor` again, for what was broken meanwhile"
            ),
            evidence={"disabled": found.disabled, "session_replication_role": found.replication_role},
        )

    def other_text(self, have: dict[int, str]) -> Iterator[Finding]:
        """Migrations that were applied with another text than ours."""
        if names := [step.name for step in migrations.known() if have[step.version] != step.checksum]:
            yield self.finding(
                "cluster",
                f"{', '.join(names)} was applied with another text: this database was made by another build",
                self.by_hand("", "use the program that made it"),
                evidence={"other_text": names},
            )

    def differences(self, cluster: Cluster) -> Iterator[Finding]:
        """What a comparison with the catalogue tells."""
        missing, changed, added = catalogue.compare(catalogue.wanted(), catalogue.read(cluster.db))
        told = [
            f"{word}: {some(parts)}"
            for word, parts in (("missing", missing), ("changed", changed), ("added", added))
            if parts
        ]
        if told:
            yield self.finding(
                "cluster",
                f"the schema is not what the migrations made; {'; '.join(told)}",
                self.by_hand("", "make it so again by SQL, from the text of the migrations; or restore a whole backup"),
                severity="warning" if all(part.startswith(MILD) for part in (*missing, *changed, *added)) else None,
                evidence={"missing": missing[:SHOWN], "changed": changed[:SHOWN], "added": added[:SHOWN]},
            )


def some(parts: Sequence[str]) -> str:
    """The first few."""
    more = f" and {len(parts) - NAMED} more" if len(parts) > NAMED else ""
    return ", ".join(parts[:NAMED]) + more
