"""What was asked for in several places: the command line goes before #CC, that before #SBATCH, and all before defaults.

A *layer* is what was said in one place: parameters of ``submit``, and their values. Each is read by the parameters
themselves, so that no option is explained to the program twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import typer
from typer import TyperException

from clusterctl.cli.input.wishes import ArrayWish, Deadline, Dependencies, Pair
from clusterctl.model.errors import BadInput
from clusterctl.model.spec import OnWorkerLoss

Layer = dict[str, Any]
ADDED = ("env", "labels")  # what is said in several places is taken together; of all else the last word holds
ANSWERS = ("wait", "follow", "parsable")  # how the one call answers: nothing of a single job among many
ALONE = ("words", "wrap", "source", "dry_run", "form", "reason")  # on the command line only


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """All that can be asked for of one submission, in the units of the model; named as the parameters are.

    ``slurm``: it has lines that were written for sbatch.
    """

    cpus: int
    memory: int | None
    gpus: int
    time_limit: int | None
    deadline: Deadline | None
    priority: int
    tenant: str
    array: ArrayWish | None
    after: tuple[Dependencies, ...]
    retries: int
    hold: bool
    worker: str | None
    labels: tuple[Pair, ...]
    on_worker_loss: OnWorkerLoss
    lease: int | None
    service: bool
    replicas: int | None
    daemon: bool
    ready_cmd: str | None
    ready_after: int | None
    slo_p99_ms: int | None
    env: tuple[Pair, ...]
    export: str
    cwd: str | None
    stdout: str
    stderr: str
    name: str | None
    key: str | None
    wait: bool
    follow: bool
    parsable: bool
    slurm: bool


def merge(*layers: Layer) -> Wishes:
    """The wishes that are left when each of *layers* goes before those to its left, the first of which has them all."""
    merged = united(*layers)
    return Wishes(**{name: merged[name] for name in Wishes.__struct_fields__})


def united(*layers: Layer) -> Layer:
    """One layer that says what *layers* say, the last word of each."""
    merged: Layer = {"slurm": False}
    for layer in layers:
        for name, value in layer.items():
            merged[name] = (*merged.get(name, ()), *value) if name in ADDED else value
    return merged


def of_command_line(ctx: typer.Context) -> Layer:
    """What was said there."""
    return {name: value for name, value in ctx.params.items() if is_said(ctx, name)}


def defaults(ctx: typer.Context) -> Layer:
    """What holds for what nobody speaks of."""
    wishes = {str(param.name): param for param in ctx.command.params if param.name in Wishes.__struct_fields__}
    return {name: param.process_value(ctx, param.get_default(ctx)) for name, param in wishes.items()}


def is_said(ctx: typer.Context, name: str) -> bool:
    """Whether the command line speaks of that parameter."""
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def of_words(ctx: typer.Context, words: Sequence[str]) -> tuple[Layer, list[str]]:
    """What *words* say, which are options as on the command line; and the options among them that nobody knows.

    Raises BadInput for a value that makes no sense.
    """
    own = ctx.command.context_class(ctx.command, info_name=ctx.info_name)
    try:
        said, rest, strangers = parsed(ctx, own, list(words))
        if left := [*(said.get("words") or ()), *rest]:
            raise BadInput(f"{left[0]!a:.80} is no option")
        params = {param.name: param for param in ctx.command.get_params(own)}
        for name in said:
            if said[name] is not None and (name in ALONE or name not in Wishes.__struct_fields__):
                raise BadInput(f"{max(params[name].opts, key=len)} can only be said on the command line")
    except TyperException as error:
        raise in_our_words(error) from None
    layer = {name: value_of(params[name], own, raw) for name, raw in said.items() if name in Wishes.__struct_fields__}
    return layer, strangers


def parsed(ctx: typer.Context, own: Any, words: list[str]) -> tuple[dict[str, Any], list[str], list[str]]:
    """What the parser makes of *words* without the options that it does not know; what it leaves over; and those."""
    strangers: list[str] = []
    while True:
        try:
            said, rest, _ = ctx.command.make_parser(own).parse_args(list(words))
        except TyperException as error:
            option = getattr(error, "option_name", "")
            places = [at for at, word in enumerate(words) if word.partition("=")[0] == option or begins(word, option)]
            if type(error).__name__ != "NoSuchOption" or not places:
                raise
            strangers.append(option)
            del words[slice(places[0], places[0] + 1 + has_value(words, places[0]))]
        else:
            return said, rest, strangers


def begins(word: str, option: str) -> bool:
    """Whether *word* is a short *option* with more letters behind it."""
    return len(option) == 2 and word.startswith(option)


def has_value(words: Sequence[str], at: int) -> bool:
    """Whether the next word belongs to an option that nobody knows: as of sbatch, if it does not look like another."""
    return "=" not in words[at] and len(words) > at + 1 and not words[at + 1].startswith("-")


class Fields:
    """Reads what a program writes: an object whose names are long options. Remembers, for many are alike."""

    def __init__(self, ctx: typer.Context) -> None:
        self._ctx = ctx
        self._params = {
            long: param
            for param in ctx.command.params
            if param.name in Wishes.__struct_fields__ and param.name not in ANSWERS
            for long in (each[2:] for each in param.opts if each.startswith("--"))
        }
        self._read: dict[tuple[str, type, Any], Any] = {}

    def layer(self, fields: Mapping[str, Any]) -> Layer:
        """What *fields* say; null says nothing. Raises BadInput that names the field."""
        return {
            param.name: self._value(name, param, raw)
            for name, raw in fields.items()
            if (param := self._param(name)) and raw is not None
        }

    def _param(self, name: str) -> Any:
        found = self._params.get(name) or self._params.get(name.replace("_", "-"))
        if found is None:
            import difflib

            near = difflib.get_close_matches(name, [*self._params, "command"], n=1)
            hint = f"did you mean {near[0]}?" if near else "fields are called as the long options of `submit`"
            raise BadInput(f"unknown field {name!a:.80}", hint)
        return found

    def _value(self, name: str, param: Any, raw: Any) -> Any:
        if isinstance(raw, list | dict):
            return self._parse(name, param, raw)
        key = (param.name, type(raw), raw)
        if key not in self._read:
            self._read[key] = self._parse(name, param, raw)
        return self._read[key]

    def _parse(self, name: str, param: Any, raw: Any) -> Any:
        if getattr(param, "is_flag", False):
            if not isinstance(raw, bool):
                raise BadInput(f"{name} is true or false")
            return raw
        words = [as_word(name, each) for each in many(name, raw)]
        if param.multiple:
            return tuple([item_of(param, self._ctx, word) for word in words])
        if param.name != "array" and isinstance(raw, list | dict):
            raise BadInput(f"{name} is one value")
        return value_of(param, self._ctx, ",".join(words))


def many(name: str, raw: Any) -> Iterable[Any]:
    """A list as it is; an object as NAME=VALUE; anything else as the only one. Raises BadInput."""
    if isinstance(raw, dict):
        return [f"{each}={as_word(name, value)}" for each, value in raw.items()]
    return raw if isinstance(raw, list) else [raw]


def as_word(name: str, raw: Any) -> str:
    """A text or a number as it would stand on a command line. Raises BadInput."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise BadInput(f"{name} is a text or a number")
    return str(raw)


def item_of(param: Any, ctx: Any, word: str) -> Any:
    """What one *word* means to *param*, of which there may be several. Raises BadInput that names it."""
    try:
        return param.type(word, param=param, ctx=ctx)
    except TyperException as error:
        vars(error).update(param=param, ctx=ctx)  # as below
        raise in_our_words(error) from None


def value_of(param: Any, ctx: Any, raw: Any) -> Any:
    """What *raw* means to *param*. Raises BadInput that names it."""
    try:
        return param.process_value(ctx, raw)
    except TyperException as error:
        vars(error).update(param=param, ctx=ctx)  # as typer does when it reads a command line
        raise in_our_words(error) from None


def in_our_words(error: Exception) -> BadInput:
    """What typer found wrong."""
    from clusterctl.cli.main import usage_error

    return BadInput(str(usage_error(error, "submit")))
