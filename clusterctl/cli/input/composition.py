"""From what was typed, and what the script says of itself, to a submission."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

import typer

from clusterctl.cli.input import directives, layers, payload, service_wishes
from clusterctl.cli.input.layers import Layer, Wishes
from clusterctl.cli.input.payload import Payload
from clusterctl.cli.input.surroundings import Surroundings
from clusterctl.cli.input.wishes import Dependencies, Pair
from clusterctl.model.errors import BadInput
from clusterctl.model.resources import Resources
from clusterctl.model.spec import After, Spec, Submission
from clusterctl.model.validity import check
from clusterctl.settings import Settings
from clusterctl.text import visible

MOST_WARNINGS = 10  # of one script


def layers_of(ctx: typer.Context, what: Payload) -> list[Layer]:
    """What the script's own lines ask for: ``#SBATCH``, then ``#CC``. Says on stderr what of it is not understood."""
    if what.script is None:
        return []
    lines = list(directives.read(what.script, what.origin))
    found = [of_slurm(what, slurm)] if (slurm := [each for each in lines if each.kind == "SBATCH"]) else []
    warnings: list[str] = []
    for each in lines:
        if each.kind == "CC":
            try:
                layer, strangers = layers.of_words(ctx, each.words)
            except BadInput as error:
                raise each.trouble(f"#CC: {error}") from None
            found.append(layer)
            warnings += [f"{each.at}: #CC {visible(option, 60)} is not understood" for option in strangers]
    warn(what, warnings)
    return found


def of_slurm(what: Payload, lines: list[directives.Directive]) -> Layer:
    """What lines that were written for sbatch ask for."""
    from clusterctl.cli.input import sbatch

    translation = sbatch.translate(lines)
    warn(what, translation.warnings)
    if missing := sbatch.missing_programs(what.script or ""):
        sys.stderr.write(f"warning: {what.origin} calls {', '.join(missing)}, which is part of Slurm and not here\n")
    # sbatch takes the whole environment along, and tells the script where it was called from.
    return {"export": "ALL", **translation.layer, "slurm": True}


def warn(what: Payload, warnings: Sequence[str]) -> None:
    """Say what of a script is not understood; of much, the first."""
    for warning in warnings[:MOST_WARNINGS]:
        sys.stderr.write(f"warning: {warning}\n")
    if (more := len(warnings) - MOST_WARNINGS) > 0:
        sys.stderr.write(f"warning: {what.origin}: {more:,} more lines or options that are not understood\n")


def compose(
    what: Payload, wishes: Wishes, settings: Settings, here: Surroundings, jobs_of: Callable[[str], Sequence[int]]
) -> Submission:
    """The submission. *jobs_of* tells the jobs that ``last`` and ``array:7`` mean to ``--after``.

    Raises BadInput for what can never be run, and whatever *jobs_of* does.
    """
    if wishes.key == "":  # `--key "$NAME"` with NAME not set: it would be the same job as everyone else's
        raise BadInput("--key is empty", "give each submission a key of its own, or leave --key out")
    array = wishes.array
    submission = Submission(
        spec=spec_of(what, wishes, here),
        request=Resources(
            wishes.cpus, settings.default_memory if wishes.memory is None else wishes.memory, wishes.gpus
        ),
        name=wishes.name or what.name,
        tenant=wishes.tenant,
        priority=wishes.priority,
        time_limit_s=wishes.time_limit,
        deadline_s=wishes.deadline.after_s if wishes.deadline else None,
        deadline_at=wishes.deadline.at if wishes.deadline else None,
        retries=wishes.retries,
        lines=array.lines if array else None,
        array_limit=array.limit if array else None,
        after=tuple(parent for group in wishes.after for parent in parents_of(group, jobs_of)),
        labels=dict(wishes.labels),
        worker=wishes.worker,
        hold=wishes.hold,
        on_worker_loss=wishes.on_worker_loss,
        lease_s=round(settings.lease) if wishes.lease is None else wishes.lease,
        key=wishes.key,
        **{"indices": array.indices if array else None, **service_wishes.fields_of(wishes)},
    )
    check(submission)
    return submission


def parents_of(group: Dependencies, jobs_of: Callable[[str], Sequence[int]]) -> Iterator[After]:
    """The jobs that one ``--after`` waits for."""
    yield from group.jobs
    if group.word:
        yield from (After(job, group.condition) for job in jobs_of(group.word))


def spec_of(what: Payload, wishes: Wishes, here: Surroundings) -> Spec:
    """What becomes a process, and where."""
    env = wishes.env
    if wishes.slurm and wishes.cwd is not None:
        env = (Pair("SLURM_SUBMIT_DIR", here.directory(None)), *env)
    return Spec(
        command=what.command,
        script=None if what.script is None else payload.runnable(what.script),
        env=here.environment(wishes.export, env, hush=wishes.slurm and wishes.export == "ALL"),
        cwd=here.directory(wishes.cwd),
        stdout=wishes.stdout,
        stderr=wishes.stderr,
        slurm=wishes.slurm,
        **service_wishes.readiness_of(wishes),
    )
