"""Look for an odd perfect number. Nobody has found one, so a time limit is advisable."""

from __future__ import annotations

import itertools
import math
import sys

for number in itertools.count(3, 2):
    small = [divisor for divisor in range(1, math.isqrt(number) + 1) if number % divisor == 0]
    if sum({*small, *(number // divisor for divisor in small)}) == 2 * number:
        sys.stdout.write(f"{number} is perfect, and odd\n")
        break
    if number % 10_000 == 1:
        sys.stdout.write(f"none below {number}\n")
        sys.stdout.flush()
