"""The systemd units of the documents: all that they name exists, and jobs are not walled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

from clusterctl.daemon import process
from clusterctl.model.exits import ExitCode
from clusterctl.settings import SETTINGS, Settings, load
from tests.house.test_docs import calls, impossible
from tests.house.tree import ROOT, fail_on, modules

UNITS = ROOT / "docs" / "howto" / "systemd"
DAEMONS = ("schedd", "agentd")
# What the units may say: systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.kill(5), and so on.
KNOWN = {
    "Unit": "Description Wants After StartLimitIntervalSec",
    "Service": """
        Type User EnvironmentFile ExecStart Restart RestartSec RestartPreventExitStatus TimeoutStopSec KillMode
        OOMPolicy TasksMax StateDirectory StateDirectoryMode RuntimeDirectory SupplementaryGroups UMask
        NoNewPrivileges CapabilityBoundingSet ProtectSystem ProtectHome PrivateTmp PrivateDevices ProtectClock
        ProtectControlGroups ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables
        RestrictAddressFamilies RestrictNamespaces RestrictRealtime RestrictSUIDSGID LockPersonality
        SystemCallArchitectures
    """,
    "Install": "WantedBy",
}
BINDS_JOBS = re.compile(
    r"NoNewPrivileges|CapabilityBoundingSet|Protect|Private|Restrict(?!Prevent)|LockPersonality|SystemCall|UMask"
    r"|Limit[A-Z]|Memory|CPU|Nice|OOMScoreAdjust|IgnoreSIGPIPE|WorkingDirectory"
)


def unit(path: Path) -> ConfigParser:
    """A unit file; a directive that stands there twice is an error."""
    parsed = ConfigParser(interpolation=None, comment_prefixes=("#",), delimiters=("=",))
    parsed.optionxform = str  # type: ignore[assignment,method-assign]  # as its documentation tells one to
    parsed.read_string(path.read_text(encoding="utf-8"))
    return parsed


def service(daemon: str) -> dict[str, str]:
    """What is said of *daemon*'s process."""
    return dict(unit(UNITS / f"clusterctl-{daemon}.service")["Service"])


def unknown(found: ConfigParser) -> Iterator[str]:
    """Directives that no systemd would heed."""
    for section in found.sections():
        words = KNOWN.get(section, "").split()
        yield from (f"[{section}] {directive}" for directive in found[section] if directive not in words)


@pytest.mark.parametrize("daemon", DAEMONS)
def test_every_directive_is_one(daemon: str) -> None:
    fail_on(unknown(unit(UNITS / f"clusterctl-{daemon}.service")), "systemd knows no such directive:")


def test_a_directive_that_is_none_is_caught(tmp_path: Path) -> None:
    (tmp_path / "x.service").write_text("[Service]\nType=notify\nKillMood=process\n")
    assert list(unknown(unit(tmp_path / "x.service"))) == ["[Service] KillMood"]


@pytest.mark.parametrize("daemon", DAEMONS)
def test_what_is_started_can_be(daemon: str) -> None:
    command = service(daemon)["ExecStart"]
    (call,) = calls(f"```ini\nExecStart={command}\n```\n")
    assert call.split()[0] == daemon
    fail_on(impossible(call), f"The program knows no such word: {command}")


@pytest.mark.parametrize("daemon", DAEMONS)
def test_it_is_told_to_wait_for_a_word_that_is_said_and_for_none_that_is_not(daemon: str) -> None:
    said = "".join(module.text for module in modules(daemon))
    assert service(daemon)["Type"] == "notify"
    assert 'tell_systemd("READY=1")' in said
    assert process.tell_systemd.__doc__
    assert "WatchdogSec" not in service(daemon), "nobody says WATCHDOG=1: it would be killed again and again"


@pytest.mark.parametrize("daemon", DAEMONS)
def test_only_what_a_person_must_mend_keeps_it_from_being_started_again(daemon: str) -> None:
    found = service(daemon)
    codes = {ExitCode(int(code)) for code in found["RestartPreventExitStatus"].split()}
    assert found["Restart"] == "always"
    assert ExitCode.USAGE in codes
    assert ExitCode.SCHEMA not in codes, "an upgrade heals by itself"
    assert codes <= {ExitCode.USAGE, ExitCode.NAME_TAKEN}


def test_jobs_outlive_their_agent_and_are_not_walled_in_with_it() -> None:
    found = service("agentd")
    assert found["KillMode"] == "process"
    assert found["OOMPolicy"] == "continue"
    fail_on((directive for directive in found if BINDS_JOBS.match(directive)), "Jobs would inherit:")


def test_the_spool_is_in_the_state_directory_and_nobody_elses() -> None:
    found = service("agentd")
    assert found["StateDirectoryMode"] == "0700"
    assert f"--spool /var/lib/{found['StateDirectory']}/spool" in found["ExecStart"]


def test_an_agent_is_given_the_time_to_end_its_jobs() -> None:
    assert int(service("agentd")["TimeoutStopSec"]) > Settings().term_grace + 10


def test_the_example_of_settings_holds_settings_and_the_units_read_it_where_the_page_puts_it() -> None:
    lines = (UNITS / "clusterctl.env.example").read_text(encoding="utf-8").splitlines()
    found = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert found.keys() <= {setting.variable for setting in SETTINGS.values()}
    settings = load({}, found, UNITS)
    assert settings.database_url.startswith("postgresql://")
    page = (ROOT / "docs" / "howto" / "run-it-for-real.md").read_text(encoding="utf-8")
    for daemon in DAEMONS:
        assert f"clusterctl-{daemon}.service" in page
        assert service(daemon)["User"] in page
        assert service(daemon)["EnvironmentFile"] in page
