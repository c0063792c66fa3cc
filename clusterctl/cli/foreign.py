"""What people type who come from other tools, and what it is called here.

Only words that are no command of ours: nobody is surprised by what a word does, only told another one. The words are
those of Slurm, kubectl, docker, systemd, pueue and the shell.
"""

from __future__ import annotations

from collections.abc import Iterable

HERE = {
    "submit": "sbatch run exec create apply add enqueue push launch batch bsub qsub",
    "submit --follow --": "srun salloc attach",
    "jobs": "squeue ps ls list queue q get qstat bjobs tasks pods",
    "jobs --all": "sacct history past",
    "job": "describe show inspect scontrol info",
    "explain": "why reason pending",
    "logs": "log output stdout cat tail",
    "logs -f": "follow",
    "wait": "join",
    "cancel": "scancel kill delete del rm remove stop terminate abort qdel bkill",
    "hold": "pause suspend stash block",
    "release": "unhold unpause unsuspend unblock continue start",
    "requeue": "retry rerun again resubmit",
    "status": "stat health ping overview state sdiag",
    "top": "monitor watch htop console dashboard tui ui k9s smap",
    "workers": "nodes node sinfo machines hosts agents pbsnodes bhosts",
    "worker": "host machine",
    "drain": "cordon evict disable offline",
    "resume": "uncordon undrain enable online",
    "label": "tag annotate",
    "claims": "events decisions",
    "services": "deployments deployment daemonsets svc daemons",
    "scale": "replicas resize",
    "restart": "rollout reload bounce",
    "tenants": "sshare users accounts usage namespaces",
    "tenant": "account sacctmgr quota grant",
    "doctor": "fix repair mend check diagnose verify stuck debug",
    "prune": "cleanup clean gc purge",
    "audit": "journal who",
    "up": "init serve server bootstrap",
    "down": "shutdown halt destroy",
    "db migrate": "migrate upgrade",
    "config show": "settings env setting",
    "config set": "set steer configure",
    "--version": "version",
}
# Commands that have a name already and are not there yet, and what does until then.
NOT_YET = {
    "simulate": "`clusterctl submit --dry-run` tells when a job would start",
}
OURS = {word: command for command, words in HERE.items() for word in words.split()}


def meant(word: str, commands: Iterable[str]) -> str:
    """What somebody who typed *word* probably wants to type; empty if nobody can tell."""
    lower = word.lower()
    known = {each: each for each in commands}
    if lower in known:
        return lower
    import difflib

    near = difflib.get_close_matches(lower, known, n=1)
    if lower in OURS and OURS[lower].partition(" ")[0] in (*known, "--version"):
        return OURS[lower]
    return near[0] if near else ""
