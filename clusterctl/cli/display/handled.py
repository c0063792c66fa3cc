"""What a verb did to jobs: a line for each, or for many how many met which fate; and what to end with then."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import typer

from clusterctl.model.errors import Refused
from clusterctl.model.exits import ExitCode
from clusterctl.model.job_verbs import Handled, Verb
from clusterctl.units import format_numbers, parse_numbers

NAMED = 20  # jobs that get a line of their own; more are counted
SHOWN = 60  # characters of a list of numbers
ANOTHER = "another is made at once; `clusterctl hold` would have stopped it, and kept it stopped"


def tell(handled: Sequence[Handled], *, parsable: bool = False) -> None:
    """Say what became of each, on stderr; which new jobs there are on stdout, for that is data.

    *parsable*: on stdout stand the numbers alone of all that will run, and on stderr what was refused.
    """
    if parsable:
        sys.stdout.writelines(f"{each.again or each.job_id}\n" for each in handled if each.fate != "refused")
        sys.stdout.flush()
        handled = [each for each in handled if each.fate == "refused"]
    new = [each for each in handled if each.again is not None]
    old = [each for each in handled if each.again is None]
    if len(handled) > NAMED:
        tell_sums(new, old)
    else:
        sys.stdout.writelines(f"Submitted job {each.again} (again: {each.job_id})\n" for each in new)
        sys.stdout.flush()
        sys.stderr.writelines(f"job {each.job_id} {each.sentence}\n" for each in old)
    tell_of_services(handled)


def tell_of_services(handled: Sequence[Handled]) -> None:
    """Of a service of which only some replicas were meant, how all of them are named."""
    meant: dict[int, list[Handled]] = {}
    for each in handled:
        if each.service is not None and each.fate != "refused":
            meant.setdefault(each.service, []).append(each)
    for service, some in list(meant.items())[:NAMED]:
        if len(some) < some[0].replicas:
            which = f"job {some[0].job_id} is one" if len(some) == 1 else f"those are {len(some)}"
            sys.stderr.write(f"hint: {which} of {some[0].replicas} replicas; all of them: service:{service}\n")
            if some[0].every_worker and some[0].act == "cancel":
                sys.stderr.write(f"hint: service {service} is for every worker: {ANOTHER}\n")


def tell_sums(new: Sequence[Handled], old: Sequence[Handled]) -> None:
    """The same in few lines."""
    if new:
        numbers = shortened(each.again for each in new if each.again is not None)
        sys.stdout.write(f"Submitted {counted(new)} (again): {numbers}\n")
        sys.stdout.flush()
    for sentence in dict.fromkeys(each.sentence for each in old):
        alike = [each for each in old if each.sentence == sentence]
        sys.stderr.write(f"{counted(alike)} {sentence}: {shortened(each.job_id for each in alike)}\n")


def counted(jobs: Sequence[Handled]) -> str:
    """``1 job``, ``9,000 jobs``."""
    return f"{len(jobs):,} job{'' if len(jobs) == 1 else 's'}"


def shortened(ids: Iterable[int]) -> str:
    """``3,5,9-11``: the first of them, and an ellipsis."""
    text = format_numbers(parse_numbers(",".join(map(str, ids))))
    return text if len(text) <= SHOWN else text[:SHOWN].rpartition(",")[0] + ",…"


def end_with(handled: Sequence[Handled], verb: Verb) -> None:
    """Leave with PARTLY if some were refused; raises Refused if all were."""
    refused = sum(each.fate == "refused" for each in handled)
    if refused == len(handled):
        raise Refused(f"nothing was left to {verb}", "`clusterctl jobs` lists what has not ended")
    if refused:
        raise typer.Exit(ExitCode.PARTLY)
