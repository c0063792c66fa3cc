"""One decision, and how every worker stood to it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from clusterctl.model.candidates import Candidate
from clusterctl.model.claim_log import ClaimPicture


class ClaimStory(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the claim log, and the table of candidates of a decision.

    ``candidate_table``: by worker, the filter that removed it, or its score by its parts; made again from what the
    round had seen (``seen_at``) and the job as it is. Of a refusal that stands: from what is seen now.
    ``given_before``: jobs that the same round had placed before it came to this one; what they hold is counted. Where
    there is no table, ``untold`` says why.
    """

    claim: ClaimPicture
    candidate_table: tuple[Candidate, ...] = ()
    seen_at: datetime | None = None
    given_before: int = 0
    untold: str = ""
