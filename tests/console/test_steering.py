"""``config set`` and ``config unset``: placement of a running cluster is steered from anywhere."""

from __future__ import annotations

import json

import pytest

from clusterctl.model.exits import ExitCode
from clusterctl.model.steering import STEERABLE
from clusterctl.settings import SETTINGS
from clusterctl.store import steering
from tests.console.conftest import Run
from tests.store.scene import Scene


def ruled(scene: Scene) -> dict[str, str]:
    """What is set for the cluster."""
    return {each.name: each.value for each in steering.read(scene.db)}


def audit(scene: Scene) -> list[tuple[object, ...]]:
    """Who did what."""
    return scene.db.rows("SELECT verb, subject, reason, detail FROM audit ORDER BY id")


def shown(run: Run, *names: str) -> dict[str, tuple[str, str]]:
    """Values and origins, as they are listed."""
    said = run("config", "show", *names, "-o", "json")
    assert said.code == ExitCode.DONE, said
    return {row["name"]: (row["value"], row["origin"]) for row in json.loads(said.out)}


def test_what_is_set_holds_for_the_cluster_and_is_shown_with_who_set_it(run: Run, scene: Scene) -> None:
    said = run("config", "set", "batch_placement", "spread", "--reason", "hot machines")
    assert (said.code, said.out) == (ExitCode.DONE, "")
    assert said.err == "batch_placement is spread for the whole cluster; it was pack\n"
    assert ruled(scene) == {"batch_placement": "spread"}
    ((verb, subject, reason, detail),) = audit(scene)
    assert (verb, subject, reason, detail) == (
        "config set", "setting:batch_placement", "hot machines", {"before": "pack", "after": "spread"},
    )  # fmt: skip
    value, origin = shown(run, "batch_placement", "queue_order")["batch_placement"]
    assert (value, origin.startswith("cluster (set by ")) == ("spread", True)
    assert shown(run, "queue_order") == {"queue_order": ("drf", "default")}


def test_it_is_written_as_it_would_be_read(run: Run, scene: Scene) -> None:
    run("config", "set", "fair_half_life", "90m")
    run("config", "set", "usage_cpu_weight", "0.75")
    run("config", "set", "fair_half_life", "5400")
    assert ruled(scene) == {"fair_half_life": "1h30m", "usage_cpu_weight": "0.75"}
    assert len(audit(scene)) == 2, "the third is as it was already"


def test_every_value_that_can_be_set_is_read_again_as_it_was_meant(run: Run, scene: Scene) -> None:
    for name in STEERABLE:
        for value in SETTINGS[name].choices or ("3m" if name == "measure_ttl" else "7",):
            assert run("config", "set", name, value).code == ExitCode.DONE
    assert all(each.readable for each in steering.read(scene.db))
    assert set(ruled(scene)) == set(STEERABLE)


def test_unset_lets_our_own_hold_again(run: Run, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERCTL_QUEUE_ORDER", "priority")
    run("config", "set", "queue_order", "fifo")
    said = run("config", "unset", "queue_order", "backfill")
    assert said.err.splitlines() == [
        "queue_order is priority, schedd's own setting; it was fifo",
        "backfill was not set for the cluster: it is easy, schedd's own setting",
    ]
    assert (ruled(scene), [row[0] for row in audit(scene)]) == ({}, ["config set", "config unset"])
    assert shown(run, "queue_order") == {"queue_order": ("priority", "CLUSTERCTL_QUEUE_ORDER")}


def test_a_rehearsal_changes_nothing(run: Run, scene: Scene) -> None:
    said = run("config", "set", "backfill", "none", "--dry-run")
    assert said.err == "backfill would be none for the whole cluster; it was easy\n"
    run("config", "set", "queue_order", "fifo")
    said = run("config", "unset", "queue_order", "--dry-run")
    assert said.err == "queue_order would be drf, schedd's own setting; it was fifo\n"
    assert ruled(scene) == {"queue_order": "fifo"}


@pytest.mark.parametrize(
    "words, told",
    [
        ("set lease 3m", "lease is a setting of each process, not of the cluster"),
        ("set laese 3m", "no such setting: 'laese'"),
        ("unset lease", "lease is a setting of each process"),
        ("unset laese", "no such setting"),
        ("set batch_placement moon", "'moon' is none of pack, spread"),
        ("set service_claims_per_round 0", "'0' is not a whole number from 1"),
        ("set measure_ttl 3s", "must be at least 3 times sample_every"),
        ("set usage_cpu_weight nan", "is not a number"),
        ("set batch_placement", "one setting is wanted, and its value"),
        ("set batch_placement pack spread", "one setting is wanted, and its value"),
        ("set", "one setting is wanted"),
        ("unset", "no setting was named"),
        ("set queue_order fifo -o json", "lists nothing"),
        ("show --reason x", "changes nothing"),
        ("check --dry-run", "changes nothing"),
    ],
)
def test_nonsense_is_refused_with_the_reason(run: Run, scene: Scene, words: str, told: str) -> None:
    said = run("config", *words.split())
    assert (said.code, told in said.err) == (ExitCode.USAGE, True), said
    assert (ruled(scene), audit(scene)) == ({}, [])


def test_a_value_that_begins_with_a_dash_is_told_how_to_be_written(run: Run, scene: Scene) -> None:
    said = run("config", "set", "usage_cpu_weight", "-1")
    assert (said.code, "before a value that begins with a dash write `--`" in said.err) == (ExitCode.USAGE, True), said
    assert "usage_cpu_weight: '-1' is not a number from 0" in run("config", "set", "usage_cpu_weight", "--", "-1").err


def test_settings_are_shown_also_while_postgres_is_away(run: Run) -> None:
    said = run("config", "show", "batch_placement")
    assert (said.code, "batch_placement\tpack\tdefault" in said.out) == (ExitCode.DONE, True)
    assert "what was set for the running cluster is not known: postgres unreachable" in said.err
    assert run("config", "show", "lease").err == "", "nobody needs to be asked for that"


def test_what_cannot_be_understood_is_told_by_check_and_can_be_unset(run: Run, scene: Scene) -> None:
    steering.put(scene.db, "batch_placement", "by the moon", "ada")
    steering.put(scene.db, "moon_phase", "full", "eve")
    steering.put(scene.db, "queue_order", "fifo", "ada")
    said = run("config", "check")
    assert said.code == ExitCode.DONE
    assert "set for the cluster by ada: queue_order = fifo\n" in said.err
    assert "set for the cluster by ada: batch_placement = by the moon, which cannot be understood" in said.err
    assert shown(run, "batch_placement") == {"batch_placement": ("pack", "default")}
    assert run("config", "unset", "batch_placement", "moon_phase").code == ExitCode.DONE
    assert ruled(scene) == {"queue_order": "fifo"}
