"""The options of sbatch that mean something here, and what: the table that ``sbatch`` and the manual go by.

Names and meanings are sbatch(1)'s; differences in units are ironed out: there a bare number is minutes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from clusterctl import units
from clusterctl.cli.input import wishes
from clusterctl.cli.input.wishes import ArrayWish, Dependencies, Pair
from clusterctl.model.spec import MAX_NAME
from clusterctl.model.validity import VARIABLE
from clusterctl.text import visible

ENDLESS = ("0", "UNLIMITED", "INFINITE")
CONDITIONS = {"afterok": "ok", "afterany": "any", "afternotok": "notok"}
GPUS = re.compile(r"(?:gpu:)?(?:[A-Za-z][\w.-]*:)?([0-9]{1,6})")  # gpu:2, a100:2, gpu:a100:2


class Draft:
    """What has been read so far. ``layer``: as in ``layers``; what hangs together is put together at the end."""

    def __init__(self) -> None:
        self.layer: dict[str, Any] = {"slurm": True}
        self.tasks = self.cpus_per_task = 1
        self.said_cpus = self.said_tasks = False
        self.memory_per_cpu: int | None = None
        self.gpus_per_task = 0
        self.env: dict[str, str] = {}

    def finished(self) -> dict[str, Any]:
        """The layer. A script of several tasks is told how many, and how many CPUs each of them has."""
        layer, cpus = dict(self.layer), self.tasks * self.cpus_per_task
        if self.said_cpus or self.said_tasks:
            layer["cpus"] = units.parse_cpus(str(cpus))
            self.env["SLURM_CPUS_PER_TASK"] = str(self.cpus_per_task)
        if self.said_tasks:
            self.env["SLURM_NTASKS"] = self.env["SLURM_NPROCS"] = str(self.tasks)
        if self.memory_per_cpu is not None:
            layer["memory"] = units.parse_memory(str(self.memory_per_cpu * cpus))
            self.env["SLURM_MEM_PER_CPU"] = str(self.memory_per_cpu)
        if self.gpus_per_task:
            layer["gpus"] = self.gpus_per_task * self.tasks
        layer["env"] = tuple(Pair(name, value) for name, value in self.env.items())
        return layer


class Unfit(Exception):
    """It is understood, and cannot be had here: a sentence that ends in what is done instead."""


Reader = Callable[[Draft, str], None]


class Known(NamedTuple):
    """An option of sbatch. ``value``: as its manual calls it, empty for a flag, in brackets if it may be left out."""

    names: tuple[str, ...]
    value: str
    ours: str  # what is made of it, for the manual
    read: Reader


def keep(name: str, parse: Callable[[str], Any] = str) -> Reader:
    """A reader: it is our option *name*."""

    def read(draft: Draft, value: str) -> None:
        draft.layer[name] = parse(value)

    return read


def settle(name: str, value: Any) -> Reader:
    """A reader of a flag: it sets our option *name* to *value*."""
    return keep(name, lambda _: value)


def whole(value: str) -> int:
    """A number from 1. Raises ValueError."""
    if not re.fullmatch("[0-9]{1,9}", value) or not int(value):
        raise ValueError(f"{visible(value, 40)!a} is not a whole number from 1")
    return int(value)


def short(value: str) -> str:
    """A name that is no longer than names are. Raises ValueError."""
    if not 0 < len(value) <= MAX_NAME:
        raise ValueError(f"a name has 1 to {MAX_NAME} characters")
    return value


def plain_array(value: str) -> ArrayWish:
    """Indices; no file of lines, which sbatch does not know. Raises ValueError."""
    return ArrayWish(*units.parse_array(value))


def _cpus(draft: Draft, value: str) -> None:
    draft.cpus_per_task, draft.said_cpus = whole(value), True


def _tasks(draft: Draft, value: str) -> None:
    draft.tasks, draft.said_tasks = whole(value), True


def _nodes(draft: Draft, value: str) -> None:
    if not re.fullmatch("[0-9]{1,9}(-[0-9]{1,9})?", value):
        raise ValueError(f"{visible(value, 40)!a} is no number of nodes")
    if int(value.partition("-")[0]) > 1:
        raise Unfit("a job has one worker here, so it gets one")


def _tasks_per_node(draft: Draft, value: str) -> None:
    number = whole(value)
    if not draft.said_tasks:
        draft.tasks, draft.said_tasks = number, True


def _memory_per_cpu(draft: Draft, value: str) -> None:
    draft.memory_per_cpu = units.parse_memory(value)


def _time(draft: Draft, value: str) -> None:
    if value.upper() in ENDLESS:
        draft.layer["time_limit"] = None
    else:
        draft.layer["time_limit"] = wishes.seconds(f"{value}m" if re.fullmatch("[0-9]+", value) else value)


def _dependency(draft: Draft, value: str) -> None:
    if "?" in value:
        raise ValueError("one of several (?) cannot be waited for here: write a comma, and all are waited for")
    parts = value.split(",")
    found: list[Dependencies] = []
    for part in parts:
        kind, _, jobs = part.partition(":")
        if kind == "singleton":
            continue
        if kind not in CONDITIONS or not jobs:
            raise ValueError(f"{visible(part, 40)!a} cannot be waited for: write afterok, afterany or afternotok:JOB")
        found += [wishes.dependencies(f"{number}:{CONDITIONS[kind]}") for number in jobs.split(":")]
    draft.layer["after"] = tuple(found)
    if "singleton" in parts:
        raise Unfit("singleton is not known here, so nothing is waited for because of it")


def _partition(draft: Draft, value: str) -> None:
    first, comma, _ = value.partition(",")
    draft.layer["labels"] = (Pair("partition", short(first)),)
    if comma:
        raise Unfit(f"of several only the first is taken, {visible(first, 40)}")


def _export(draft: Draft, value: str) -> None:
    names = []
    for part in value.split(","):
        name, sign, text = part.partition("=")
        if sign and not VARIABLE.fullmatch(name):
            raise ValueError(f"{visible(name, 40)!a} is no variable's name")
        if sign:
            draft.env[name] = text
        else:
            names.append("NONE" if name.upper() in ("NIL", "NONE") else "ALL" if name.upper() == "ALL" else name)
    draft.layer["export"] = ",".join(names) or "NONE"


def _gpus(draft: Draft, value: str) -> None:
    draft.layer["gpus"] = sum(count_of(part) for part in value.split(","))


def _resources(draft: Draft, value: str) -> None:
    parts = value.split(",")
    gpus = [part for part in parts if part == "gpu" or part.startswith("gpu:")]
    if gpus:
        draft.layer["gpus"] = sum(count_of(part) for part in gpus)
    if len(gpus) < len(parts):
        raise Unfit("of these only gpu is known here, the rest is left out")


def _gpus_per_task(draft: Draft, value: str) -> None:
    draft.gpus_per_task = count_of(value)


def count_of(part: str) -> int:
    """How many GPUs: of ``gpu:a100:2`` two, of ``gpu`` or ``gpu:a100`` one. Raises ValueError."""
    if re.fullmatch(r"gpu(:[A-Za-z][\w.-]*)?", part):
        return 1
    if not (found := GPUS.fullmatch(part)):
        raise ValueError(f"{visible(part, 40)!a} is no number of GPUs")
    return int(found[1])


def _worker(draft: Draft, value: str) -> None:
    first, comma, _ = value.partition(",")
    draft.layer["worker"] = short(first)
    if comma:
        raise Unfit(f"a job has one worker here, so it gets {visible(first, 40)}")


def _nice(draft: Draft, value: str) -> None:
    if value and not re.fullmatch("-?[0-9]{1,10}", value):
        raise ValueError(f"{visible(value, 40)!a} is no adjustment")
    if value != "0" and not value.startswith("-"):
        draft.layer["priority"] = units.PRIORITIES["low"]


TABLE = (
    Known(("-c", "--cpus-per-task"), "N", "`--cpus N`", _cpus),
    Known(("-n", "--ntasks"), "N", "`--cpus`, N times as many; the script is told `SLURM_NTASKS`", _tasks),
    Known(("--ntasks-per-node",), "N", "the same, unless there is `--ntasks`", _tasks_per_node),
    Known(("-N", "--nodes"), "N", "1 is what there is; more: a warning", _nodes),
    Known(("--mem",), "SIZE", "`--memory SIZE`; a bare number is MiB in both", keep("memory", units.parse_memory)),
    Known(("--mem-per-cpu",), "SIZE", "`--memory`, that much for each CPU", _memory_per_cpu),
    Known(("-t", "--time"), "TIME", "`--time-limit`; a bare number is minutes, 0 none", _time),
    Known(("-J", "--job-name"), "NAME", "`--name NAME`", keep("name", short)),
    Known(("-a", "--array"), "RANGE", "`--array RANGE`, with `%` and steps", keep("array", plain_array)),
    Known(("-o", "--output"), "PATH", "`--stdout PATH`; default: where `logs` finds it", keep("stdout")),
    Known(("-e", "--error"), "PATH", "`--stderr PATH`", keep("stderr")),
    Known(("-D", "--chdir"), "DIR", "`--cwd DIR`", keep("cwd")),
    Known(("-d", "--dependency"), "LIST", "`--after`, for afterok, afterany, afternotok", _dependency),
    Known(("-p", "--partition"), "NAME", "`--label partition=NAME`", _partition),
    Known(("--requeue",), "", "`--on-worker-loss requeue`", settle("on_worker_loss", "requeue")),
    Known(("--no-requeue",), "", "`--on-worker-loss fail`", settle("on_worker_loss", "fail")),
    Known(("--export",), "LIST", "`--export` for names, `--env` for NAME=VALUE; default: ALL", _export),
    Known(("-A", "--account"), "NAME", "`--tenant NAME`", keep("tenant", wishes.tenant)),
    Known(("-G", "--gpus"), "N", "`--gpus N`, whatever their type", _gpus),
    Known(("--gpus-per-node",), "N", "the same", _gpus),
    Known(("--gpus-per-task",), "N", "`--gpus`, that many for each task", _gpus_per_task),
    Known(("--gres",), "LIST", "`--gpus N` for gpu:N; others: a warning", _resources),
    Known(("-w", "--nodelist"), "NAME", "`--worker NAME`", _worker),
    Known(("--nice",), "[N]", "`--priority low`", _nice),
    Known(("--priority",), "N", "`--priority N`", keep("priority", units.parse_priority)),
    Known(("-H", "--hold"), "", "`--hold`", settle("hold", True)),
    Known(("-W", "--wait"), "", "`--wait`", settle("wait", True)),
    Known(("--parsable",), "", "`--parsable`", settle("parsable", True)),
)
