"""One block of a search for the number with the most steps to 1: halved if even, else tripled and one added.

Its arguments: how many numbers a block has. Which block is its own, the array index tells.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

size = int(sys.argv[1])
first = int(os.environ["CLUSTERCTL_ARRAY_INDEX"]) * size
longest, champion = 0, 0
for start in range(max(first, 1), first + size):
    number, steps = start, 0
    while number != 1:
        number = number // 2 if number % 2 == 0 else 3 * number + 1
        steps += 1
    if steps > longest:
        longest, champion = steps, start
Path(f"collatz-{first}.csv").write_text(f"{first},{first + size},{champion},{longest}\n")
