"""The operator's pictures: the same nouns for the command line, the API and the console. Never writes.

Each is ``served``: asked through the door, it is answered by schedd's process, with the same types.
"""

from typing import TYPE_CHECKING

from clusterctl.door.lazily import lazily

# Every name stands here three times: for the type checker, for a command that must not import them all, and to be
# found by schedd's door, which does.
if TYPE_CHECKING:
    from clusterctl.views.audit import audit_log, audit_news
    from clusterctl.views.claims import claim_log, claim_news
    from clusterctl.views.examination import count_findings, finding_codes, finding_story, findings, findings_left
    from clusterctl.views.explanation import explain, foresee, warning
    from clusterctl.views.health import redis_picture, status
    from clusterctl.views.jobs import JobList, ended, exit_code, job, job_ids, last_id, progress, queue, stories
    from clusterctl.views.logs import output, outputs
    from clusterctl.views.retention import keep_logs, leftovers, spools, standing
    from clusterctl.views.rounds import claim, round_list
    from clusterctl.views.schema import check_schema, database, missing_migrations
    from clusterctl.views.services import find_service, service, service_list
    from clusterctl.views.steering import rulings
    from clusterctl.views.tenants import tenant, tenant_list
    from clusterctl.views.workers import WorkerList, worker, worker_list, worker_page, workers_on_record
else:
    __getattr__ = lazily(
        __name__,
        {
            "audit": "audit_log audit_news",
            "claims": "claim_log claim_news",
            "examination": "count_findings finding_codes finding_story findings findings_left",
            "explanation": "explain foresee warning",
            "health": "redis_picture status",
            "jobs": "JobList ended exit_code job job_ids last_id progress queue stories",
            "logs": "output outputs",
            "retention": "keep_logs leftovers spools standing",
            "rounds": "claim round_list",
            "schema": "check_schema database missing_migrations",
            "services": "find_service service service_list",
            "steering": "rulings",
            "tenants": "tenant tenant_list",
            "workers": "WorkerList worker worker_list worker_page workers_on_record",
        },
    )

__all__ = [
    "JobList",
    "WorkerList",
    "audit_log",
    "audit_news",
    "check_schema",
    "claim",
    "claim_log",
    "claim_news",
    "count_findings",
    "database",
    "ended",
    "exit_code",
    "explain",
    "find_service",
    "finding_codes",
    "finding_story",
    "findings",
    "findings_left",
    "foresee",
    "job",
    "job_ids",
    "keep_logs",
    "last_id",
    "leftovers",
    "missing_migrations",
    "output",
    "outputs",
    "progress",
    "queue",
    "redis_picture",
    "round_list",
    "rulings",
    "service",
    "service_list",
    "spools",
    "standing",
    "status",
    "stories",
    "tenant",
    "tenant_list",
    "warning",
    "worker",
    "worker_list",
    "worker_page",
    "workers_on_record",
]
