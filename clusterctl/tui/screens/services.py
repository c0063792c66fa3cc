"""The services: how many of their replicas serve, and how well."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.model.looks import Key, Look, Page
from clusterctl.model.services import ServicePicture
from clusterctl.tui.details.service import service_topic
from clusterctl.tui.details.topic import Topic
from clusterctl.tui.painters.services import COLUMNS
from clusterctl.tui.screens.listed import ListScreen
from clusterctl.tui.table.columns import Column


class ServicesScreen(ListScreen):
    """Those that are kept running."""

    name_of = "services"
    title = "Services"
    noun = ServicePicture
    spans = ("age",)
    kind = "service"
    faults_filter = "-state:ready,ended,held"
    empty = "no services: `clusterctl submit --service -- COMMAND` begins one"

    def columns(self) -> Sequence[Column[ServicePicture]]:
        return COLUMNS

    def page_of(self, look: Look) -> Page[ServicePicture] | None:
        return look.services

    def topic_of(self, key: Key, row: ServicePicture | None) -> Topic:
        return service_topic(int(key), "" if row is None else row.name)

    def besides(self, row: ServicePicture | None) -> tuple[str, ...]:
        """Its first replica, whose number is the service's, and the one that holds a restart up."""
        if row is None:
            return ()
        late = row.held_up_by
        worst = () if late is None else (f"job:{late.job_id}", *((f"worker:{late.worker}",) if late.worker else ()))
        return (*worst, f"job:{row.id}")
