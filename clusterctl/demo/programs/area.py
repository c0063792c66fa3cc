"""One point of a parameter sweep: π as the area of a quarter circle, cut into 4^index trapezoids."""

from __future__ import annotations

import math
import os
from pathlib import Path

index = int(os.environ["CLUSTERCTL_ARRAY_INDEX"])
steps = 4**index
inner = math.fsum(math.sqrt(1 - (step / steps) ** 2) for step in range(1, steps))
Path(f"area-{index:02d}.csv").write_text(f"{steps},{4 * (inner + 0.5) / steps!r}\n")
