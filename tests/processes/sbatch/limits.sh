#!/bin/bash -l
#SBATCH --partition=short
#SBATCH --account=physics
#SBATCH --mem=200
#SBATCH -t 90
#SBATCH -n 1 -N 1
#SBATCH --no-requeue
echo "memory=$SLURM_MEM_PER_NODE cpus=$SLURM_CPUS_ON_NODE nodes=$SLURM_NNODES"
