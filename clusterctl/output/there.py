"""An output on another machine: asked of its agent over HTTP, piece by piece.

What is asked and answered stands in ``agentd.logs``. The token goes to the worker's own address and nowhere else: no
proxy of the environment is used, and no redirection followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import msgspec

from clusterctl.model.errors import Outage, Refused
from clusterctl.output.pieces import Piece, Span

if TYPE_CHECKING:
    from clusterctl.model.output import OutputPicture

CONNECT_S, ANSWER_S, TAIL_S = 3.0, 10.0, 60.0  # seconds; to find many lines takes its agent a while
MOST = 1 << 20  # bytes asked for at once
MOST_CONNECTIONS = 8  # to all workers together: agents have few to give
MOST_REASON = 400  # characters


def new_client() -> httpx.Client:
    """What asks. Connections are shared and waited for; the environment has no say."""
    limits = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS)
    return httpx.Client(limits=limits, trust_env=False, follow_redirects=False)


class There:
    """*found*, as its agent serves it. Raises Outage for an agent that does not answer, or does not know our token."""

    def __init__(self, found: OutputPicture, client: httpx.Client) -> None:
        self._found = found
        self._client = client
        self._url = f"{found.logs_url}/v1/output/{found.job_id}/{found.attempt}/{found.allocation_id}/{found.stream}"

    def read(self, begin: int, wait: float = 0.0) -> Piece:
        """See Reader: the agent waits, if it is to be waited."""
        range_ = {"Range": f"bytes={begin}-{begin + MOST - 1}"}
        answer = self._ask("GET", {"wait": f"{wait:.3f}"}, ANSWER_S + wait, range_)
        data = answer.content if answer.status_code == httpx.codes.PARTIAL_CONTENT else b""
        headers = answer.headers
        try:
            size = int(headers["clusterctl-size"]) if "clusterctl-size" in headers else None
            gap = Span(*map(int, headers["clusterctl-gap"].split("-"))) if "clusterctl-gap" in headers else None
        except (TypeError, ValueError):
            raise self._outage("it does not speak as an agent does") from None
        return Piece(begin, data, gap, size, runs=headers.get("clusterctl-runs") == "yes")

    def tail(self, lines: int) -> int:
        """See Reader: the agent looks for it."""
        answer = self._ask("HEAD", {"tail": str(lines)}, TAIL_S, {})
        try:
            return int(answer.headers.get("clusterctl-begin", "0"))
        except ValueError:
            raise self._outage("it does not speak as an agent does") from None

    def close(self) -> None:
        """Nothing is held between two questions."""

    def _ask(self, method: str, question: dict[str, str], seconds: float, headers: dict[str, str]) -> httpx.Response:
        """The agent's answer. Raises Outage and Refused."""
        headers = {"Authorization": f"Bearer {self._found.logs_token}", **headers}
        timeout = httpx.Timeout(seconds, connect=CONNECT_S, pool=None)
        try:
            answer = self._client.request(method, self._url, params=question, headers=headers, timeout=timeout)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._outage(str(error) or type(error).__name__) from None
        match answer.status_code:
            case 200 | 204 | 206 | 404 | 410 | 416:
                return answer
            case 403:
                raise Refused(reason_of(answer) or "its agent refuses to read it", f"it is {self._found.path} there")
        raise self._outage(reason_of(answer) or f"it answers {answer.status_code}")

    def _outage(self, why: str) -> Outage:
        found = self._found
        return Outage(f"the log server of worker {found.worker}", why, f"on {found.hostname} it is {found.path}")


def reason_of(answer: httpx.Response) -> str:
    """What the agent says, cut short: it may be anybody."""
    try:
        return msgspec.json.decode(answer.content, type=dict[str, str]).get("reason", "")[:MOST_REASON]
    except msgspec.DecodeError:
        return ""
