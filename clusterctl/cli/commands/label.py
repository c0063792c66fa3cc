"""``label``: what jobs may ask a worker for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clusterctl.cli.completion import complete_workers
from clusterctl.cli.input.consent import DryRunOption, ReasonOption
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput
from clusterctl.text import visible

if TYPE_CHECKING:
    from clusterctl.store.administration import Relabelled

app = Verbs()
FORMS = "write names, then key=value to set or key- to take away: `clusterctl label w1 gpu=a100 old-`"


@app.verb()
def label(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME… KEY=VALUE|KEY-…", help="Workers, and their labels.", autocompletion=complete_workers
        ),
    ],
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
) -> None:
    """Set the labels that jobs may ask workers for, or take them away.

    $ clusterctl label w1 w2 gpu=a100 zone=b
    $ clusterctl label w1 zone-             # takes it away
    $ clusterctl submit --label gpu=a100 -- ./train

    Labels outlive the agent; they lie over those that it brings itself (`agentd --label`). What runs stays where it
    is, also where it could not start any more.
    """
    from clusterctl import operations

    names, labels = understood(words)
    with invocation(ctx).cluster() as cluster:
        changed = operations.label(cluster, names, labels, reason=reason, dry_run=dry_run)
    told = {each.name: said(each) for each in changed}
    would = "would be labelled" if dry_run else "labelled"
    for name in names:
        fate = f"{would} {told[name]}" if name in told else "is labelled like that already"
        sys.stderr.write(f"worker {name} {fate}\n")


def understood(words: Sequence[str]) -> tuple[list[str], dict[str, str | None]]:
    """Names, and labels: a value, or None for what is to go. Raises BadInput."""
    names: dict[str, None] = {}
    labels: dict[str, str | None] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign and not word.endswith("-"):
            names[word] = None
            continue
        key = key if sign else word[:-1]
        if key in labels or not key:
            raise BadInput(f"{word!a:.80}: " + ("this label is named twice" if key else "a label has a key"), FORMS)
        labels[key] = value if sign else None
    if not names or not labels:
        raise BadInput("no label was named" if names else "no worker was named", FORMS)
    return list(names), labels


def said(change: Relabelled) -> str:
    """``gpu=a100 zone-``."""
    new = [f"{key}={value}" for key, value in change.after.items() if change.before.get(key) != value]
    gone = [f"{key}-" for key in change.before.keys() - change.after.keys()]
    return visible(" ".join([*sorted(new), *sorted(gone)]))
