#!/bin/bash
#SBATCH --ntasks=2
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=50M
#SBATCH -o tasks-%N-%u.out
export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK
for task in $(seq "$SLURM_NTASKS"); do
    echo "task $task with $OMP_NUM_THREADS thread, $SLURM_MEM_PER_CPU MiB" &
done
wait
