"""A process that is HyperQueue's server and worker, until its standard input ends: DIRECTORY CORES."""

from __future__ import annotations

import importlib
import sys


def main(directory: str, cores: int) -> None:
    """Say when it is ready."""
    package = importlib.import_module("hyperqueue")
    cluster = importlib.import_module("hyperqueue.cluster")
    with package.LocalCluster(directory, cluster.WorkerConfig(cores=cores)):
        print("ready", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
