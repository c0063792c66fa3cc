"""Which jobs a command is about: ``7``, ``7-12``, ``last``, ``all``, ``array:7``, ``service:web``, ``-``; a filter."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clusterctl.cli.completion import complete_jobs
from clusterctl.cli.input.numbers import MOST, Ranges, read_numbers, spelled_out
from clusterctl.model.errors import BadInput, NotFound
from clusterctl.model.states import LIVE

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.filters import Filter
    from clusterctl.model.selection import Selection

FORMS = "write 7, 7-12, 3,5,9-11, last, all, array:7, service:web, or - to read numbers from stdin"
ALONE = ("all", "-")  # they do not go together with other words
OF_SERVICE = "service:"
NAME = re.compile("[A-Za-z][A-Za-z0-9_.-]{0,62}")  # what may well be a service's
SHOWN = 10  # numbers that an error repeats


def refuse_nonsense(words: list[str]) -> list[str]:
    """Raise BadInput for words that mean no jobs, before anything is connected."""
    if len(words) == 1 and words[0].startswith("array:"):
        array_of(words[0])
    elif len(words) == 1 and words[0].startswith(OF_SERVICE):
        service_of(words[0])
    elif (len(words) != 1 or words[0] not in ALONE) and (numbers := [word for word in words if word != "last"]):
        numbers_of(",".join(numbers))
    return words


SelectorArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="SELECTOR...",
        help="7, 7-12, 3,5,9-11, last (your newest job, of an array its last), array:7 or service:web (all of it), "
        "all; - reads numbers from stdin.",
        callback=refuse_nonsense,
        autocompletion=complete_jobs,
    ),
]


def read_wanted(words: Sequence[str], filter: str | None) -> Filter | None:
    """What jobs must be besides. Raises BadInput if it cannot be read, or if neither that nor *words* say which jobs.

    Nothing may ever mean all.
    """
    from clusterctl.cli.display.job_rows import JOBS
    from clusterctl.cli.display.listing import read_filter

    if filter is None:
        refuse_nothing(words)
    return read_filter(JOBS, filter)


def refuse_nothing(words: Sequence[str]) -> None:
    """BadInput if there are no *words*."""
    if not words:
        raise BadInput("no jobs are named: SELECTOR or --filter is missing", FORMS)


def chosen_ids(
    cluster: Cluster, words: Sequence[str], wanted: Filter | None = None, among: Collection[str] = LIVE
) -> list[int]:
    """The numbers of the jobs that *words* mean and that are *wanted*, ascending. Raises BadInput, NotFound.

    ``all``, and a filter without words, mean those in the states *among*; of them there may be none, nor on stdin. A
    number that stands alone must exist; of a range, something must.
    """
    if wanted is None:
        refuse_nothing(words)
    selection = select(cluster, words, wanted, among)
    if selection is None:
        return []
    found = ids_of(cluster, selection)
    if selection.ranges or selection.array_id is not None:
        refuse_unknown(words, selection.ranges, found if wanted is None else all_named(cluster, selection))
    return found


def all_named(cluster: Cluster, selection: Selection) -> list[int]:
    """The jobs that there are of those that were named, whatever they must be besides."""
    from clusterctl.model.selection import Selection

    return ids_of(cluster, Selection(ranges=selection.ranges, array_id=selection.array_id))


def ids_of(cluster: Cluster, selection: Selection) -> list[int]:
    """The numbers of the chosen jobs. Raises BadInput if those are too many."""
    from clusterctl import views

    found = views.job_ids(cluster, selection, MOST + 1)
    if len(found) > MOST:
        raise BadInput(f"that is more than {MOST:,} jobs", "name fewer at a time")
    return found


def refuse_unknown(words: Sequence[str], ranges: Ranges, known: Collection[int]) -> None:
    """NotFound for a single number that is not *known*, and for words that mean nothing that is."""
    there = set(known)
    missing = [low for low, high in ranges if low == high and low not in there]
    if missing or not there:
        named = ", ".join(map(str, missing[:SHOWN])) + (
            f" and {len(missing) - SHOWN:,} more" if missing[SHOWN:] else ""
        )
        sentence = f"no job {named}" if missing else f"no job is meant by {' '.join(words)}"
        raise NotFound(sentence, "`clusterctl jobs --all` lists all that there are")


def select(
    cluster: Cluster, words: Sequence[str], wanted: Filter | None = None, among: Collection[str] = LIVE
) -> Selection | None:
    """What *words* mean; None if that is nothing: no numbers on stdin.

    Raises BadInput for one that cannot be read, NotFound for ``last`` of someone who has none.
    """
    from clusterctl import views
    from clusterctl.model.selection import Selection

    if list(words) in ([], ["all"]):
        return Selection(states=tuple(sorted(among)), everything=not LIVE.issuperset(among), filter=wanted)
    if len(words) == 1 and words[0].startswith("array:"):
        return Selection(array_id=array_of(words[0]), filter=wanted)
    if len(words) == 1 and words[0].startswith(OF_SERVICE):
        found = views.find_service(cluster, service_of(words[0]))
        # What was cancelled of one that lives is none of it any more: a verb would stumble over it.
        return Selection(array_id=found.id, states=() if found.ended_at else tuple(sorted(LIVE)), filter=wanted)
    if list(words) == ["-"]:
        ranges = read_numbers()
        return Selection(ranges=ranges, filter=wanted) if ranges else None
    numbers = [word for word in words if word != "last"]
    ranges = numbers_of(",".join(numbers)) if numbers else ()
    if "last" in words:
        last = views.last_id(cluster)
        ranges = (*ranges, (last, last)) if not any(low <= last <= high for low, high in ranges) else ranges
    return Selection(ranges=ranges, filter=wanted)


def numbers_of(text: str) -> Ranges:
    """Inclusive ranges of job numbers."""
    for word in text.split(","):
        if word in ALONE or word.startswith(("array:", OF_SERVICE)):
            raise BadInput(f"{word} stands alone: it does not go together with other jobs", FORMS)
        if re.search("[A-Za-z:]", word):
            of_service = f"did you mean service:{word}? " if NAME.fullmatch(word) else ""
            raise BadInput(f"{word!a} means no jobs", of_service + FORMS)
    try:
        return spelled_out(text)
    except ValueError as error:
        raise BadInput(str(error), FORMS) from None


def array_of(word: str) -> int:
    """The number in ``array:7``."""
    number = word.removeprefix("array:")
    if not re.fullmatch("[0-9]{1,18}", number):
        raise BadInput(f"{word!a} names no array", FORMS)
    return int(number)


def service_of(word: str) -> str:
    """What names the service in ``service:web``."""
    named = word.removeprefix(OF_SERVICE)
    if not named:
        raise BadInput(f"{word!a} names no service", FORMS)
    return named


def means_service(words: Sequence[str]) -> bool:
    """Whether *words* mean all replicas of a service."""
    return len(words) == 1 and words[0].startswith(OF_SERVICE)


def names_one(words: Sequence[str]) -> bool:
    """Whether *words* can only mean a single job: then its JSON is an object, not a list."""
    return len(words) == 1 and (words[0] == "last" or words[0].isdecimal())


def why_nothing(selectors: Sequence[str], wanted: Filter | None) -> str:
    """Why no job is meant."""
    if list(selectors) == ["-"] and wanted is None:
        return "no jobs are named on stdin"
    return "all jobs have ended" if wanted is None else "no job matches"
