"""What is refused, whatever the state of the cluster: hostile, oversized or senseless requests, and worker names."""

from __future__ import annotations

import re

import msgspec

from clusterctl.model.errors import BadInput
from clusterctl.model.spec import MAX_ARGUMENT, MAX_ARRAY, MAX_NAME, MAX_SPEC, Spec, Submission

TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")
WORKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")  # also a directory's name, and part of a Redis key
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MAX_INT = 2**31 - 1  # a Postgres int


def check(submission: Submission) -> None:
    """Raise BadInput, with one sentence, for the first thing that can never be run."""
    check_spec(submission.spec)
    request = submission.request
    refuse(request.cpu_milli <= 0, "cpus must be more than 0")
    refuse(request.memory_mb < 0 or request.gpus < 0, "memory and gpus cannot be negative")
    refuse(max(request.cpu_milli, request.memory_mb, request.gpus) > MAX_INT, "more than any machine can have")
    refuse(len(submission.name) > MAX_NAME, f"the name is longer than {MAX_NAME} characters")
    refuse_text("name", submission.name)
    refuse(not TENANT.fullmatch(submission.tenant), "a tenant is letters, digits and . _ @ -, at most 63")
    refuse(submission.retries < 0 or submission.retries > 1000, "retries must be between 0 and 1000")
    refuse(submission.time_limit_s is not None and submission.time_limit_s <= 0, "the time limit must be more than 0")
    refuse(not 1 <= submission.lease_s <= MAX_INT, "the lease must be at least a second")
    refuse(abs(submission.priority) > MAX_INT // 2, "the priority is out of range")
    refuse(submission.indices is not None and len(submission.indices) > MAX_ARRAY, f"an array has at most {MAX_ARRAY}")
    refuse(submission.indices is not None and not submission.indices, "the array is empty")
    refuse(len({after.job_id for after in submission.after}) < len(submission.after), "a dependency is named twice")
    for text in (submission.key or "", submission.user, submission.worker or "", *flat(submission.labels)):
        refuse(len(text) > MAX_NAME, f"longer than {MAX_NAME} characters: {text[:40]}…")
        refuse_text("key, user, worker or label", text)


def check_worker(name: str, gpus: int, labels: dict[str, str]) -> None:
    """Raise BadInput, with one sentence, for what no worker can be called or offer."""
    refuse(
        not WORKER.fullmatch(name), "a worker's name is letters, digits and . _ -, at most 63, a letter or digit first"
    )
    refuse(not 0 <= gpus <= MAX_INT, "gpus cannot be negative, or more than any machine can have")
    for text in flat(labels):
        refuse(len(text) > MAX_NAME, f"a label is longer than {MAX_NAME} characters: {text[:40]}…")
        refuse_text("a label", text)


def check_spec(spec: Spec) -> None:
    """The same for what becomes a process."""
    refuse(not spec.command and spec.script is None, "no command")
    refuse(bool(spec.command) and not spec.command[0] and spec.script is None, "the command's name is empty")
    for argument in spec.command:
        refuse_text("argument", argument)
        refuse(len(argument.encode()) >= MAX_ARGUMENT, "an argument is longer than 128 KiB, the most that Linux takes")
    for name, value in spec.env.items():
        refuse(not VARIABLE.fullmatch(name), f"not a variable's name: {name!r:.80}")
        refuse_text(f"variable {name}", value)
        refuse(len(value.encode()) + len(name) + 1 >= MAX_ARGUMENT, f"variable {name} is longer than 128 KiB")
    for what, path in (("cwd", spec.cwd), ("stdout", spec.stdout), ("stderr", spec.stderr)):
        refuse_text(what, path)
        refuse(len(path.encode()) > 4096, f"{what} is longer than a path can be")
    refuse(not spec.cwd.startswith("/"), "cwd must be an absolute path")
    refuse_text("script", spec.script or "")
    refuse(spec.script is not None and not spec.script.strip(), "the script is empty")
    refuse(len(msgspec.json.encode(spec)) > MAX_SPEC, "the command, environment and script together exceed 1 MiB")


def refuse_text(what: str, text: str) -> None:
    """NUL ends a C string, and a lone surrogate is no text: neither could reach the process as it was given."""
    refuse("\0" in text, f"{what} holds a NUL byte")
    refuse(any("\ud800" <= character <= "\udfff" for character in text), f"{what} is not valid UTF-8")


def refuse(fault: bool, sentence: str) -> None:
    """BadInput if there is a fault."""
    if fault:
        raise BadInput(sentence)


def flat(labels: dict[str, str]) -> list[str]:
    """Keys and values."""
    return [*labels.keys(), *labels.values()]
