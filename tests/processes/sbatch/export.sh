#!/bin/bash
#SBATCH --export=ALL,GREETING=hello
#SBATCH -o export.out
echo "$GREETING from $SITE_NAME, $(answer)"
