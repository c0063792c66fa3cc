"""What a daemon is to its machine, and its log."""

import json
import logging
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterctl.daemon import start_logging, tell_systemd
from clusterctl.daemon.logs import FILE_BYTES, OLD_FILES

IDENTITY = """
import ctypes, pathlib
from clusterctl.daemon import hide_from_peers, name_process
name_process("agentd-of-some-worker")
hide_from_peers()
print(pathlib.Path("/proc/self/comm").read_text().strip(), ctypes.CDLL(None).prctl(3))
"""


def test_a_daemon_has_a_name_and_keeps_its_memory_to_itself() -> None:
    told = subprocess.run([sys.executable, "-c", IDENTITY], check=True, capture_output=True, text=True).stdout
    assert told == "agentd-of-some- 0\n"


@pytest.mark.parametrize("abstract", [False, True])
def test_readiness_reaches_the_service_manager(abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"@{tmp_path}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + address[1:] if abstract else address)
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        assert tell_systemd("READY=1")
        assert manager.recv(100) == b"READY=1"


def test_without_a_service_manager_nobody_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not tell_systemd("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    assert not tell_systemd("READY=1")


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    """The root logger, given back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    for each in handlers:
        root.removeHandler(each)  # pytest's own: start_logging would close them
    yield root
    for each in root.handlers[:]:
        root.removeHandler(each)
        each.close()
    for each in handlers:
        root.addHandler(each)
    root.setLevel(level)


def test_a_line_of_the_diary_is_one_line_in_utc(root_logger: logging.Logger, tmp_path: Path) -> None:
    start_logging("schedd", file=tmp_path / "log" / "schedd.log")
    root_logger.info("placed %s", "evil\nname\x1b[2J")
    root_logger.debug("too fine")
    line = (tmp_path / "log" / "schedd.log").read_text()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info schedd: placed evil\\nname\\e\[2J\n", line)


def test_no_password_is_ever_logged(root_logger: logging.Logger, tmp_path: Path) -> None:
    for form in ("text", "json"):
        file = tmp_path / form
        start_logging("agentd", file=file, format=form)
        try:
            raise ConnectionError("postgresql://u:s3cret@h/d refused")
        except ConnectionError:
            root_logger.exception("cannot reach %s", "redis://:s3cret@h")
        assert "refused" in file.read_text()
        assert "s3cret" not in file.read_text()


def test_json_is_one_object_a_line_even_with_a_traceback(root_logger: logging.Logger, tmp_path: Path) -> None:
    start_logging("agentd", file=tmp_path / "log", format="json", level="debug")
    try:
        raise RuntimeError("broken\udcff")
    except RuntimeError:
        root_logger.exception("at job \udcff")
    (line,) = (tmp_path / "log").read_text().splitlines()
    said = json.loads(line)
    assert (said["level"], said["daemon"], said["message"]) == ("error", "agentd", "at job \\udcff")
    assert said["traceback"].endswith("RuntimeError: broken\\udcff")


def test_the_log_turns_over(root_logger: logging.Logger, tmp_path: Path) -> None:
    start_logging("agentd", file=tmp_path / "log")
    for _ in range(FILE_BYTES // 1_000_000 * (OLD_FILES + 2)):
        root_logger.info("x" * 1_000_000)
    files = list(tmp_path.iterdir())
    assert len(files) == OLD_FILES + 1
    assert all(each.stat().st_size <= FILE_BYTES for each in files)
