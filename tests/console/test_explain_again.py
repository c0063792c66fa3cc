"""Who explains again and again, as the process behind the door does, and remembers what he has read."""

from __future__ import annotations

from clusterctl import views
from clusterctl.cluster import Cluster
from clusterctl.settings import Settings
from tests.console.test_explain import busy
from tests.store.scene import Scene

__all__ = ["busy"]  # a fixture


def test_who_explains_again_and_again_sees_what_has_changed_meanwhile(busy: Scene) -> None:
    """He remembers what he has read; what he tells is what one tells who comes anew."""
    settings = Settings(database_url=busy.db.url, redis_url="none")
    with Cluster(settings) as cluster:
        for change in ("", "more room", "somebody waits", "another worker", "it runs"):
            alter(busy, change)
            with Cluster(settings) as fresh:
                told_again, told_first = views.explain(cluster, 2), views.explain(fresh, 2)
            assert (told_again.headline, told_again.steps, told_again.best) == (
                told_first.headline, told_first.steps, told_first.best,
            ), change  # fmt: skip


def alter(busy: Scene, change: str) -> None:
    """The world moves."""
    match change:
        case "more room":
            busy.db.run("UPDATE workers SET cpu_milli = 9000")
        case "somebody waits":
            busy.jobs(cpus=2, name="urgent", priority=90)
        case "another worker":
            busy.worker("w2", cpus=2)
        case "it runs":
            busy.run(busy.worker("w3"), [2])
