"""Which jobs a command is about: ``7``, ``7-12``, ``3,5,9-11``, ``last``, ``all``, ``array:7``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clusterctl.cli.completion import complete_jobs
from clusterctl.model.errors import BadInput, NotFound
from clusterctl.model.states import LIVE
from clusterctl.units import parse_numbers

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.store.jobs import Selection

FORMS = "write 7, 7-12, 3,5,9-11, last, all or array:7"
MOST = 100_000  # jobs that one command acts on


def refuse_nonsense(words: list[str]) -> list[str]:
    """Raise BadInput for words that mean no jobs, before anything is connected."""
    if len(words) == 1 and words[0].startswith("array:"):
        array_of(words[0])
    elif words != ["all"] and (numbers := [word for word in words if word != "last"]):
        numbers_of(",".join(numbers))
    return words


SelectorArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="SELECTOR...",
        help="7, 7-12, 3,5,9-11, last, all or array:7.",
        callback=refuse_nonsense,
        autocompletion=complete_jobs,
    ),
]


def chosen_ids(cluster: Cluster, words: Sequence[str]) -> list[int]:
    """The numbers of the jobs that *words* mean; ``all``: those that have not ended. Raises BadInput, NotFound.

    A number that stands alone must exist; of a range, something must. Of ``all`` there may be none.
    """
    from clusterctl import views

    selection = select(cluster, words)
    found = views.job_ids(cluster, selection, MOST + 1)
    if len(found) > MOST:
        raise BadInput(f"that is more than {MOST:,} jobs", "name fewer at a time")
    known = set(found)
    missing = [low for low, high in selection.ranges if low == high and low not in known]
    if missing:
        raise NotFound(f"no job {', '.join(map(str, missing))}", "`clusterctl jobs --all` lists all that there are")
    if not found and list(words) != ["all"]:
        raise NotFound(f"no job is meant by {' '.join(words)}", "`clusterctl jobs --all` lists all that there are")
    return found


def select(cluster: Cluster, words: Sequence[str]) -> Selection:
    """What *words* mean. Raises BadInput for one that cannot be read, NotFound for ``last`` of someone who has none."""
    from clusterctl import views
    from clusterctl.store.jobs import Selection

    if list(words) == ["all"]:
        return Selection(states=tuple(sorted(LIVE)))
    if len(words) == 1 and words[0].startswith("array:"):
        return Selection(array_id=array_of(words[0]))
    numbers = [word for word in words if word != "last"]
    ranges = numbers_of(",".join(numbers)) if numbers else ()
    if "last" in words:
        last = views.last_id(cluster)
        ranges = (*ranges, (last, last)) if not any(low <= last <= high for low, high in ranges) else ranges
    return Selection(ranges=ranges)


def numbers_of(text: str) -> tuple[tuple[int, int], ...]:
    """Inclusive ranges of job numbers."""
    for word in text.split(","):
        if word == "all" or word.startswith("array:"):
            raise BadInput(f"{word} stands alone: it does not go together with other jobs", FORMS)
        if re.search("[A-Za-z:]", word):
            raise BadInput(f"{word!a} means no jobs", FORMS)
    try:
        return tuple((each.start, each[-1]) for each in parse_numbers(text))
    except ValueError as error:
        raise BadInput(str(error), FORMS) from None


def array_of(word: str) -> int:
    """The number in ``array:7``."""
    number = word.removeprefix("array:")
    if not re.fullmatch("[0-9]{1,18}", number):
        raise BadInput(f"{word!a} names no array", FORMS)
    return int(number)


def names_one(words: Sequence[str]) -> bool:
    """Whether *words* can only mean a single job: then its JSON is an object, not a list."""
    return len(words) == 1 and (words[0] == "last" or words[0].isdecimal())
