"""What is asked for of a service, and which options go together with that."""

from __future__ import annotations

from typing import Any

from clusterctl.cli.input.layers import Wishes
from clusterctl.model.errors import BadInput

OF_SERVICES = ("replicas", "ready_cmd", "ready_after", "slo_p99_ms")
OF_BATCH = {
    "array": "--replicas N runs several of it",
    "time_limit": "it runs until it is cancelled",
    "retries": "it is started again whenever it ends",
    "deadline": "it never ends",
    "wait": "--follow shows its output; `clusterctl service ID` shows how it fares",
}
NOT_TOGETHER = (("daemon", "replicas"), ("daemon", "worker"), ("ready_cmd", "ready_after"))


def is_service(wishes: Wishes) -> bool:
    """Whether it is one: --daemon alone says so too."""
    return wishes.service or wishes.daemon


def refuse_misfits(wishes: Wishes) -> None:
    """BadInput for an option that makes no sense beside the others."""
    if not is_service(wishes):
        for name in OF_SERVICES:
            if getattr(wishes, name) is not None:
                raise BadInput(f"{flag(name)} is of a service", "say --service too")
        return
    for name, hint in OF_BATCH.items():
        if getattr(wishes, name):
            raise BadInput(f"{flag(name)} does not go with --service", hint)
    for one, other in NOT_TOGETHER:
        if getattr(wishes, one) and getattr(wishes, other):
            raise BadInput(f"{flag(one)} and {flag(other)} do not go together", "leave one of them out")
    if wishes.ready_cmd is not None and not wishes.ready_cmd.strip():
        raise BadInput("--ready-cmd is empty", "without it, a service is ready as soon as it runs")


def flag(name: str) -> str:
    """How the option of that parameter is written."""
    return f"--{name.replace('_', '-')}"


def fields_of(wishes: Wishes) -> dict[str, Any]:
    """The fields of a submission that make it a service; none of any other. Raises BadInput."""
    refuse_misfits(wishes)
    if not is_service(wishes):
        return {}
    return {
        "kind": "service",
        "indices": tuple(range(wishes.replicas or 1)),
        "every_worker": wishes.daemon,
        "slo_p99_ms": wishes.slo_p99_ms,
    }


def readiness_of(wishes: Wishes) -> dict[str, Any]:
    """The fields of a spec that say when it is ready, where something is said of that."""
    told = {"ready_cmd": wishes.ready_cmd, "ready_after_s": wishes.ready_after}
    return {name: value for name, value in told.items() if value is not None}
