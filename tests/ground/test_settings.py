"""Settings: who wins, what is refused, and where it is said to come from."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clusterctl import settings
from clusterctl.settings import SETTINGS, Settings, load, origins, problems, resolve, running_stack, strangers
from clusterctl.settings.resolve import written


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A world of its own: an empty user directory, an absent system file, an empty state directory."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(resolve, "SYSTEM_FILE", tmp_path / "etc" / "clusterctl.toml")
    (tmp_path / "here").mkdir()
    return tmp_path


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def stack(places: Path, **process: object) -> None:
    processes = [{"role": "postgres", "name": "postgres", **process}]
    content = {"database_url": "postgresql:///of-the-stack", "redis_url": "unix:///s", "processes": processes}
    write(places / "state" / "clusterctl" / "stack.json", json.dumps(content))


def test_without_a_word_from_anyone_the_defaults_hold(places: Path) -> None:
    found = load(env={}, cwd=places / "here")
    assert found == Settings()
    assert found.state_dir == places / "state" / "clusterctl"
    assert {each.origin for each in origins(env={}, cwd=places / "here")} == {"default"}


def test_the_strongest_that_speaks_wins(places: Path) -> None:
    here = places / "here"
    flags: dict[str, str] = {}
    env: dict[str, str] = {}
    stack(places, pid=os.getpid())
    assert load(flags, env, here).database_url == "postgresql:///of-the-stack"
    write(places / "etc" / "clusterctl.toml", 'database_url = "postgresql:///of-the-system"')
    assert load(flags, env, here).database_url == "postgresql:///of-the-system"
    write(places / "config" / "clusterctl" / "clusterctl.toml", 'database_url = "postgresql:///of-the-user"')
    assert load(flags, env, here).database_url == "postgresql:///of-the-user"
    write(here / "clusterctl.toml", 'database_url = "postgresql:///of-the-project"')
    assert load(flags, env, here).database_url == "postgresql:///of-the-project"
    env = {"CLUSTERCTL_DATABASE_URL": "postgresql:///of-the-environment"}
    assert load(flags, env, here).database_url == "postgresql:///of-the-environment"
    flags = {"database_url": "postgresql:///of-the-flag"}
    assert load(flags, env, here).database_url == "postgresql:///of-the-flag"
    assert load(flags, env, here).redis_url == "unix:///s"  # of the stack still: nobody else spoke


def test_every_value_tells_its_origin_and_no_password(places: Path) -> None:
    here = places / "here"
    file = write(here / "clusterctl.toml", 'lease = "10m"\ndefault_memory = 512\n')
    env = {"CLUSTERCTL_REDIS_URL": "redis://:s3cret@h/1"}
    found = {each.name: each for each in origins({"round_every": "0.5"}, env, here)}
    assert found["lease"] == ("lease", "10m", str(file))
    assert found["default_memory"] == ("default_memory", "512M", str(file))
    assert found["redis_url"] == ("redis_url", "redis://:***@h/1", "CLUSTERCTL_REDIS_URL")
    assert found["round_every"] == ("round_every", "500ms", "command line")
    assert list(found) == list(SETTINGS)


def test_a_stack_whose_postgres_died_still_says_where_it_was(places: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    stack(places, pid=gone.pid)
    assert load(env={}, cwd=places / "here").redis_url == "unix:///s"
    assert running_stack(places / "state" / "clusterctl") is None


def test_a_pid_that_now_is_another_process_is_not_the_stacks_postgres(places: Path) -> None:
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    stack(places, pid=os.getpid(), started=ticks)
    assert running_stack(places / "state" / "clusterctl") is not None
    stack(places, pid=os.getpid(), started=ticks - 1)
    assert running_stack(places / "state" / "clusterctl") is None


@pytest.mark.parametrize("answering", [{}, {"database_url": "postgresql:///s"}, {"redis_url": "unix:///s"}])
def test_a_stack_whose_servers_are_only_being_started_counts_as_none(places: Path, answering: dict[str, str]) -> None:
    content = {"database_url": "", "redis_url": "", **answering}
    write(places / "state" / "clusterctl" / "stack.json", json.dumps(content))
    assert load(env={}, cwd=places / "here") == Settings()


@pytest.mark.parametrize("content", ["", "{", '{"database_url": 7}', "[]"])
def test_a_torn_stack_file_counts_as_none(places: Path, content: str) -> None:
    write(places / "state" / "clusterctl" / "stack.json", content)
    assert load(env={}, cwd=places / "here") == Settings()


@pytest.mark.parametrize(
    "line,complaint",
    [
        ("lese = '10m'", "lese: no such setting: did you mean lease\\?"),
        (
            "batch_placement = 'best'",
            "batch_placement: 'best' is none of pack, spread, service_count, resource_usage, ",
        ),
        ("lease = 'soon'", "lease: 'soon' is not a duration"),
        ("lease = 0", "lease: it must be longer than 0s"),
        ("lease = 01:30:00", "lease: put the value in quotes"),
        ("lease = true", "lease: put the value in quotes"),
        ("redis_prefix = 7", "redis_prefix: put the value in quotes"),
        ("service_claims_per_round = 0", "service_claims_per_round: '0' is not a whole number"),
        ("expected_workers = -1", "expected_workers: '-1' is not a whole number from 0"),
        ("[lease]\nx = 1", "lease: settings are not nested"),
        ("lease = 10m", "line 1.*text stands in quotes"),
    ],
)
def test_a_file_is_refused_with_its_name_and_the_key(places: Path, line: str, complaint: str) -> None:
    file = write(places / "here" / "clusterctl.toml", line)
    with pytest.raises(ValueError, match=complaint) as refusal:
        load(env={}, cwd=places / "here")
    assert str(refusal.value).startswith(f"{file}: ")


def test_a_variable_and_a_flag_are_called_what_the_operator_calls_them(places: Path) -> None:
    with pytest.raises(ValueError, match=r"^CLUSTERCTL_LEASE: '-5' is not a duration"):
        load(env={"CLUSTERCTL_LEASE": "-5"}, cwd=places)
    with pytest.raises(ValueError, match=r"^--queue-order: 'lifo' is none of fifo, priority, drf"):
        load({"queue_order": "lifo"}, env={}, cwd=places)


def test_an_empty_variable_is_an_unset_one(places: Path) -> None:
    assert load(env={"CLUSTERCTL_DATABASE_URL": ""}, cwd=places).database_url == Settings().database_url


def test_paths_begin_where_they_were_written(places: Path) -> None:
    write(places / "etc" / "clusterctl.toml", 'state_dir = "state"\nlog_file = "~/x.log"')
    found = load(env={}, cwd=places / "here")
    assert found.state_dir == places / "etc" / "state"
    assert found.log_file == Path.home() / "x.log"
    assert load({"state_dir": "mine"}, env={}, cwd=places / "here").state_dir == places / "here" / "mine"


@pytest.mark.parametrize(
    "flags,complaint",
    [
        ({"silent_after": "10s"}, r"silent_after \(10s\) must be at least 3 times beat_every \(5s\)"),
        ({"heartbeat_ttl": "8s"}, "heartbeat_ttl"),
        ({"lease": "10s"}, "lease"),
        ({"lease_margin": "5s"}, "lease_margin"),
        ({"start_timeout": "6s"}, "start_timeout"),
        ({"sample_to_postgres_every": "1s"}, "sample_to_postgres_every"),
        ({"redis_url": "http://h"}, "redis_url begins with 'http'"),
        ({"database_url": "mysql://h/d"}, "database_url begins with 'mysql'"),
        ({"logs_port": "65536"}, "ports end at 65535"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(places: Path, flags: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        load(flags, env={}, cwd=places)


def test_a_misspelt_variable_gets_a_hint_and_a_jobs_own_does_not() -> None:
    env = {"CLUSTERCTL_DATABSE_URL": "x", "CLUSTERCTL_JOB_ID": "7", "CLUSTERCTL_WORKER": "w", "CLUSTERCTL_ZEBRA": "z"}
    assert strangers(env) == ("CLUSTERCTL_DATABSE_URL is not a setting: did you mean CLUSTERCTL_DATABASE_URL?",)


def test_a_check_tells_everything_that_is_wrong_at_once(places: Path) -> None:
    file = write(places / "here" / "clusterctl.toml", 'lese = "1s"\nbeat_every = "20s"')
    told = problems({}, {"CLUSTERCTL_LEASE": "x", "CLUSTERCTL_BEAT_EVRY": "1s"}, file.parent)
    assert len([each for each in told if "lese" in each or "CLUSTERCTL_LEASE:" in each or "EVRY" in each]) == 3
    assert any(each.startswith("silent_after (15s)") for each in told)


def test_every_setting_can_be_written_as_it_is_shown(places: Path) -> None:
    shown = {name: written(each, each.default) for name, each in SETTINGS.items()}
    assert load(shown, env={}, cwd=places) == Settings(state_dir=SETTINGS["state_dir"].default)  # type: ignore[arg-type]  # a default is an object to the table
    assert all(each.reason.endswith(".") and len(each.reason) < 110 for each in SETTINGS.values())


def test_the_package_is_light() -> None:
    code = "import sys, clusterctl.settings; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert settings.__name__ in loaded
    assert not {"redis", "psycopg", "typer", "rich", "textual", "pydantic", "tomllib", "difflib"} & set(loaded)
