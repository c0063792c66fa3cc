"""The operator's pictures: the same nouns for the command line, the API and the console. Never writes.

Each is ``served``: asked through the door, it is answered by schedd's process, with the same types.
"""

from clusterctl.views.examination import count_findings, finding_codes, findings, findings_left
from clusterctl.views.health import check_schema, missing_migrations, redis_picture, status
from clusterctl.views.jobs import JobList, ended, exit_code, job, job_ids, last_id, progress, queue
from clusterctl.views.logs import output
from clusterctl.views.workers import worker, worker_list, workers_on_record

__all__ = [
    "JobList",
    "check_schema",
    "count_findings",
    "ended",
    "exit_code",
    "finding_codes",
    "findings",
    "findings_left",
    "job",
    "job_ids",
    "last_id",
    "missing_migrations",
    "output",
    "progress",
    "queue",
    "redis_picture",
    "status",
    "worker",
    "worker_list",
    "workers_on_record",
]
