"""What runs now, for how long, and about how long is left: on stderr, for whoever waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from bench.benchmarks import Bench
from bench.report.words import duration

LOOKS_PER_S = 1  # drawing costs CPU time that is ours, in the middle of a measure


class Waiting:
    """Counts benchmarks off. On a terminal a line moves; elsewhere each begins and ends with a line of its own."""

    def __init__(self, console: Console, benches: Sequence[Bench], quick: bool) -> None:
        self._console = console
        self._foreseen = [(bench, bench.about(quick)) for bench in benches]
        self._done = 0
        self._expected = self._took = 0.0

    @contextmanager
    def running(self, bench: Bench) -> Iterator[None]:
        """While it is measured; they come in the order in which they were announced."""
        _, seconds = self._foreseen[self._done]
        self._done += 1
        said = f"{bench.name} ({self._done} of {len(self._foreseen)})"
        this, after = self._here(seconds), self._here(sum(each for _, each in self._foreseen[self._done :]))
        begun = monotonic()
        if self._console.is_terminal:
            columns = (SpinnerColumn(), TextColumn("{task.description}"), Left(this, after))
            with Progress(*columns, console=self._console, refresh_per_second=LOOKS_PER_S, transient=True) as progress:
                progress.add_task(said, total=None)
                yield
        else:
            self._console.print(f"{said}: about {duration(this)}; until all is done about {duration(this + after)}")
            yield
        took = monotonic() - begun
        self._took, self._expected = self._took + took, self._expected + seconds
        self._console.print(f"{bench.name}: {duration(took)}")

    def _here(self, seconds: float) -> float:
        """What was foreseen, corrected by what the others took on this machine."""
        return seconds * (self._took / self._expected if self._expected else 1)


class Left(ProgressColumn):
    """How long this one has taken, and about how long this and all others still take."""

    def __init__(self, this: float, after: float) -> None:
        super().__init__()
        self._this, self._after = this, after

    def render(self, task: Task) -> Text:
        """``12 s of about 60 s; until all is done about 9 min``."""
        elapsed = task.elapsed or 0.0
        if elapsed > self._this:
            return Text(f"{duration(elapsed)}, longer than foreseen; after it about {duration(self._after)}")
        left = self._this - elapsed + self._after
        return Text(f"{duration(elapsed)} of about {duration(self._this)}; until all is done about {duration(left)}")
