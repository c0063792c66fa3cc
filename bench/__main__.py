"""``python -m bench``: run benchmarks; JSON to stdout, narration and verdicts to stderr.

A target that is missed is a result and not an error: the exit code tells only whether everything could be measured.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from bench import page
from bench.processor import Watch
from bench.targets import judge
from clusterctl import __version__

# First what suffers most from what was before: servers that are removed leave thousands of deleted files behind.
BENCHES = (
    "limits",
    "throughput",
    "latency",
    "command_line",
    "idle",
    "placement",
    "snapshot",
    "rounds",
    "explain",
    "commit",
    "console",
    "console_ui",
)


def main() -> None:
    """Measure, print, and if asked to write the page."""
    arguments = parse()
    results: dict[str, object] = {}
    noise: dict[str, object] = {}
    for name in arguments.names or BENCHES:
        results[name], noise[name] = measure(name, arguments.quick)
    report = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "quick": arguments.quick,
        "noise": noise,
        "results": results,
    }
    text = json.dumps(report, indent=2)
    print(text)
    if arguments.output:
        arguments.output.write_text(text + "\n", encoding="utf-8")
    if arguments.reference:
        arguments.reference.write_text(page.write(report), encoding="utf-8")
    tell("\n".join(verdicts(results)))


def parse() -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure clusterctl on this machine.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(BENCHES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller runs: to try it, not to quote it")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the JSON there too")
    parser.add_argument("--reference", type=Path, metavar="FILE", help="write the page of results there")
    arguments = parser.parse_args()
    if strangers := set(arguments.names) - set(BENCHES):
        parser.error(f"no such benchmark: {', '.join(sorted(strangers))}; there are {', '.join(BENCHES)}")
    return arguments


def measure(name: str, quick: bool) -> tuple[object, dict[str, object]]:
    """One benchmark's result, and the noise meanwhile."""
    tell(f"{name} …")
    begun, watch = monotonic(), Watch()
    result = importlib.import_module(f"bench.{name}").measure(quick)
    tell(f"{name}: {monotonic() - begun:.0f} s")
    return result, watch.noise()


def verdicts(results: Mapping[str, object]) -> Iterable[str]:
    """A line for each target that was measured."""
    for verdict in judge(results):
        if verdict.measured is not None:
            mark = {True: "reached", False: "MISSED ", None: "noisy  "}[verdict.passed]
            value, bound = page.number(verdict.measured), page.bound(verdict.target)
            yield f"{mark}  {verdict.target.what}: {value} (wanted {bound})"


def tell(text: str) -> None:
    """To stderr: stdout is data."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
