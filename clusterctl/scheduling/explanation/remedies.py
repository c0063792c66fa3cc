"""What helps against each reason to wait, where no change is proven to: a line for a page, and for the reference."""

from __future__ import annotations

from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.filters import BACKFILL
from clusterctl.scheduling.quotas import is_beyond
from clusterctl.scheduling.words import in_words

REMEDIES = {
    "no_workers": "Start an agentd, or see why those that there are do not reach Postgres: `clusterctl workers`.",
    "unsatisfiable": "Ask for less, or bring a worker that is large enough.",
    "fits_now": "Wait; or raise its priority.",
    "live": "Find out why the agents of those workers are silent.",
    "admin_open": "Open one of those workers again.",
    "worker_trouble": "Mend what the worker complains of: `clusterctl worker NAME`. It takes work again by itself.",
    "label": "Give a worker the label (`clusterctl agentd --label`), or ask without.",
    "named_worker": "Check the name: `clusterctl workers`.",
    "fits_load": "Wait until they use less, or bring another worker; `clusterctl workers` shows what they use.",
    "measured": "See why their agents do not tell what they use; or `clusterctl config set use_measures never`.",
    "array_limit": "Wait: one starts as soon as one ends.",
    "tenant_quota": "Wait until jobs of the tenant end, or raise its quota: `clusterctl tenant NAME`.",
    "backfill": "Give it a `--time-limit` that is short enough to end before, or wait.",
    "service_claims": "Nothing; or raise `service_claims_per_round`.",
    "policy_disabled": "Set `batch_placement` or `service_placement` to a policy.",
    "round_full": "Nothing; the next round follows at once.",
}
OF_SERVICE = {BACKFILL: "Wait, or bring another worker: a service never ends, so it cannot end before."}


def advice(scene: Scene) -> str:
    """What may help the job; empty where it needs none, or is not ready."""
    if scene.subject.held:
        return once_released(scene)
    if scene.subject.unmet or scene.subject.not_before is not None or scene.start or scene.wait is None:
        return ""
    reason, tenant = scene.wait.reason, scene.group.tenant
    if reason == "tenant_quota" and is_beyond(scene.group, scene.snapshot.quotas[tenant]):
        return f"Ask for less, or raise the quota: `clusterctl tenant {tenant}`."
    found = OF_SERVICE.get(reason) if scene.group.kind == "service" else None
    return found or REMEDIES.get(reason, "")


def once_released(scene: Scene) -> str:
    """How a job is let go that would wait even then."""
    if scene.start or scene.wait is None:
        return ""
    job_id = scene.subject.job_id
    how = "Submit it without `--hold`" if job_id is None else f"`clusterctl release {job_id}` lets it go"
    return f"{how}; then it would wait: {in_words(scene.wait, scene.group, scene.snapshot)}"
