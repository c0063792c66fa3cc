#!/bin/bash
#SBATCH -o trap.out
checkpoint() {
    echo "saved"
    exit 0
}
trap checkpoint TERM
echo "ready"
while true; do
    sleep 0.05 &
    wait $!
done
