"""``config check`` and ``db status``: whether all is as it should be before anything is started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clusterctl.model.exits import ExitCode
from tests.console.conftest import Run
from tests.store.scene import Scene


def test_sound_settings_are_followed_to_postgres_and_redis(run: Run, scene: Scene) -> None:
    said = run("config", "check", "--redis-url", "none")
    assert said.code == ExitCode.DONE
    assert said.err.splitlines()[:2] == ["all settings are sound", "redis: none is wanted"]
    assert "postgres: up" in said.err


def test_what_cannot_be_reached_is_told_with_its_code(run: Run, scene: Scene) -> None:
    said = run("config", "check", "--redis-url", "redis://127.0.0.1:1/0")
    assert (said.code, "redis: redis unreachable" in said.err) == (ExitCode.UNREACHABLE, True)
    said = run("config", "check", "--database-url", "postgresql://nobody@127.0.0.1:1/nothing")
    assert (said.code, "postgres: postgres unreachable" in said.err) == (ExitCode.UNREACHABLE, True)


def test_all_that_is_wrong_is_told_at_once(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clusterctl.toml").write_text("lease = '1s'\nleaze = 3\nround_every = 'soon'\n")
    monkeypatch.setenv("CLUSTERCTL_LEESE", "3m")
    said = run("config", "check")
    assert said.code == ExitCode.FAILED
    for word in ("leaze: no such setting: did you mean lease?", "round_every", "silent_after", "CLUSTERCTL_LEASE?"):
        assert word in said.err


def test_a_password_that_others_can_read_is_pointed_out(run: Run, scene: Scene, tmp_path: Path) -> None:
    file = tmp_path / "clusterctl.toml"
    file.write_text("database_url = 'postgresql://me:s3cret@h/x'\n")
    file.chmod(0o644)
    flag = run("config", "check", "--redis-url", "redis://:s3cret@127.0.0.1:1/0")
    assert "clusterctl.toml holds a password, and everyone may read it" in flag.err
    assert "--redis-url holds a password, which `ps` shows" in flag.err
    assert "s3cret" not in flag.err
    file.chmod(0o640)
    assert "holds a password" not in run("config", "check").err


def test_single_settings_are_shown_and_unknown_ones_refused(run: Run) -> None:
    said = run("config", "show", "lease", "term_grace")
    assert {line.split("\t")[0] for line in said.out.splitlines()} == {"name", "lease", "term_grace"}
    assert run("config", "show", "laese").code == ExitCode.USAGE
    assert run("config", "check", "lease").code == ExitCode.USAGE


def test_settings_are_filtered_sorted_and_cut_like_every_listing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERCTL_LEASE", "11m")
    said = run("config", "show", "--filter", "-origin:default name:lease,term_grace", "-o", "ids")
    assert (said.code, said.out) == (ExitCode.DONE, "lease\n")
    said = run("config", "show", "--sort", "-name", "--limit", "2", "-o", "ids")
    names = said.out.split()
    assert (len(names), names) == (2, sorted(names, reverse=True))
    assert "more; --limit shows them" in said.err
    assert "WHAT FOR" in run("config", "show", "lease", "-o", "wide").out
    for words in (["show", "--filter", "colour:red"], ["show", "--sort", "colour"], ["check", "--filter", "lease"]):
        assert run("config", *words).code == ExitCode.USAGE


def test_the_database_is_shown_with_its_schema_and_its_tables(run: Run, scene: Scene) -> None:
    found = json.loads(run("db", "status", "-o", "json").out)
    assert (found["schema"] >= 3, found["missing"]) == (True, [])
    assert {"jobs", "allocations", "claims", "workers"} <= {table["name"] for table in found["tables"]}
    assert 0 < found["connections"] <= found["most_connections"]
    page = run("db", "status").out
    assert page.startswith(f"schema {found['schema']}  what this program speaks")
    assert "jobs " in page


def test_a_schema_that_lacks_steps_is_shown_and_ends_with_its_code(run: Run, scene: Scene) -> None:
    scene.db.run("DELETE FROM schema_migrations WHERE version = 3")
    said = run("db", "status")
    assert (said.code, said.out.startswith("schema 2  lacks steps")) == (ExitCode.SCHEMA, True)
    assert "`clusterctl db migrate` applies 0003_views" in said.err
