"""From what was typed, and what the script says of itself, to a submission."""

from __future__ import annotations

import sys

import typer

from clusterctl.cli.input import directives, layers, payload
from clusterctl.cli.input.layers import Layer, Wishes
from clusterctl.cli.input.payload import Payload
from clusterctl.cli.input.surroundings import Surroundings, working_directory
from clusterctl.cli.input.wishes import Pair
from clusterctl.model.errors import BadInput
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.model.validity import check
from clusterctl.settings import Settings

MOST_WARNINGS = 10  # of one script


def layers_of(ctx: typer.Context, what: Payload) -> list[Layer]:
    """What the script's own lines ask for: ``#SBATCH``, then ``#CC``. Says on stderr what of it is not understood."""
    if what.script is None:
        return []
    lines = list(directives.read(what.script, what.origin))
    found = [of_slurm(what, slurm)] if (slurm := [each for each in lines if each.kind == "SBATCH"]) else []
    for each in lines:
        if each.kind == "CC":
            try:
                found.append(layers.of_words(ctx, each.words))
            except BadInput as error:
                raise each.trouble(f"#CC: {error}") from None
    return found


def of_slurm(what: Payload, lines: list[directives.Directive]) -> Layer:
    """What lines that were written for sbatch ask for."""
    from clusterctl.cli.input import sbatch

    translation = sbatch.translate(lines)
    warnings = list(translation.warnings[:MOST_WARNINGS])
    if (more := len(translation.warnings) - MOST_WARNINGS) > 0:
        warnings.append(f"{what.origin}: {more:,} more lines or options that are not understood")
    if missing := sbatch.missing_programs(what.script or ""):
        warnings.append(f"{what.origin} calls {', '.join(missing)}, which is part of Slurm and not here")
    for warning in warnings:
        sys.stderr.write(f"warning: {warning}\n")
    # sbatch takes the whole environment along, and tells the script where it was called from.
    return {"export": "ALL", **translation.layer, "slurm": True}


def compose(what: Payload, wishes: Wishes, settings: Settings, here: Surroundings) -> Submission:
    """The submission. Raises BadInput for what can never be run."""
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
        retries=wishes.retries,
        indices=array.indices if array else None,
        lines=array.lines if array else None,
        array_limit=array.limit if array else None,
        after=tuple(parent for group in wishes.after for parent in group.jobs),
        labels=dict(wishes.labels),
        worker=wishes.worker,
        hold=wishes.hold,
        on_worker_loss=wishes.on_worker_loss,
        lease_s=round(settings.lease) if wishes.lease is None else wishes.lease,
        key=wishes.key,
    )
    check(submission)
    return submission


def spec_of(what: Payload, wishes: Wishes, here: Surroundings) -> Spec:
    """What becomes a process, and where."""
    env = wishes.env
    if wishes.slurm and wishes.cwd is not None:
        env = (Pair("SLURM_SUBMIT_DIR", working_directory(None)), *env)
    return Spec(
        command=what.command,
        script=None if what.script is None else payload.runnable(what.script),
        env=here.environment(wishes.export, env, hush=wishes.slurm and wishes.export == "ALL"),
        cwd=working_directory(wishes.cwd),
        stdout=wishes.stdout,
        stderr=wishes.stderr,
        slurm=wishes.slurm,
    )
