"""Which fields a filter may name: those of the picture that is listed, and what they are counted in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from clusterctl.model.claim_log import CLAIM_EVENTS, ClaimPicture
from clusterctl.model.filters import Kind, Vocabulary
from clusterctl.model.findings import Finding, Severity
from clusterctl.model.pictures import JobPicture, WorkerPicture
from clusterctl.model.states import AdminState, AllocationStatus, JobState, LiveState, Outcome

KINDS: dict[Any, Kind] = {str: "text", int: "number", float: "number", bool: "flag", datetime: "time"}
OF_NAMES: dict[str, Kind] = {"_s": "duration", "_mb": "memory"}
# All that a field can be. Another word would match nothing, and a slip would look like an answer.
WORDS: dict[type[msgspec.Struct], dict[str, tuple[str, ...]]] = {
    JobPicture: {
        "state": tuple(JobState),
        "kind": ("batch", "service"),
        "allocation.status": tuple(AllocationStatus),
        "allocation.release_reason": tuple(Outcome),
    },
    WorkerPicture: {"admin_state": tuple(AdminState), "live_state": tuple(LiveState)},
    ClaimPicture: {"event": CLAIM_EVENTS},
    Finding: {"severity": get_args(Severity)},
}


@cache
def vocabulary_of(noun: type[msgspec.Struct]) -> Vocabulary:
    """The fields of the JSON of *noun*, those of an inner object with a dot. A bare word is looked for in its texts."""
    kinds = dict(fields_of(noun))
    texts = tuple(name for name, kind in kinds.items() if kind == "text" and "." not in name)
    return Vocabulary(kinds, texts, WORDS.get(noun, {}))


def fields_of(noun: type[msgspec.Struct], prefix: str = "") -> Iterator[tuple[str, Kind]]:
    """Each field of *noun*, and of the objects in it."""
    for field in msgspec.structs.fields(noun):
        name = prefix + field.encode_name
        for kind in without_none(field.type):
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                yield from fields_of(kind, f"{name}.")
            else:
                yield name, kind_of(kind, name)


def without_none(kind: Any) -> list[Any]:
    """What a field may be, apart from nothing: of several the first."""
    if get_origin(kind) in (Union, UnionType):
        return [each for each in get_args(kind) if each is not type(None)][:1]
    return [kind]


def kind_of(kind: Any, name: str) -> Kind:
    """What a field of that type and name is counted in. Lists are read as text, their parts between blanks."""
    if kind in (int, float):
        unit = (of for ending, of in OF_NAMES.items() if name.endswith(ending) or f"{ending}." in name)
        return next(unit, "number")
    origin = get_origin(kind)
    if origin in (dict, Mapping) or (origin is not None and isinstance(origin, type) and issubclass(origin, Mapping)):
        return "map"
    return "text" if origin is Literal else KINDS.get(kind, "text")
