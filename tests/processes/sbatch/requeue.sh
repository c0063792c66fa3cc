#!/bin/sh
#SBATCH --requeue
#SBATCH --output=requeue.out
#SBATCH --open-mode=append
if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then
    echo "again, from the checkpoint"
else
    echo "from the start"
fi
