"""A finding, and what one wants to know before one mends it."""

from __future__ import annotations

import msgspec

from clusterctl.model.audit import AuditPicture
from clusterctl.model.claim_log import ClaimPicture


class FindingStory(msgspec.Struct, frozen=True, kw_only=True):
    """What such a finding means, what mends it, and what was done and decided of late about its job, or its worker.

    ``deeds`` and ``claims`` are the newest few, oldest first.
    """

    meaning: str
    cure: str
    deeds: tuple[AuditPicture, ...] = ()
    claims: tuple[ClaimPicture, ...] = ()
