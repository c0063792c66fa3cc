"""A log server over a throwaway spool, and words to ask it."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import msgspec

from agentd.logs.places import Note, Places, note_name
from agentd.logs.server import LogServer
from clusterctl.model.output import OutputPicture, Stream, default_output
from clusterctl.output import there


class Desk:
    """Serves *spool*; ``running`` holds the allocations that are at work."""

    def __init__(self, spool: Path) -> None:
        self.spool = spool
        self.running: set[int] = set()
        self.server = LogServer(Places(spool, lambda id: id in self.running), "127.0.0.1", 0)
        self.client = there.new_client()

    def write(self, job: int, content: bytes, attempt: int = 1) -> Path:
        """What that attempt has written into the spool."""
        path = self.spool / default_output(job, attempt)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(content)
        return path

    def note(self, job: int, *, stdout: Path | str = "", stderr: Path | str = "") -> None:
        """The attempt has named files of its own."""
        path = self.spool / note_name(job, 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.encode(Note(allocation_id=job, stdout=str(stdout), stderr=str(stderr))))

    def get(self, path: str, *, token: bytes = b"", method: str = "GET", **more: str) -> httpx.Response:
        """Ask for *path*, with *more* headers, by default as somebody who may."""
        headers = [(name.encode(), value.encode()) for name, value in more.items()]
        headers.append((b"Authorization", b"Bearer " + (token or self.server.token.encode())))
        return self.client.request(method, self.server.url + path, headers=headers, timeout=30)

    def reader(self, job: int, attempt: int = 1, stream: Stream = "stdout") -> there.There:
        """A reader of that attempt's output, whose allocation has the job's number."""
        return there.There(self.found(job, attempt, stream), self.client)

    def found(self, job: int, attempt: int = 1, stream: Stream = "stdout") -> OutputPicture:
        """What Postgres would say of it."""
        return OutputPicture(
            job_id=job,
            attempt=attempt,
            allocation_id=job,
            stream=stream,
            worker="w1",
            live_state="up",
            live_reason="",
            hostname="elsewhere",
            machine_id="another",
            spool=str(self.spool),
            path=str(self.spool / default_output(job, attempt)),
            logs_url=self.server.url,
            logs_token=self.server.token,
            ended=job not in self.running,
        )

    def close(self) -> None:
        """Hang up on both sides."""
        self.client.close()
        self.server.close()


def path_of(job: int, attempt: int = 1, stream: str = "stdout") -> str:
    """Where to ask for an output; its allocation has the job's number."""
    return f"/v1/output/{job}/{attempt}/{job}/{stream}"


def descriptors() -> int:
    """How many this process has open."""
    return len(os.listdir("/proc/self/fd"))
