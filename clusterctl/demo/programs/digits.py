"""A thousand digits of e, with a checkpoint halfway; right after it, the first time, it dies."""

from __future__ import annotations

import json
import sys
from pathlib import Path

DIGITS, GUARD = 1000, 10
TERMS = 500  # 1/500! has more than a thousand zeros behind the point
checkpoint = Path("e.checkpoint")

resumed = checkpoint.exists()
begin, term, total = json.loads(checkpoint.read_text()) if resumed else (1, 10 ** (DIGITS + GUARD), 0)
for number in range(begin, TERMS):
    total += term
    term //= number
    if number == TERMS // 2 and not resumed:
        checkpoint.write_text(json.dumps([number + 1, term, total]))
        sys.stderr.write("dying on purpose; what was done is in the checkpoint\n")
        sys.exit(7)
Path("e.txt").write_text(f"{total // 10**GUARD}\n")
