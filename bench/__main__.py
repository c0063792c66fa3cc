"""``python -m bench``: run benchmarks; JSON to stdout, progress and the table of targets to stderr.

A target that is missed is a result and not an error: the exit code tells only whether everything could be measured.
"""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from bench import limits
from bench.benchmarks import BENCHES, BY_NAME, Bench
from bench.processor import Watch
from bench.progress import Waiting
from bench.report import joining, page, screen
from bench.report.words import duration
from clusterctl import __version__

EXAMPLES = """\
examples:
  python -m bench                                all that is not apart: JSON on stdout, targets on stderr
  python -m bench --quick throughput latency     try two of them
  python -m bench -o a.json                      keep the JSON
  python -m bench soak -o b.json                 half an hour more, apart
  python -m bench --from a.json b.json           both as one report; nothing is measured
  python -m bench --from a.json b.json --reference docs/reference/benchmarks.md

It fails only if something could not be measured. A target that is missed is a result.
"""


def main() -> None:
    """Measure or read, print, and if asked write the page."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # so that what was started is taken down
    parser, arguments = parse(sys.argv[1:])
    if arguments.list:
        return print(listing())
    if arguments.reports:
        try:
            report = joining.join([joining.read(path) for path in arguments.reports])
        except joining.CannotJoin as error:
            parser.error(str(error))
    else:
        report = measure(chosen(arguments.names), arguments.quick)
    text = json.dumps(report, indent=2)
    print(text, flush=True)
    if arguments.output:
        arguments.output.write_text(text + "\n", encoding="utf-8")
    if arguments.reference:
        arguments.reference.write_text(page.write(report), encoding="utf-8")
    screen.show(screen.console(), report, whole=not arguments.names)
    sys.exit(1 if report["failed"] else 0)


def parse(words: Sequence[str]) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """The flags; ends the program if they make no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure clusterctl on this machine, beside others that do the same.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which benchmarks (default: all that are not apart)")
    parser.add_argument("--list", action="store_true", help="say what there is, and about how long it takes")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller runs: to try it, not to quote it")
    parser.add_argument(
        "--from", nargs="+", type=Path, metavar="FILE", dest="reports", help="join these reports instead"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the JSON there too")
    parser.add_argument("--reference", type=Path, metavar="FILE", help="write the page of results there")
    arguments = parser.parse_args(words)
    if strangers := sorted(set(arguments.names) - set(BY_NAME)):
        parser.error(f"no such benchmark: {', '.join(strangers)}; `--list` says what there is")
    if arguments.reports and (arguments.names or arguments.quick):
        parser.error("with --from nothing is measured: leave out names and --quick")
    return parser, arguments


def chosen(names: Sequence[str]) -> list[Bench]:
    """Those that are named, in the order in which they are named; all that are not apart if none is."""
    return [BY_NAME[name] for name in names] or [bench for bench in BENCHES if not bench.apart]


def listing() -> str:
    """A line for each benchmark."""
    widest = max(len(bench.name) for bench in BENCHES)
    return "\n".join(
        f"{bench.name:<{widest}}  {duration(bench.seconds):>6}  {bench.subject}{' Runs only when named.' * bench.apart}"
        for bench in BENCHES
    )


def measure(benches: Sequence[Bench], quick: bool) -> joining.Report:
    """The report of all of them."""
    console = screen.console()
    waiting = Waiting(console, benches, quick)
    report: joining.Report = {
        "measured_at": now(),
        "version": version(),
        "quick": quick,
        "machine": limits.describe(),
        **{part: {} for part in joining.PARTS},
    }
    for bench in benches:
        with waiting.running(bench):
            failure = measure_one(bench, quick, report)
        if failure:
            console.print(f"{bench.name} could not be measured: {failure}", markup=False)
    return report


def measure_one(bench: Bench, quick: bool, report: joining.Report) -> str | None:
    """Put its result into the report, and the noise meanwhile. If it fails: why."""
    at, begun, watch = now(), monotonic(), Watch()
    try:
        result = importlib.import_module(f"bench.{bench.name}").measure(quick)
    except Exception as error:  # noqa: BLE001  # an hour of others' results is not thrown away for one that fails
        report["failed"][bench.name] = failure = f"{type(error).__name__}: {error}"
        return failure
    report["results"][bench.name] = result
    report["noise"][bench.name] = watch.noise()
    report["taken"][bench.name] = {
        "measured_at": at,
        "version": report["version"],
        "quick": quick,
        "seconds": round(monotonic() - begun, 1),
    }
    return None


def now() -> str:
    """UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def version() -> str:
    """Ours; in a working copy with the commit, and whether it was changed."""
    argv = ["git", "describe", "--always", "--tags", "--dirty"]
    try:
        said = subprocess.run(
            argv, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return __version__
    return f"{__version__} ({said})"


if __name__ == "__main__":
    main()
