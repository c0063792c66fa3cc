"""Why jobs wait, for people: the sentence first, then its code; a few words where there is no room for a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from clusterctl.text import cells, visible

# What is said of a reason that comes without a sentence of its own; of one job, or of many.
ALONE: Mapping[str, str] = {
    "not_before": "a failed attempt rests before the next",
    "dependency": "other jobs have to end first",
}
# The same in two or three words.
BRIEF: Mapping[str, str] = {
    "no_workers": "no worker is up",
    "unsatisfiable": "too large for all",
    "fits_now": "full for now",
    "fits_load": "too busy for now",
    "measured": "not measured yet",
    "live": "workers not up",
    "admin_open": "workers draining",
    "worker_trouble": "workers in trouble",
    "label": "no such label",
    "named_worker": "no such worker",
    "array_limit": "limit of its array",
    "tenant_quota": "quota is used up",
    "backfill": "room kept for others",
    "service_claims": "in a later round",
    "policy_disabled": "placement is none",
    "round_full": "in the next round",
    "not_before": "rests",
    "dependency": "waits for jobs",
}


def plainly(reason: str, text: str) -> str:
    """The sentence; of a reason that nobody has a sentence for, its code."""
    return text or ALONE.get(reason, reason)


def forms(reason: str, text: str) -> Iterator[str]:
    """The ways to say it, the longest first: the sentence, ``needs 2 CPUs; full for now``, ``full for now``."""
    sentence = plainly(reason, text)
    yield sentence
    if brief := BRIEF.get(reason):
        need, semicolon, _ = sentence.partition("; ")
        if semicolon and need.startswith("needs "):
            yield f"{need}; {brief}"
        yield brief


def fitting(reason: str, text: str, width: int, tail: str = "") -> str:
    """As much of it as *width* cells have room for: also *tail*, such as how often, and the code behind it all.

    What does not fit in any form is not cut here.
    """
    ways = tuple(forms(reason, text))
    coded = f"{ways[0]}{tail} ({reason})"
    told = (coded, *(f"{way}{tail}" for way in ways), *ways) if reason and reason != ways[0] else (*ways, ways[0])
    return first_that_fits(told, width) or ways[0]


def first_that_fits(ways: Sequence[str], width: int) -> str:
    """The first of no more than *width* cells, as it will be shown; none is empty."""
    return next((way for way in ways if cells(visible(way)) <= width), "")
