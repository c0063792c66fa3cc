"""Why a group waits, in a sentence: the same in the log, ``job``, ``explain`` and the console."""

from __future__ import annotations

from clusterctl.model.plan import Wait
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot

SENTENCES = {
    "no_workers": "no worker is up",
    "unsatisfiable": "needs {wish}; no worker that it may use is that large{largest}",
    "fits_now": "needs {wish}; every worker that could hold it is full for now",
    "live": "needs {wish}; the workers that could hold it are not up",
    "admin_open": "needs {wish}; the workers that could hold it are draining or closed",
    "worker_trouble": "needs {wish}; the workers that could hold it take no new work: {troubles}",
    "label": "no worker carries the labels {labels}",
    "named_worker": "there is no worker {worker}",
    "array_limit": "as many of its array run as its limit allows",
    "policy_disabled": "batch_placement is none: nothing is placed",
    "round_full": "its turn comes in the next round",
}


def in_words(wait: Wait, group: QueueGroup, snapshot: Snapshot) -> str:
    """One sentence, with what it would take."""
    wish = say(group.request)
    sentence = SENTENCES.get(wait.reason, wait.reason)
    labels = " ".join(f"{key}={value}" for key, value in sorted(group.labels.items()))
    return sentence.format(
        wish=wish, labels=labels, worker=group.worker, largest=largest(snapshot), troubles=troubles(snapshot)
    )


def say(request: Resources) -> str:
    """``2 CPUs, 512 MiB, 1 GPU``; what is not asked for is left out."""
    parts = [f"{request.cpu_milli / 1000:g} CPU{'' if request.cpu_milli == 1000 else 's'}"]
    if request.memory_mb:
        parts.append(f"{request.memory_mb} MiB")
    if request.gpus:
        parts.append(f"{request.gpus} GPU{'' if request.gpus == 1 else 's'}")
    return ", ".join(parts)


def troubles(snapshot: Snapshot) -> str:
    """What troubles the workers, each in its own words, three at most."""
    told = [f"{worker.name}: {worker.trouble}" for worker in snapshot.workers if worker.trouble]
    return "; ".join(told[:3]) + ("; …" if len(told) > 3 else "")


def largest(snapshot: Snapshot) -> str:
    """The worker with the most CPUs, as an aside."""
    if not snapshot.workers:
        return ""
    worker = max(snapshot.workers, key=lambda worker: (worker.capacity.cpu_milli, worker.name))
    return f" (the largest, {worker.name}, has {say(worker.capacity)})"
