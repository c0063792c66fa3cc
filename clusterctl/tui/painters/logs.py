"""The line over a log: whose it is, which attempt, where it ran, and what keeps us from it."""

from __future__ import annotations

from clusterctl.model.output import OutputPicture
from clusterctl.model.pictures import JobStory
from clusterctl.tui.paint.pieces import Line, Piece, Sight, Tone, data
from clusterctl.tui.painters.ruled import rule, wrapped
from clusterctl.wording.jobs import state_of
from clusterctl.wording.outputs import begun

TONES: dict[str, Tone] = {"running": "good", "failed": "bad", "timeout": "bad", "lost": "bad", "completed": "good"}
BESIDE_NAME = 68  # cells that the name leaves to all else
WIDE = 100  # columns: from there on that it is stdout is told, too
MOST_TROUBLE = 2  # lines of what keeps us from it


def title(
    story: JobStory | None, found: OutputPicture | None, sight: Sight, width: int, *, trouble: str = "", aside: str = ""
) -> list[Line]:
    """``─ job 42 train running · attempt 2 of 2 on w1 · stdout ──── following ─``, and trouble beneath it."""
    if story is None:
        pieces = [Piece("log", "title")]
    else:
        job = story.job
        dot = Piece(f" {sight.glyphs.dot} ", "dim")
        pieces = [Piece(f"job {job.id} ", "title"), data(job.name, "plain", max(8, width - BESIDE_NAME)), Piece(" ")]
        pieces += [data(state_of(job), TONES.get(job.state, "plain"))]
        if found is not None:
            of = len(begun(story))
            pieces += [dot, Piece(f"attempt {found.attempt}{f' of {of}' if of > 1 else ''} on ")]
            pieces += [data(found.worker, "plain", 20)]
            if found.stream == "stderr" or width >= WIDE:
                pieces += [dot, Piece(found.stream)]
    right = [data(aside, "dim")] if aside else []
    told = wrapped(trouble, width - 2)[:MOST_TROUBLE] if trouble else []
    return [rule(pieces, width, sight.glyphs, right), *([Piece(" "), Piece(line, "warning")] for line in told)]
