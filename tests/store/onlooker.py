"""Somebody at the console, who looks at the scene by the scene's own clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

from clusterctl.cli.commands.workers import WORKERS
from clusterctl.cli.display.audit_rows import AUDIT
from clusterctl.cli.display.claim_rows import CLAIMS
from clusterctl.cli.display.job_rows import JOBS
from clusterctl.cli.display.listing import Listing, read_filter
from clusterctl.cli.display.service_rows import SERVICES
from clusterctl.cluster import Cluster
from clusterctl.model.claim_log import refusal
from clusterctl.model.console import Screen
from clusterctl.model.filters import Filter
from clusterctl.model.looks import Look, Page, Want
from clusterctl.model.plan import Wait
from clusterctl.settings import Settings
from clusterctl.store import claims
from clusterctl.store.connection import Database
from clusterctl.views import looks
from tests.store.scene import Scene

SCREENS: tuple[Screen, ...] = (
    "overview", "workers", "jobs", "stuck", "claims", "trends", "doctor", "services", "audit",
)  # fmt: skip
LISTINGS: Mapping[str, Listing[Any]] = {  # of the command line, whose filters and orders are meant
    "jobs": JOBS, "workers": WORKERS, "overview": WORKERS, "claims": CLAIMS, "services": SERVICES, "audit": AUDIT,
}  # fmt: skip


class Onlooker:
    """Asks over *db*, with Redis as *redis_url* has it."""

    def __init__(self, db: Database, redis_url: str = "none", **settings: Any) -> None:
        self.cluster = Cluster(Settings(database_url=db.url, redis_url=redis_url, **settings), name="top")
        self.cluster.db = db

    def look(self, screen: Screen = "jobs", filter: Filter | None = None, **wanted: Any) -> Look:
        """One look at that screen."""
        return looks.look(self.cluster, Want(screen=screen, filter=filter, **wanted))

    def page(self, screen: Screen, text: str = "", **wanted: Any) -> Page[Any]:
        """What that screen lists of what matches the filter *text*."""
        seen = self.look(screen, filter_of(screen, text), **wanted)
        page: Page[Any] | None = getattr(seen, "workers" if screen == "overview" else screen)
        assert page is not None
        return page

    def keys(self, screen: Screen, text: str = "", **wanted: Any) -> tuple[Any, ...]:
        """Of all that match, in their order."""
        page = self.page(screen, text, **wanted)
        assert (page.total, page.beyond) == (len(page.keys), False)
        return page.keys


def filter_of(screen: Screen, text: str) -> Filter | None:
    """What is typed at that screen."""
    return read_filter(LISTINGS[screen], text) if text else None


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """What Postgres has been asked meanwhile, in its own words: it logs each statement, and sends its log to us."""
    told: list[str] = []

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        told.append(notice.message_primary or "")

    db.script("SET client_min_messages = log; SET log_statement = 'all'")
    db.connection().add_notice_handler(hear)
    yield told
    db.connection().remove_notice_handler(hear)
    db.script("SET log_statement = 'none'; SET client_min_messages = notice")


def questions(told: list[str]) -> list[str]:
    """Those that are more than the frame of a transaction."""
    said = [each.partition(": ")[2].strip() for each in told if each.startswith(("statement: ", "execute "))]
    return [each for each in said if not each.startswith(("BEGIN", "SET ", "COMMIT"))]


def set_clock(db: Database, minutes: float) -> None:
    """It is so many minutes after midnight of a night of which Europe leaves an hour out."""
    db.run(
        "SELECT set_config('clusterctl.now', (timestamptz '2026-03-29T00:30Z' + %s * interval '1 min')::text, false)",
        minutes,
    )


def shape_of(scene: Scene, job: int) -> str:
    """What makes it interchangeable with others."""
    return str(scene.db.value("SELECT shape FROM jobs WHERE id = %s", job))


def say(scene: Scene, *jobs: int, text: str = "full") -> None:
    """A round in which these jobs have no room."""
    said = [refusal(Wait(shape=shape_of(scene, job), job_id=job, reason="fits_now"), text) for job in jobs]
    claims.log_said(scene.db, 7, said, {})
