"""``doctor`` as a listing: what is chosen of the findings, and what is mended of them then."""

from __future__ import annotations

import pytest

from clusterctl.model.exits import ExitCode
from tests.console.conftest import Run
from tests.console.test_doctor import by_hand
from tests.store.scene import Scene

RESERVED_TOO_LONG = "UPDATE allocations SET start_by = cluster_time() - interval '1 min'"
LOST_W2 = """
    UPDATE workers SET live_state = 'lost', last_heartbeat_at = cluster_time() - interval '30 d' WHERE name = 'w2'
"""


@pytest.fixture
def lost(scene: Scene) -> Scene:
    """Job 1 is reserved on w1, and nobody has started it in time; w2 has been gone for a month."""
    scene.reserve(scene.worker(), scene.jobs())
    scene.worker("w2")
    by_hand(scene, RESERVED_TOO_LONG)
    by_hand(scene, LOST_W2)
    return scene


@pytest.mark.usefixtures("lost")
def test_findings_are_filtered_sorted_and_cut_like_every_listing(run: Run) -> None:
    said = run("doctor", "-o", "ids", "--sort", "subject")
    assert (said.code, said.out) == (ExitCode.FAILED, "allocation:1\nworker:w2\n")
    said = run("doctor", "-o", "ids", "--sort", "-subject", "--limit", "1")
    assert (said.out, "… 1 more" in said.err) == ("worker:w2\n", True)
    assert "… 1 more" in run("doctor", "-o", "table", "--limit", "1").err
    said = run("doctor", "-o", "ids", "--filter", "age>7d")
    assert (said.code, said.out) == (ExitCode.FAILED, "worker:w2\n")
    said = run("doctor", "-o", "ids", "--filter", "code:cache_drift")
    assert (said.code, said.out) == (ExitCode.DONE, "")
    for words in ("--filter colour:red", "--sort colour"):
        assert run("doctor", *words.split()).code == ExitCode.USAGE


def test_what_the_filter_leaves_out_is_not_mended(run: Run, lost: Scene) -> None:
    said = run("doctor", "--fix", "-y", "--filter", "code:worker_gone")
    assert said.code == ExitCode.DONE
    assert lost.db.rows("SELECT verb FROM audit") == [("mend worker_gone",)]
    assert run("doctor", "-o", "ids").out == "allocation:1\n"
