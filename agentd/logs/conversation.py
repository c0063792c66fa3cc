"""One connection to the log server: HTTP/1.1 as h11 speaks it, with an end to all patience.

Whoever is slow, sends too much or speaks nonsense loses the connection; nobody else notices.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress

import h11

from agentd.logs.answers import Answer, Rest, refusal

MOST_HEAD = 8192  # bytes of a request line with all headers
REQUEST_S = 5.0  # seconds from one answer to the whole of the next question
SEND_S = 60.0  # seconds for what is sent at once
LINGER_S = 1.0  # seconds for which we still read from whom we have refused: else it would not see why

Respond = Callable[[str, str, Mapping[str, str], Rest], Answer | None]


class Conversation:
    """Answers what comes over *connection* by *respond*, until one of the two hangs up."""

    def __init__(self, connection: socket.socket, respond: Respond) -> None:
        self._connection = connection
        self._respond = respond
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEAD)

    def run(self) -> None:
        """Question by question."""
        with suppress(OSError, h11.LocalProtocolError):  # it has hung up, was too slow, or its file was cut
            while self._turn():
                self._http.start_next_cycle()

    def _turn(self) -> bool:
        """One question and its answer; whether there may be another."""
        try:
            request = self._hear()
        except h11.RemoteProtocolError as error:
            self._refuse(refusal(error.error_status_hint, "that is no question"))
            return False
        if request is None:
            return False
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
        answer = self._respond(request.method.decode(), request.target.decode("latin-1"), headers, self._rest)
        if answer is None:
            return False
        with closing(answer):
            self._say(answer, with_body=request.method != b"HEAD")
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    def _hear(self) -> h11.Request | None:
        """The next question; None if there is none. Raises OSError if it is slow, RemoteProtocolError if nonsense."""
        deadline = time.monotonic() + REQUEST_S
        request = None
        while True:
            event = self._http.next_event()
            match event:
                case h11.Request():
                    request = event
                case h11.EndOfMessage():
                    return request
                case h11.ConnectionClosed():
                    return None
                case h11.Data():
                    raise h11.RemoteProtocolError("a question has no body", error_status_hint=413)
                case h11.NEED_DATA if request is not None:  # not even if it comes late
                    raise h11.RemoteProtocolError("a question has no body", error_status_hint=413)
                case _:
                    self._connection.settimeout(max(0.001, deadline - time.monotonic()))
                    self._http.receive_data(self._connection.recv(MOST_HEAD))

    def _say(self, answer: Answer, *, with_body: bool) -> None:
        headers = {
            "Content-Type": "application/octet-stream",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **answer.headers,
        }
        if answer.status != 204:
            headers["Content-Length"] = str(answer.length)
        response = h11.Response(status_code=answer.status, headers=list(headers.items()))
        # The head goes with the first of the body: apart, the other side would wait 40 ms before it heard the second.
        words = self._http.send(response) or b""
        for chunk in answer.chunks() if with_body else ():
            self._send(words + (self._http.send(h11.Data(chunk)) or b""))
            words = b""
        self._send(words + (self._http.send(h11.EndOfMessage()) or b""))

    def _refuse(self, answer: Answer) -> None:
        """Say why, hang up, and hear out what is still on its way: else the kernel would take our words back."""
        self._say(answer._replace(headers={**answer.headers, "Connection": "close"}), with_body=True)
        self._connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + LINGER_S
        while (left := deadline - time.monotonic()) > 0:
            self._connection.settimeout(left)
            if not self._connection.recv(MOST_HEAD):
                return

    def _send(self, data: bytes) -> None:
        if data:
            self._connection.settimeout(SEND_S)
            self._connection.sendall(data)

    def _rest(self, seconds: float) -> bool:
        """Wait; True if the other side has hung up meanwhile."""
        poll = select.poll()
        poll.register(self._connection, select.POLLRDHUP)
        return bool(poll.poll(seconds * 1000))
