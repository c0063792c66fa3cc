"""Who an agent is."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentd.machine import agent_id
from clusterctl.model.errors import Refused


def test_an_agent_is_the_same_whenever_it_is_asked(tmp_path: Path) -> None:
    assert agent_id(tmp_path) == agent_id(tmp_path)


@pytest.mark.parametrize("spoilt", [b"", b"\xff\xfe\x00", b"nobody\n"])
def test_a_spoilt_identity_is_refused_with_a_way_out(tmp_path: Path, spoilt: bytes) -> None:
    agent_id(tmp_path)
    (tmp_path / "agent_id").write_bytes(spoilt)
    with pytest.raises(Refused) as caught:
        agent_id(tmp_path)
    assert "agent_id" in str(caught.value)
    assert "another worker" in caught.value.hint
