"""``python -m tests.catalogue``: write down anew what the migrations make, after one of them has changed.

A private Postgres applies them, and what it has then goes into ``clusterctl/store/migrations/catalogue.tsv``, with
which ``clusterctl doctor`` compares a database. A test sees that nobody forgets it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from clusterctl.store import catalogue
from clusterctl.store.catalogue import FILE, Part
from clusterctl.store.connection import Database
from tests import embedded_server

COMMAND = "python -m tests.catalogue"


def text(parts: Iterable[Part]) -> str:
    """The file's text: a line for each part, in order."""
    return "".join("\t".join(part) + "\n" for part in sorted(parts))


def main() -> None:
    """Write it, and say whether that has changed it."""
    path = Path(str(resources.files("clusterctl.store.migrations"))) / FILE
    directory = embedded_server.announce()
    try:
        with Database(embedded_server.servers().database(embedded_server.TEMPLATE)) as db:
            made = text(catalogue.read(db))
    finally:
        embedded_server.bury(directory)
    if not path.exists() or path.read_text(encoding="utf-8") != made:
        path.write_text(made, encoding="utf-8")
        sys.stderr.write(f"{FILE} has changed\n")


if __name__ == "__main__":
    main()
