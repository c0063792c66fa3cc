"""The last link of the chain: from areas by ever finer steps to the area by infinitely fine ones.

Source: Richardson's extrapolation. The error is a sum of powers of the step, 3/2, 5/2, 7/2 and so on, for the circle
meets the axis upright; where steps are quartered, those shrink 8, 32, 128 times.
"""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

with Path("areas.csv").open() as table:
    column = [float(row["area"]) for row in csv.DictReader(table)]
shrinks = 8
while len(column) > 1:
    column = [fine + (fine - coarse) / (shrinks - 1) for coarse, fine in itertools.pairwise(column)]
    shrinks *= 4
Path("pi.txt").write_text(f"{column[0]!r}\n")
