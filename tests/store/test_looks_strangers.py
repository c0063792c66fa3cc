"""What strangers wrote comes through a look as it is, and asks nothing of Postgres."""

from __future__ import annotations

import pytest

from clusterctl.model.console import Screen
from clusterctl.model.errors import BadInput
from clusterctl.store import (
    audit,
)
from tests.store.onlooker import Onlooker, say
from tests.store.scene import Scene
from tests.store.service import serve

HOSTILE = (
    "[/red] [@click=app.quit]x", "\x1b]52;c;aGk=\x07", "\x1b[2J\x1bc", "\x9b31m", "a\u202eb\u2066c", "日本語👩‍👩‍👧 é",
    "two\nlines\tand a tab", "%s %(x)s {0} '; DROP TABLE jobs; --", "x" * 190,
)  # fmt: skip


@pytest.fixture
def onlooker(scene: Scene) -> Onlooker:
    """Who looks at it."""
    return Onlooker(scene.db)


@pytest.mark.parametrize("screen", ["overview", "workers", "jobs", "claims", "services", "audit"])
def test_an_unknown_field_is_refused_with_the_known_ones(onlooker: Onlooker, screen: Screen) -> None:
    with pytest.raises(BadInput, match="there is no field 'colour'"):
        onlooker.look(screen, sort=("colour",))
    assert onlooker.page(screen).keys == ()


def test_what_strangers_wrote_comes_through_unchanged(scene: Scene, onlooker: Onlooker) -> None:
    ids = [scene.jobs(name=name, user=name[:60])[0] for name in HOSTILE]
    scene.worker(labels={"odd": HOSTILE[0], HOSTILE[2]: HOSTILE[1]})
    scene.db.run("UPDATE workers SET trouble = %s, hostname = %s", HOSTILE[3], HOSTILE[5])
    say(scene, ids[0], text=HOSTILE[6])
    audit.note(scene.db, HOSTILE[1], "cancel", [f"job:{HOSTILE[2]}"], HOSTILE[4])
    serve(scene, 1, name=HOSTILE[2])
    rows = onlooker.page("jobs").rows
    assert [rows[id].name for id in ids] == list(HOSTILE)
    machine = onlooker.page("workers").rows["w1"]
    assert (machine.trouble, machine.hostname, machine.labels["odd"]) == (HOSTILE[3], HOSTILE[5], HOSTILE[0])
    assert onlooker.look("stuck").sums.waits[0].text == HOSTILE[6]
    (act,) = onlooker.page("audit").rows.values()
    assert (act.actor, act.subject, act.reason) == (HOSTILE[1], f"job:{HOSTILE[2]}", HOSTILE[4])
    (service,) = onlooker.page("services").rows.values()
    assert service.name == HOSTILE[2]


def test_a_filter_with_quotes_and_percent_signs_is_only_text(scene: Scene, onlooker: Onlooker) -> None:
    (job,) = scene.jobs(name="50%_'x\\")
    scene.jobs(name="50_other")
    assert onlooker.keys("jobs", "name:50%*") == (job,)
