"""What is asked of the log server, and what it answers.

``GET`` or ``HEAD /v1/output/JOB/ATTEMPT/ALLOCATION/stdout`` (or ``stderr``), with ``Authorization: Bearer TOKEN``:

- all of it, holes read as zeros; or with ``Range: bytes=…`` a part (206). Of a range at most ``MOST`` bytes are sent,
  and none behind a gap: ``Content-Range`` says which these are (RFC 9110, 15.3.7 allows it).
- ``?wait=S``: a range that begins where the file ends is answered when there is more, with 204 after S seconds or at
  the end of the attempt.
- ``?tail=N``: the range that begins with the last N lines.

Headers say more: ``Clusterctl-Size`` of the file, ``Clusterctl-Begin`` of what is sent, ``Clusterctl-Runs`` (``yes`` or
``no``: nothing will come any more), ``Clusterctl-Gap: BEGIN-END`` where the bytes of a range end at a gap. Errors are
JSON with a ``reason``: 404 is an output that nobody has written to yet, 410 one that is not here, or not any more.
"""

from __future__ import annotations

import errno
import hmac
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import BinaryIO, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

from agentd.logs.places import Attempt, Gone, Places
from clusterctl.model.errors import Refused
from clusterctl.model.output import Stream
from clusterctl.output.here import LATEST, SOONEST
from clusterctl.output.pieces import read_piece
from clusterctl.output.tail import tail_start

MOST = 1 << 18  # bytes of one answer to a range: each connection holds so much memory
LONGEST_WAIT = 20.0  # seconds
FARTHEST_TAIL = 1 << 30  # bytes that are looked through for the last lines

PLACE = re.compile(r"/v1/output/([1-9][0-9]{0,17})/([1-9][0-9]{0,8})/([1-9][0-9]{0,17})/(stdout|stderr)")
RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))")
WAIT = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3})?")
TAIL = re.compile(r"[0-9]{1,9}")

Rest = Callable[[float], bool]  # waits so many seconds; True if whoever asks has hung up meanwhile


class Answer(NamedTuple):
    """A status, headers and a body of *length* bytes: *data*, or what *file* holds, which whoever has it closes."""

    status: int
    headers: Mapping[str, str]
    length: int = 0
    data: bytes = b""
    file: BinaryIO | None = None

    @property
    def is_news(self) -> bool:
        """Whether it is worth more than to wait for another."""
        return self.status not in (204, 404) or "Clusterctl-Gap" in self.headers

    def chunks(self) -> Iterator[bytes]:
        """The body. It ends too soon if the file has been cut meanwhile."""
        if self.file is None:
            yield self.data
            return
        for begin in range(0, self.length, MOST):
            yield os.pread(self.file.fileno(), min(MOST, self.length - begin), begin)

    def close(self) -> None:
        """Close the file."""
        if self.file:
            self.file.close()


class Question(NamedTuple):
    """An output, and which part of it. ``range`` is (first, last, how many at the end), as they stood there."""

    attempt: Attempt
    stream: Stream
    range: tuple[str, str, str] | None
    wait: float | None
    tail: int | None

    @classmethod
    def parse(cls, target: str, range_: str) -> Self | None:
        """What *target* asks for; None if that is nothing of ours. A Range that makes no sense is not there."""
        parts = urlsplit(target)
        found = PLACE.fullmatch(parts.path)
        asked = dict(parse_qsl(parts.query, max_num_fields=4))
        wait, tail = asked.pop("wait", None), asked.pop("tail", None)
        if not found or asked or (wait and not WAIT.fullmatch(wait)) or (tail and not TAIL.fullmatch(tail)):
            return None
        part = RANGE.fullmatch(range_)
        if part and part[2] and int(part[2]) < int(part[1]):
            part = None
        return cls(
            attempt=Attempt(job_id=int(found[1]), number=int(found[2]), allocation_id=int(found[3])),
            stream="stderr" if found[4] == "stderr" else "stdout",
            range=(part[1] or "", part[2] or "", part[3] or "") if part else None,
            wait=min(float(wait), LONGEST_WAIT) if wait else None,
            tail=int(tail) if tail else None,
        )


class Answers:
    """Answers whoever knows *token* about the outputs in *places*. Used by many threads."""

    def __init__(self, places: Places, token: str) -> None:
        self._places = places
        self._token = f"Bearer {token}".encode()

    def answer(self, method: str, target: str, headers: Mapping[str, str], rest: Rest) -> Answer | None:
        """The answer; None if it is wanted no more."""
        if not hmac.compare_digest(headers.get("authorization", "").encode(), self._token):
            return refusal(401, "the token is missing, or not ours", {"WWW-Authenticate": "Bearer"})
        if method not in ("GET", "HEAD"):
            return refusal(405, "outputs are only read", {"Allow": "GET, HEAD"})
        try:
            question = Question.parse(target, headers.get("range", ""))
        except ValueError:
            question = None
        return refusal(404, "there is nothing of that name") if question is None else self._wait_for(question, rest)

    def _wait_for(self, question: Question, rest: Rest) -> Answer | None:
        """The answer, once there is something to tell."""
        deadline, pause = time.monotonic() + (question.wait or 0.0), SOONEST
        while True:
            # First whether it runs: what has ended by then has also written all that it ever will.
            runs = self._places.runs(question.attempt.allocation_id)
            found = self._look(question, runs)
            left = deadline - time.monotonic()
            if found.is_news or not runs or left <= 0:
                return found
            if rest(min(pause, left)):
                return None
            pause = min(pause * 1.5, LATEST)

    def _look(self, question: Question, runs: bool) -> Answer:
        """What can be answered now."""
        told = {"Clusterctl-Runs": "yes" if runs else "no"}
        try:
            fd = self._places.open(question.attempt, question.stream)
        except Gone:
            if runs:
                return refusal(404, "nothing has been written yet", told)
            return refusal(410, "it is not here, or not any more: outputs are deleted after keep_logs", told)
        except (OSError, Refused) as error:
            return refusal(403, f"it cannot be read: {reason_of(error)}", told)
        with ExitStack() as opened:
            file = opened.enter_context(open(fd, "rb", buffering=0))
            size = os.fstat(fd).st_size
            told["Clusterctl-Size"] = str(size)
            if question.range is not None or question.tail is not None:
                return part(fd, size, question, told)
            opened.pop_all()  # whoever sends it closes it
            return Answer(200, {**told, "Accept-Ranges": "bytes"}, size, file=file)


def part(fd: int, size: int, question: Question, told: Mapping[str, str]) -> Answer:
    """The range of the file *fd* that is asked for, or what of it goes into one answer."""
    begin, end = span_of(fd, size, question)
    told = {**told, "Clusterctl-Begin": str(begin)}
    is_at_end = begin == size and (question.wait is not None or question.tail is not None)
    if begin >= size and not is_at_end:
        return refusal(416, "the output is not so long", {**told, "Content-Range": f"bytes */{size}"})
    piece = read_piece(fd, begin, min(end - begin, MOST)) if end > begin else None
    if piece is None or piece.end == begin:
        return Answer(204, told)
    if piece.gap:
        told = {**told, "Clusterctl-Gap": f"{piece.gap.begin}-{piece.gap.end}"}
    if not piece.data:
        return Answer(204, told)
    last = begin + len(piece.data) - 1
    return Answer(206, {**told, "Content-Range": f"bytes {begin}-{last}/{size}"}, len(piece.data), piece.data)


def span_of(fd: int, size: int, question: Question) -> tuple[int, int]:
    """From where to before where."""
    if question.range is None:
        return tail_start(fd, question.tail or 0, FARTHEST_TAIL), size
    first, last, many = question.range
    if many:
        return (max(0, size - int(many)), size) if int(many) else (size + 1, size)
    return int(first), min(size, int(last) + 1) if last else size


def reason_of(error: OSError | Refused) -> str:
    """Why a file is not opened."""
    if isinstance(error, Refused):
        return str(error)
    return "it is a link" if error.errno == errno.ELOOP else error.strerror or type(error).__name__


def refusal(status: int, reason: str, told: Mapping[str, str] | None = None) -> Answer:
    """An answer that is none."""
    body = json.dumps({"reason": reason}).encode()
    return Answer(status, {"Content-Type": "application/json", **(told or {})}, len(body), body)
