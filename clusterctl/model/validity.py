"""What is refused, whatever the state of the cluster: hostile, oversized or senseless requests, and worker names."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from clusterctl.model.errors import BadInput
from clusterctl.model.spec import MAX_ARGUMENT, MAX_ARRAY, MAX_CALL, MAX_NAME, MAX_REPLICAS, MAX_SPEC, Spec, Submission

TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")
WORKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")  # also a directory's name, and part of a Redis key
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|BASH_FUNC_[\w.:-]+%%", re.ASCII)  # the latter: a function of bash
NO_TEXT = re.compile("[\0\ud800-\udfff]")
SHORT = 4096  # bytes of JSON: no bound of a text in bytes is lower
LINE = "CLUSTERCTL_ARRAY_LINE"  # the variable in which a job of an array finds its line
MAX_INT = 2**31 - 1  # a Postgres int
LAST_MOMENT = 253_000_000_000  # seconds since the epoch: the year 9987


def check_together(submissions: Sequence[Submission]) -> None:
    """Raise BadInput if *submissions*, each of which may be well, cannot be taken in by one call."""
    refuse(not submissions, "nothing to submit")
    jobs = sum(1 if each.indices is None else len(each.indices) for each in submissions)
    refuse(jobs > MAX_ARRAY, f"{jobs:,} jobs: at most {MAX_ARRAY:,} are submitted at once")
    keys = [each.key for each in submissions if each.key is not None]
    refuse(len(set(keys)) < len(keys), "a key is used twice")
    size = sum(len(msgspec.json.encode(each)) for each in submissions)
    refuse(size > MAX_CALL, f"together it is larger than {MAX_CALL >> 20} MiB, the most that is submitted at once")


def check(submission: Submission) -> None:
    """Raise BadInput, with one sentence, for the first thing that can never be run."""
    is_plain = plain(submission)  # then no text of it can be what no text may be, or longer than any bound in bytes
    check_spec(submission.spec, is_plain=is_plain)
    request = submission.request
    refuse(request.cpu_milli <= 0, "cpus must be more than 0")
    refuse(request.memory_mb < 0 or request.gpus < 0, "memory and gpus cannot be negative")
    refuse(max(request.cpu_milli, request.memory_mb, request.gpus) > MAX_INT, "more than any machine can have")
    refuse(len(submission.name) > MAX_NAME, f"the name is longer than {MAX_NAME} characters")
    if not is_plain:
        refuse_text("name", submission.name)
    refuse(not TENANT.fullmatch(submission.tenant), "a tenant is letters, digits and . _ @ -, at most 63")
    refuse(submission.retries < 0 or submission.retries > 1000, "retries must be between 0 and 1000")
    refuse(submission.time_limit_s is not None and submission.time_limit_s <= 0, "the time limit must be more than 0")
    check_deadline(submission)
    refuse(not 1 <= submission.lease_s <= MAX_INT, "the lease must be at least a second")
    refuse(abs(submission.priority) > MAX_INT // 2, "the priority is out of range")
    refuse(submission.indices is not None and len(submission.indices) > MAX_ARRAY, f"an array has at most {MAX_ARRAY}")
    refuse(submission.indices is not None and not submission.indices, "the array is empty")
    refuse(len(set(submission.indices or ())) < len(submission.indices or ()), "an index of the array is named twice")
    if submission.lines is not None:
        check_lines(submission.indices or (), submission.lines)
    if submission.kind == "service":
        check_service(submission)
    else:
        spec = submission.spec
        refuse(bool(spec.ready_cmd or spec.ready_after_s), "only a service becomes ready")
        refuse(submission.every_worker or submission.slo_p99_ms is not None, "only a service has replicas, or an SLO")
    refuse(len({after.job_id for after in submission.after}) < len(submission.after), "a dependency is named twice")
    for text in (submission.key or "", submission.user, submission.worker or "", *flat(submission.labels)):
        if len(text) > MAX_NAME:  # sentences are made when they are needed: this is done ten thousand times
            raise BadInput(f"longer than {MAX_NAME} characters: {text[:40]}…")
        if not is_plain:
            refuse_text("key, user, worker or label", text)


def plain(submission: Submission) -> bool:
    """Whether it is short, and holds no NUL and no lone surrogate anywhere: seen at one look, as nearly all are."""
    try:
        encoded = msgspec.json.encode(submission)
    except UnicodeEncodeError:
        return False
    return len(encoded) <= SHORT and b"\\u0000" not in encoded


def check_deadline(submission: Submission) -> None:
    """The same for when it should have ended."""
    after, at = submission.deadline_s, submission.deadline_at
    refuse(after is not None and at is not None, "there is one deadline")
    refuse(after is not None and not 0 < after <= MAX_INT, "a deadline is later than now, and in our time")
    refuse(at is not None and not 0 < at <= LAST_MOMENT, "a deadline is in our time")
    if after is not None and (submission.time_limit_s or 0) > after:
        raise BadInput("it could never keep its deadline: its time limit is longer")


def check_service(submission: Submission) -> None:
    """The same for what only services ask for, and for what they cannot have: they have no end."""
    refuse(submission.time_limit_s is not None, "a service has no time limit: it runs until it is cancelled")
    refuse(
        submission.deadline_s is not None or submission.deadline_at is not None, "a service does not end: no deadline"
    )
    refuse(
        submission.deadline_s is not None or submission.deadline_at is not None,
        "a service has no deadline: it never ends",
    )
    refuse(submission.retries > 0, "a service has no retries: it is started again whenever it ends")
    refuse(submission.array_limit is not None or submission.lines is not None, "a service is no array")
    refuse(submission.on_worker_loss == "fail", "a service does not fail: with its worker lost, it runs elsewhere")
    count = len(submission.indices or ())
    refuse(submission.indices != tuple(range(count)), "the replicas of a service are counted from 0")
    refuse(not 1 <= count <= MAX_REPLICAS, f"a service has at least 1 replica, and at most {MAX_REPLICAS:,}")
    refuse(submission.every_worker and count != 1, "a service on every worker has no number of replicas")
    refuse(submission.every_worker and submission.worker is not None, "a service on every worker names no worker")
    slo = submission.slo_p99_ms
    refuse(slo is not None and not 1 <= slo <= MAX_INT, "the latency of an SLO must be at least a millisecond")
    spec = submission.spec
    refuse(bool(spec.ready_cmd and spec.ready_after_s), "a service is ready by a command, or after a while, not both")
    refuse(not 0 <= spec.ready_after_s <= MAX_INT, "a service must become ready some day")


def check_lines(indices: Sequence[int], lines: Sequence[str]) -> None:
    """The same for what an array was made of."""
    refuse(len(lines) != len(indices), "an array has as many lines as indices")
    refuse(sum(map(len, lines)) > MAX_CALL, f"the lines of the array exceed {MAX_CALL >> 20} MiB")
    for line in lines:
        refuse_text("a line of the array", line)
        refuse(len(line.encode()) + len(LINE) + 1 >= MAX_ARGUMENT, "a line of the array is longer than 128 KiB")


def check_worker(name: str, gpus: int, labels: dict[str, str]) -> None:
    """Raise BadInput, with one sentence, for what no worker can be called or offer."""
    refuse(
        not WORKER.fullmatch(name), "a worker's name is letters, digits and . _ -, at most 63, a letter or digit first"
    )
    refuse(not 0 <= gpus <= MAX_INT, "gpus cannot be negative, or more than any machine can have")
    check_labels(labels)


def check_labels(labels: dict[str, str]) -> None:
    """The same for what a worker is labelled with."""
    refuse("" in labels, "a label's key is empty")
    for text in flat(labels):
        refuse(len(text) > MAX_NAME, f"a label is longer than {MAX_NAME} characters: {text[:40]}…")
        refuse(re.search(r"\s", text) is not None, f"a label has no blanks: {text!a:.80}")
        refuse_text("a label", text)


def check_spec(spec: Spec, *, is_plain: bool = False) -> None:
    """The same for what becomes a process. *is_plain*: each of its texts is known to be one, and short."""
    refuse(not spec.command and spec.script is None, "no command")
    refuse(bool(spec.command) and not spec.command[0] and spec.script is None, "the command's name is empty")
    for name in spec.env:
        if not VARIABLE.fullmatch(name):
            raise BadInput(f"not a variable's name: {name!r:.80}")
    refuse(not spec.cwd.startswith("/"), "cwd must be an absolute path")
    refuse(spec.script is not None and not spec.script.strip(), "the script is empty")
    if not is_plain:
        check_texts(spec)


def check_texts(spec: Spec) -> None:
    """The same for each text of it."""
    for argument in spec.command:
        refuse_text("argument", argument)
        refuse(len(argument.encode()) >= MAX_ARGUMENT, "an argument is longer than 128 KiB, the most that Linux takes")
    for name, value in spec.env.items():
        refuse_text(f"variable {name}", value)
        refuse(len(value.encode()) + len(name) + 1 >= MAX_ARGUMENT, f"variable {name} is longer than 128 KiB")
    for what, path in (("cwd", spec.cwd), ("stdout", spec.stdout), ("stderr", spec.stderr)):
        refuse_text(what, path)
        refuse(len(path.encode()) > 4096, f"{what} is longer than a path can be")
    refuse_text("script", spec.script or "")
    refuse_text("the readiness command", spec.ready_cmd)
    refuse(len(spec.ready_cmd.encode()) >= MAX_ARGUMENT, "the readiness command is longer than 128 KiB")
    refuse(len(msgspec.json.encode(spec)) > MAX_SPEC, "the command, environment and script together exceed 1 MiB")


def refuse_text(what: str, text: str) -> None:
    """NUL ends a C string, and a lone surrogate is no text: neither could reach the process as it was given."""
    if found := NO_TEXT.search(text):
        raise BadInput(f"{what} holds a NUL byte" if found[0] == "\0" else f"{what} is not valid UTF-8")


def refuse(fault: bool, sentence: str) -> None:
    """BadInput if there is a fault."""
    if fault:
        raise BadInput(sentence)


def flat(labels: dict[str, str]) -> list[str]:
    """Keys and values."""
    return [*labels.keys(), *labels.values()]
