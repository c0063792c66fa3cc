"""The claim log: what was decided, and why; the newest first."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.model.claim_log import ClaimPicture
from clusterctl.model.looks import Key, Look, Page
from clusterctl.tui.details.claim import claim_topic
from clusterctl.tui.details.topic import Topic
from clusterctl.tui.painters.claims import COLUMNS
from clusterctl.tui.screens.listed import ListScreen
from clusterctl.tui.table.columns import Column


class ClaimsScreen(ListScreen):
    """Decisions about jobs."""

    name_of = "claims"
    title = "Claims"
    noun = ClaimPicture
    spans = ("age",)
    kind = "claim"
    follows = True
    faults_filter = "event:ClaimSkipped"
    empty = "nothing has been decided yet"

    def columns(self) -> Sequence[Column[ClaimPicture]]:
        return COLUMNS

    def page_of(self, look: Look) -> Page[ClaimPicture] | None:
        return look.claims

    def topic_of(self, key: Key, row: ClaimPicture | None) -> Topic:
        return claim_topic(int(key), row)

    def besides(self, row: ClaimPicture | None) -> tuple[str, ...]:
        if row is None:
            return ()
        job = (f"job:{row.job_id}",) if row.job_id is not None else ()
        return (*job, *((f"worker:{row.worker}",) if row.worker else ()))
