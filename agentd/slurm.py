"""What a script that was written for sbatch may ask its environment, besides what every job is told.

Only such a script is told: a program that meets these variables believes that Slurm runs it, and some (MPI, training
frameworks) then look for `srun`. One task on one node, which is the worker. Names and meanings: sbatch(1), "OUTPUT
ENVIRONMENT VARIABLES".
"""

from __future__ import annotations

from clusterctl.model.orders import Order

ALONE = {
    "SLURM_JOB_NUM_NODES": "1",
    "SLURM_NNODES": "1",
    "SLURM_NODEID": "0",
    "SLURM_PROCID": "0",
    "SLURM_LOCALID": "0",
    "SLURM_NTASKS": "1",
    "SLURM_NPROCS": "1",
}


def surroundings(order: Order, worker: str) -> dict[str, str]:
    """The variables; what the submission itself gave goes before them."""
    cpus = str(whole_cpus(order.request.cpu_milli))
    variables = {
        **ALONE,
        "SLURM_JOBID": str(order.job_id),
        "SLURM_JOB_NAME": order.name,
        "SLURM_JOB_USER": order.user,
        "SLURM_SUBMIT_DIR": order.spec.cwd,
        "SLURM_CPUS_ON_NODE": cpus,
        "SLURM_JOB_CPUS_PER_NODE": cpus,
        "SLURM_RESTART_COUNT": str(order.attempt - 1),
        **dict.fromkeys(("SLURM_JOB_NODELIST", "SLURM_NODELIST", "SLURMD_NODENAME"), worker),
    }
    if order.request.memory_mb:
        variables["SLURM_MEM_PER_NODE"] = str(order.request.memory_mb)
    if order.request.gpus:
        variables["SLURM_GPUS"] = variables["SLURM_GPUS_ON_NODE"] = str(order.request.gpus)
    if span := order.spec.array:
        variables |= {
            "SLURM_ARRAY_TASK_COUNT": str(span.count),
            "SLURM_ARRAY_TASK_MIN": str(span.first),
            "SLURM_ARRAY_TASK_MAX": str(span.last),
            "SLURM_ARRAY_TASK_STEP": str(span.step),
        }
    return variables


def whole_cpus(cpu_milli: int) -> int:
    """Scripts use it as a number of threads."""
    return max(1, -(-cpu_milli // 1000))
