"""Steering the rounds of a running cluster: settings of placement, for whoever leads, from the next round on."""

from __future__ import annotations

from msgspec.structs import replace

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.errors import BadInput
from clusterctl.model.steering import STEERABLE, Steered, steering_of
from clusterctl.operations.workers import together
from clusterctl.settings import SETTINGS, understand
from clusterctl.settings.checks import contradictions
from clusterctl.settings.resolve import written
from clusterctl.store import audit
from clusterctl.store import steering as rulings


@served
def steer(cluster: Cluster, name: str, value: str, *, reason: str = "", dry_run: bool = False) -> Steered:
    """Let *value* hold for the whole cluster. Raises BadInput for what cannot be set like this, or makes no sense."""
    refuse_unsteerable(name)
    try:
        meant = understand(name, value)
    except ValueError as error:
        raise BadInput(f"{name}: {error}", f"`clusterctl config show {name} -o wide` tells what it is for") from None
    for trouble in contradictions(replace(cluster.settings, **{name: meant})):
        raise BadInput(trouble)
    text = written(SETTINGS[name], meant)

    def change() -> Steered:
        before = in_force(cluster, name)
        if rulings.put(cluster.db, name, text, cluster.caller):
            note(cluster, "config set", name, reason, before=before.after, after=text)
        return replace(before, after=text)

    return together(cluster, change, dry_run=dry_run)


@served
def unsteer(cluster: Cluster, name: str, *, reason: str = "", dry_run: bool = False) -> Steered:
    """Let each process's own setting hold again. Raises BadInput."""
    refuse_unsteerable(name, known=cluster_has(cluster, name))

    def change() -> Steered:
        before = in_force(cluster, name)
        own = written(SETTINGS[name], getattr(cluster.settings, name)) if name in STEERABLE else ""
        if rulings.drop(cluster.db, name):
            note(cluster, "config unset", name, reason, before=before.after, after=own)
        return replace(before, after=own)

    return together(cluster, change, dry_run=dry_run)


def in_force(cluster: Cluster, name: str) -> Steered:
    """What holds now, before and after."""
    ruled = {each.name: each.value for each in rulings.read(cluster.db)}
    own = written(SETTINGS[name], getattr(steering_of(cluster.settings), name)) if name in STEERABLE else ""
    value = ruled.get(name, own)
    return Steered(name=name, before=value, after=value, ruled=name in ruled)


def cluster_has(cluster: Cluster, name: str) -> bool:
    """Whether somebody has set it, whatever it is."""
    return any(each.name == name for each in rulings.read(cluster.db))


def refuse_unsteerable(name: str, *, known: bool = False) -> None:
    """BadInput for what is no setting of placement, and not *known* to have been set nevertheless."""
    if name in STEERABLE or known:
        return
    if name in SETTINGS:
        raise BadInput(
            f"{name} is a setting of each process, not of the cluster",
            f"set {SETTINGS[name].variable} or `{name}` in its clusterctl.toml, and start it anew",
        )
    raise BadInput(f"no such setting: {name!a:.80}", f"these can be set: {', '.join(STEERABLE)}")


def note(cluster: Cluster, verb: str, name: str, reason: str, *, before: str, after: str) -> None:
    """Keep who did it."""
    audit.note(cluster.db, cluster.caller, verb, [f"setting:{name}"], reason, detail={"before": before, "after": after})
