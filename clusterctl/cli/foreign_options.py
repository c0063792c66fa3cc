"""Options that people type who come from other tools, and how the same is said here.

Only options that the command has not. What stands beside them is an option of that command, or a whole call that begins
with ``clusterctl``. The options are those of Slurm, kubectl, docker, systemd and the shell.
"""

from __future__ import annotations

import re
from collections.abc import Collection

OF_JOBS = {
    "--filter user:NAME": "-u --user --mine --me",
    "--filter tenant:NAME": "-A --account --tenant",
    "--filter worker:NAME": "-w --nodelist --node --worker",
    "--filter name:NAME": "-n --name --jobname",
    "--filter state:STATE": "-t --state --states",
}  # for all that choose jobs and change them
CHANGE = {"--yes": "-f --force", "--reason TEXT": "-m --message --comment"}
LATER = "--deadline TIME"
# Command → how it is said here → the words of others.
HERE = {
    "submit": {
        "--cpus N": "--cores --ncpus --ntasks-per-node",
        "--memory SIZE": "--ram --mem-per-cpu",
        "--gpus N": "--gpu --gpus-per-node",
        "--time-limit TIME": "--timeout --walltime",
        "--cwd DIR": "--workdir --working-directory",
        "--after ID": "--depends --depends-on --wait-for",
        "--retries N": "--retry --max-retries --restart",
        "--label partition=NAME": "-q --queue --partitions",
        "--worker NAME": "--node --host --nodename",
        "--env NAME=VALUE": "-v --variable --environment",
        "--wrap TEXT": "--command --shell --cmd",
        "--parsable": "--quiet --print-id",
        "--from FILE": "-f --file --filename",
    },
    "jobs": {
        "--filter user:NAME": "-u --user --mine --me",
        "--filter worker:NAME": "-w --nodelist --node --worker",
        "--state STATE": "-s -t --states --status",
        "--state running": "--running",
        "--state pending": "--pending",
        "--state failed": "--failed",
        "--name NAME": "-n --jobname",
        "--tenant NAME": "-A --account --namespace",
        "-o wide": "-l --long --wide",
        "-o ids": "-q --quiet --noheader --no-headers",
        "--sort FIELD": "-S --sort-by --order-by",
        "--limit N": "--head --lines",
        "clusterctl claims -f": "-f --follow --watch -i --iterate",
        "clusterctl jobs 7": "-j --job --jobs",
        "clusterctl jobs array:7": "--array",
        "clusterctl explain 7": "--start",
    },
    "logs": {
        "--tail N": "-n --lines --since -c",
        "--stderr": "-e --err --error",
        "--follow": "-F -w --watch",
        "--attempt N": "-p --previous --try",
    },
    "cancel": {**OF_JOBS, **CHANGE, "clusterctl cancel all": "-a --all", "clusterctl cancel array:7": "--array"},
    "hold": {**OF_JOBS, **CHANGE, "clusterctl hold all": "-a --all", "clusterctl hold array:7": "--array"},
    "release": {**OF_JOBS, **CHANGE, "clusterctl release all": "-a --all", "clusterctl release array:7": "--array"},
    "requeue": {**OF_JOBS, **CHANGE, "clusterctl requeue array:7": "--array"},
    "wait": {"--timeout TIME": "-t --for --max-wait"},
    "workers": {"-o wide": "-l --long --wide", "--filter labels:NAME": "--label --selector"},
    "drain": {LATER: "-f --force --grace-period --timeout --kill-after", "--reason TEXT": "-m --message --comment"},
    "resume": {"--reason TEXT": "-m --message --comment"},
    "claims": {"--follow": "-w --watch", "--job ID": "-j --jobs"},
    "audit": {"--by NAME": "-u --user --who --actor", "--job ID": "-j --jobs"},
    "up": {"--workers N": "-n -w --nodes --agents", "--detach": "--background --daemon"},
}
EVERYWHERE = {"-o json": "--json -j", "--dry-run": "--dryrun --simulate --what-if", "--debug": "--verbose --trace"}


def meant(command: str, option: str, known: Collection[str]) -> str:
    """How *command* is told what *option* says elsewhere, by an option that is *known* to it; empty if nobody knows."""
    for table in (HERE.get(command, {}), EVERYWHERE):
        for ours, theirs in table.items():
            if option in theirs.split() and (ours.startswith("clusterctl ") or ours.split()[0] in known):
                return ours
    return of_sbatch(option, known) if command == "submit" else ""


def of_sbatch(option: str, known: Collection[str]) -> str:
    """What is made of an option of sbatch in a script: the same table tells it."""
    from clusterctl.cli.input.sbatch import BY_NAME, full_name

    found = BY_NAME.get(full_name(option))
    ours = next(iter(re.findall(r"`(--[^`]+)`", found.ours)), "") if found else ""
    return ours if ours and ours.split()[0] in known else ""


def is_of_sbatch(option: str) -> bool:
    """Whether sbatch has such an option, of which nothing can be made here."""
    from clusterctl.cli.input.sbatch import EVERY, full_name

    return full_name(option) in EVERY
