"""What a replica reports of its service, checked."""

from __future__ import annotations

import math

from clusterctl.model.errors import BadInput
from clusterctl.model.orders import Report

MOST = 1e12  # requests, or milliseconds: more is no measure


def check_report(report: Report) -> None:
    """BadInput, with one sentence, for what cannot be."""
    numbers = {"p99_ms": report.p99_ms, "requests": report.requests, "violations": report.violations}
    for name, number in numbers.items():
        if number is not None and not (math.isfinite(number) and 0 <= number <= MOST):
            raise BadInput(f"{name} is a number from 0 to 1e12")
    if report.violations > report.requests:
        raise BadInput(f"{report.violations:,} violations of {report.requests:,} requests cannot be")
