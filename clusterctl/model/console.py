"""What the console can be begun with, and how long it holds on to what was done: for all who have to agree on it."""

from __future__ import annotations

from typing import Literal, get_args

Screen = Literal["overview", "workers", "jobs", "stuck", "claims", "trends", "doctor", "services", "audit"]
NAMES: tuple[Screen, ...] = get_args(Screen)  # in the order of their keys
OF_FINDINGS: tuple[Screen, ...] = ("stuck", "doctor")  # those that list nothing else
WITH_FINDINGS: tuple[Screen, ...] = ("overview", *OF_FINDINGS)
FASTEST, SLOWEST = 0.5, 60.0  # seconds between two looks
AFTERWARDS_S = 10.0  # so long what was done stays in sight, and can be taken back
