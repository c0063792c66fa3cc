#!/bin/bash
#SBATCH --gres=gpu:a100:1
#SBATCH --qos=normal
nvidia-smi
