"""A thousand digits of e, with a checkpoint halfway; right after it, the first time, it dies."""

from __future__ import annotations

import json
import sys
from pathlib import Path

DIGITS, GUARD = 1000, 10
TERMS = 500  # 1/500! has more than a thousand zeros behind the point
checkpoint = Path("e.checkpoint")

resumed = checkpoint.exists()
state = json.loads(checkpoint.read_text()) if resumed else {"next": 1, "term": str(10 ** (DIGITS + GUARD)), "sum": "0"}
term, total = int(state["term"]), int(state["sum"])
for number in range(state["next"], TERMS):
    total += term
    term //= number
    if number == TERMS // 2 and not resumed:
        checkpoint.write_text(json.dumps({"next": number + 1, "term": str(term), "sum": str(total)}))
        sys.stderr.write("the disk is full, or so it seems\n")
        sys.exit(7)
Path("e.txt").write_text(f"{total // 10**GUARD}\n")
