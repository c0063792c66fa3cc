#!/bin/bash
#SBATCH -a 0-5%1
#SBATCH -o throttled-%a.out
mkdir lock || { echo "somebody else runs"; exit 1; }
sleep 0.1
rmdir lock
echo "alone"
