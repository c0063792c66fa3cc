"""A disk that is almost full keeps new jobs away."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentd.disk import Disk, is_low
from tests.agent.mounts import mounted


@pytest.mark.parametrize(
    "free, total, was_low, low",
    [
        (201, 50_000, False, False),
        (199, 50_000, False, True),
        (299, 50_000, True, True),  # a little more is not enough
        (301, 50_000, True, False),
        (51, 1000, False, False),  # 5 % of a small one is less than 200 MB
        (49, 1000, False, True),
        (74, 1000, True, True),
        (76, 1000, True, False),
        (0, 0, False, False),  # a file system that does not count
    ],
)
def test_little_is_five_percent_or_200_mb_whichever_is_less(
    free: float, total: float, was_low: bool, low: bool
) -> None:
    assert is_low(free, total, was_low=was_low) is low


def test_it_is_said_while_it_is_so_and_logged_when_it_changes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="agentd.disk")
    with mounted(tmp_path / "disk", "tmpfs", "size=20m") as spool:
        disk = Disk(spool)
        assert disk.trouble() == ""
        (spool / "output").write_bytes(bytes(int(19.5 * 2**20)))
        assert disk.trouble() == disk.trouble() == f"disk almost full: 0M free of 20M in {spool}"
        (spool / "output").write_bytes(bytes(int(18.8 * 2**20)))
        assert disk.trouble() == f"disk almost full: 1M free of 20M in {spool}"
        (spool / "output").unlink()
        assert disk.trouble() == ""
    assert [message.split(":")[0] for message in caplog.messages] == [
        "disk almost full",
        f"the disk under {spool} has room again",
    ]


def test_a_spool_that_is_out_of_reach_is_trouble_too(tmp_path: Path) -> None:
    assert Disk(tmp_path / "gone").trouble() == f"the spool {tmp_path}/gone is out of reach: No such file or directory"
