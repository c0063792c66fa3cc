#!/bin/bash
#SBATCH -J reduce
#SBATCH -o reduce-%j.out
#SBATCH -t 00:05:00

total=0
for part in square.*; do
    total=$((total + $(cat "$part")))
done
echo "total=$total job=$SLURM_JOB_ID"
