#!/bin/bash
#SBATCH --job-name=sweep
#SBATCH --array=1-5
#SBATCH --output=out_%A_%a.log
#SBATCH --error=err_%A_%3a.log
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mail-type=END,FAIL          # nobody reads it
#SBATCH --mail-user=someone@example.org

set -euo pipefail
echo "task $SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_COUNT ($SLURM_ARRAY_TASK_MIN-$SLURM_ARRAY_TASK_MAX)"
echo "warning from $SLURM_JOB_NAME" >&2
echo "$((SLURM_ARRAY_TASK_ID * SLURM_ARRAY_TASK_ID))" > "square.$SLURM_ARRAY_TASK_ID"
