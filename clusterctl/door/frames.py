"""What is said through the door: greeting, request, reply; and lines out of a stream of bytes."""

from __future__ import annotations

import msgspec

PROTOCOL = 1
LONGEST_REQUEST = 16 * 1024 * 1024  # bytes: 10,000 submissions, each with a script of a page
LONGEST_REPLY = 64 * 1024 * 1024  # bytes: some 90,000 jobs
PULSE = b"\n"  # still at it
PULSE_EVERY = 0.25  # seconds


class Greeting(msgspec.Struct, frozen=True, kw_only=True):
    """Who is there, and for which cluster he speaks (no passwords). ``refusal``: why he does not speak to you."""

    clusterctl: str
    protocol: int
    database: str = ""
    redis: str = ""
    redis_prefix: str = ""
    refusal: str = ""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One call. ``arguments`` are by name, without the cluster."""

    call: str
    arguments: dict[str, msgspec.Raw]


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A ClusterError as data. Three kinds are none.

    ``bug``; ``misunderstood``: nothing was called; ``too_long``: it was called, and its answer has no room.
    """

    kind: str
    message: str
    hint: str = ""
    fields: dict[str, str] = {}  # what the class adds


class Reply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Exactly one of both."""

    answer: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    trouble: Trouble | None = None


class TooLong(Exception):
    """A line has more bytes than it may have."""


class Lines:
    """Bytes come in, whole lines go out. Keeps no more than *longest* bytes of a line.

    ``ended``: how many lines have come, the empty ones too.
    """

    def __init__(self, longest: int) -> None:
        self.ended = 0
        self._longest = longest
        self._pieces: list[bytes] = []
        self._kept = 0

    @property
    def kept(self) -> int:
        """Bytes of a line that has begun and not ended."""
        return self._kept

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that *data* completes, without their ends; empty ones are left out. Raises TooLong."""
        *ends, rest = data.split(b"\n")
        lines = []
        for end in ends:
            self._keep(end)
            lines.append(b"".join(self._pieces))
            self._pieces, self._kept = [], 0
            self.ended += 1
        self._keep(rest)
        return [line for line in lines if line]

    def _keep(self, piece: bytes) -> None:
        if not piece:
            return
        self._kept += len(piece)
        if self._kept > self._longest:
            raise TooLong(f"a line of more than {self._longest} bytes")
        self._pieces.append(piece)
