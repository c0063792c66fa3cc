"""What is said of an entry of the audit."""

from __future__ import annotations

from clusterctl.model.audit import AuditPicture


def whom(entry: AuditPicture) -> str:
    """``job:7-12 (6)``."""
    return entry.subject if entry.subjects == 1 else f"{entry.subject} ({entry.subjects:,})"
