#!/bin/bash
#SBATCH --chdir=elsewhere
#SBATCH --output=here.out
echo "started in $(basename "$PWD")"
cd "$SLURM_SUBMIT_DIR"
echo "submitted from $(basename "$PWD")"
cat input.txt
