"""``python -m tests.simulation --seeds N [--first M]``: live through N histories, and tell which broke a promise.

A bar on stderr shows how far it is. Of a history that went wrong its whole trace is printed; then the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests import embedded_server
from tests.simulation.history import Story
from tests.simulation.many import stories


def main() -> int:
    """Live through all that were asked for; the exit code."""
    arguments = parse()
    directory = embedded_server.announce()
    try:
        embedded_server.servers()
        seeds = range(arguments.first, arguments.first + arguments.seeds)
        return tell(stories(seeds, arguments.jobs), len(seeds))
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return 130
    finally:
        embedded_server.bury(directory)


def parse() -> argparse.Namespace:
    """How many, and which."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Random histories of a cluster.")
    parser.add_argument("--seeds", type=int, default=40, help="how many histories")
    parser.add_argument("--first", type=int, default=1, help="the first seed; the others follow")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at the same time")
    return parser.parse_args()


def tell(stories: Iterator[Story], count: int) -> int:
    """Show how far it is, and what went wrong; the exit code."""
    faults, ends, broken = Counter[str](), Counter[str](), 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("histories", total=count)
        for story in stories:
            faults, ends = faults + story.faults, ends + story.ends
            if story.broken:
                broken += 1
                sys.stdout.write("\n".join([f"seed {story.seed}: {story.broken}", *story.trace, ""]))
            progress.update(task, advance=1, description=f"histories, {broken} broken")
    for what, counts in (("faults", faults), ("ends of attempts", ends)):
        told = ", ".join(f"{number} {name}" for name, number in counts.most_common())
        sys.stdout.write(f"{counts.total()} {what}: {told}\n")
    sys.stdout.write(f"{count} histories, {broken} broken\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
