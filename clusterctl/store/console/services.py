"""Services, as the console lists them."""

from __future__ import annotations

from clusterctl.model.looks import MOST_KEYS, Page, Want
from clusterctl.model.services import ServicePicture
from clusterctl.store import filters, service_filters
from clusterctl.store.connection import Database
from clusterctl.store.console import pages
from clusterctl.store.console.pages import Listed
from clusterctl.store.service_rows import LISTED, PICTURES, read_service

LATELY_S = 3600


def page(db: Database, want: Want, *, reported_within_s: float) -> Page[ServicePicture]:
    """The services that live or ended within the hour, by name.

    What a filter or an order asks of may be a sum over replicas: then these are added up for all of them, else for
    those that are shown. Raises BadInput for a field that they have not.
    """
    matching = filters.condition(want.filter, service_filters.FIELDS)
    order, _ = filters.order(want.sort or ("name",), service_filters.FIELDS, "p.id")
    whole = f"WITH chosen AS MATERIALIZED ({LISTED}){PICTURES}" if want.filter or want.sort else LISTED
    some = f"({whole}) p WHERE true{matching.sql}"
    listed = Listed(
        keys=f"ARRAY(SELECT p.id FROM {some} ORDER BY {order} LIMIT {MOST_KEYS})",
        counted=pages.capped(f"SELECT FROM {some}"),
        rows=f"WITH chosen AS MATERIALIZED (SELECT * FROM services WHERE id IN (SELECT key FROM wanted)){PICTURES}",
    )
    bound = {"fresh": reported_within_s, "everything": False, "lately": LATELY_S}
    return pages.read(db, listed, want, read_service, **matching.bound, **bound)
