"""The options of ``submit``, by what they are about. Each is a type that says how it is called, read and explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from clusterctl import units
from clusterctl.cli.completion import complete_labels, complete_priorities, complete_tenants, complete_workers
from clusterctl.cli.input import wishes
from clusterctl.cli.input.wishes import ArrayWish, Deadline, Dependencies, Pair, told
from clusterctl.model.spec import MAX_REPLICAS, OnWorkerLoss
from clusterctl.model.validity import MAX_INT


def option(panel: str) -> Callable[..., Any]:
    """``typer.Option`` for one panel: its flag if it is not the parameter's name, how its value looks, what it does."""

    def make(text: str, *flags: str, metavar: str | None = None, **more: Any) -> Any:
        parser = more.pop("parser", None)
        return typer.Option(
            *flags, help=text, metavar=metavar, parser=told(parser) if parser else None, rich_help_panel=panel, **more
        )

    return make


instead = option("Instead of COMMAND")
needs, when, where = option("What it needs"), option("When"), option("Where")
kept_running = option("As a service")
around, called, answer = option("Its surroundings"), option("How it is called"), option("What comes back")

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="COMMAND [ARGS]...",
        help="What to run; or the path of a script, which is sent along (-: from standard input). "
        "Options after it are its own.",
        show_default=False,
    ),
]
Wrap = Annotated[str | None, instead("What a shell shall run: 'sort in | uniq > out'.", metavar="TEXT")]
Source = Annotated[
    str | None,
    instead(
        "Submit many at once, all or none: a shell command a line, or JSON lines. -: from standard input.",
        "--from",
        metavar="FILE",
    ),
]

Cpus = Annotated[int, needs("8, or 0.5.", metavar="N", parser=units.parse_cpus, show_default="1")]
Memory = Annotated[
    int | None,
    needs(
        "512M, 4G; using more ends it. Default: the setting default_memory.", metavar="SIZE", parser=units.parse_memory
    ),
]
Gpus = Annotated[int, needs("Whole GPUs.", metavar="N", min=0, show_default=False)]
TimeLimit = Annotated[
    int | None, needs("90s, 10m, 1:30:00; running longer ends it.", metavar="TIME", parser=wishes.seconds)
]

Priority = Annotated[
    int,
    when(
        "low, medium, high or a number; higher goes first.",
        metavar="P",
        parser=units.parse_priority,
        show_default="medium",
        autocompletion=complete_priorities,
    ),
]
Tenant = Annotated[
    str,
    when("Whose job it is, for fairness.", metavar="NAME", parser=wishes.tenant, autocompletion=complete_tenants),
]
IndexRange = Annotated[
    ArrayWish | None,
    when(
        "A job for each index of 0-99 or 1,3,5, or for each line of a file; %4: four at once.",
        "--array",
        metavar="RANGE|@FILE[%LIMIT]",
        parser=wishes.array,
    ),
]
AfterJobs = Annotated[
    list[Dependencies] | None,
    when(
        "Only once that job (7, 7-9, last, array:7) has completed (:ok), failed (:notok) or ended (:any). Repeatable.",
        "--after",
        metavar="ID[:ok|:any|:notok]",
        parser=wishes.dependencies,
    ),
]
ByDeadline = Annotated[
    Deadline | None,
    when(
        "6h, 06:00 or 2030-01-31T06:00 (UTC): cancelled once it could not have ended by then.",
        "--deadline",
        metavar="TIME",
        parser=wishes.deadline,
    ),
]
Hold = Annotated[bool, when("Keep it back until `clusterctl release`.", "--hold")]
Retries = Annotated[int, when("Try so often again if it fails.", metavar="N", min=0, max=1000, show_default=False)]

OnWorker = Annotated[
    str | None, where("Only on this worker.", "--worker", metavar="NAME", autocompletion=complete_workers)
]
Labels = Annotated[
    list[Pair] | None,
    where(
        "Only on workers that carry it. Repeatable.",
        "--label",
        metavar="KEY=VALUE",
        parser=wishes.pair,
        autocompletion=complete_labels,
    ),
]
WorkerLoss = Annotated[OnWorkerLoss, where("What to do if its worker is lost.")]
Lease = Annotated[
    int | None,
    where(
        "How long it may run while its worker is cut off. Default: the setting lease.",
        metavar="TIME",
        parser=wishes.seconds,
    ),
]

Service = Annotated[
    bool, kept_running("Keep it running: started again whenever it ends, elsewhere if need be.", "--service")
]
Replicas = Annotated[
    int | None, kept_running("So many of it. Default: 1.", "--replicas", metavar="N", min=1, max=MAX_REPLICAS)
]
Daemon = Annotated[
    bool, kept_running("One of it on every worker that carries the labels, also those to come.", "--daemon")
]
ReadyCmd = Annotated[
    str | None,
    kept_running("It is ready once this shell command, run beside it, exits with 0.", "--ready-cmd", metavar="TEXT"),
]
ReadyAfter = Annotated[
    int | None,
    kept_running(
        "It is ready once it has been up so long. Default: as soon as it runs.",
        "--ready-after",
        metavar="TIME",
        parser=wishes.seconds,
    ),
]
SloP99Ms = Annotated[
    int | None,
    kept_running(
        "Its latency should stay below, in 99 of 100 requests; see `report`.",
        "--slo-p99-ms",
        metavar="N",
        min=1,
        max=MAX_INT,
    ),
]

Env = Annotated[list[Pair] | None, around("A variable. Repeatable.", "--env", metavar="NAME=VALUE", parser=wishes.pair)]
Export = Annotated[
    str,
    around(
        "Variables of here that go along; CLUSTERCTL_* only by name. Default: NONE; of a script with #SBATCH ALL.",
        metavar="ALL|NONE|NAMES",
        show_default=False,
    ),
]
Cwd = Annotated[str | None, around("Where it runs. Default: here.", metavar="DIR")]
Stdout = Annotated[
    str,
    around(
        "With %j job, %A array, %a index, %x name, as in sbatch. Default: where `logs` finds it.",
        metavar="PATH",
        show_default=False,
    ),
]
Stderr = Annotated[str, around("The same. Default: with stdout.", metavar="PATH", show_default=False)]

Name = Annotated[str | None, called("In listings. Default: as its command.", metavar="TEXT")]
Key = Annotated[
    str | None, called("The same job under the same key is submitted once: safe to repeat.", metavar="TEXT")
]
Parsable = Annotated[bool, answer("Print only the number: 42; of an array or a service 42-141.", "--parsable")]
Wait = Annotated[bool, answer("Until it has ended; then end with its exit code.", "--wait")]
Follow = Annotated[bool, answer("The same, and print its output as it comes.", "--follow")]
DryRun = Annotated[bool, answer("Check it, say what it would be, and do nothing.", "--dry-run")]
Form = Annotated[
    str | None,
    answer("Of --dry-run: table or json.", "-o", "--output", metavar="FORM", parser=wishes.picture_form),
]
Reason = Annotated[str, answer("Kept in the audit, with who did it.", metavar="TEXT", show_default=False)]
