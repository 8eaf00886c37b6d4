"""A small HTTP client for an API server on the loopback: kept connections, many at a time."""

from __future__ import annotations

import http.client
import json
import ssl
from collections import deque
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

JSON = "application/json"
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``body`` is sent as JSON, bytes as they are, called ``media`` in its header."""

    method: str
    path: str
    body: object = None
    media: str = JSON


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer, its body decoded from JSON where it is an object, else ``{"text": ...}``."""

    status: int
    body: Mapping[str, object]

    @property
    def message(self) -> str:
        """The message of a Kubernetes Status, or nothing."""
        return str(self.body.get("message", ""))


@dataclass(frozen=True, slots=True)
class Client:
    """Talks to one server from any number of threads; close it to close its connections."""

    port: int
    token: str
    tls: ssl.SSLContext
    _idle: deque[http.client.HTTPSConnection] = field(
        default_factory=deque, compare=False, repr=False
    )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections."""
        while self._idle:
            self._idle.pop().close()

    def send(self, request: Request) -> Reply:
        """Send one request; a kept connection that the server has closed is opened again once.

        Raises:
            OSError: the server can't be reached.
            http.client.HTTPException: it answered something that is not HTTP.
        """
        connection = self._take()
        try:
            try:
                reply = self._exchange(connection, request)
            except (http.client.HTTPException, ConnectionError, ssl.SSLEOFError):
                connection.close()
                reply = self._exchange(connection, request)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return reply

    def get(self, path: str) -> Reply:
        """Read one path."""
        return self.send(Request("GET", path))

    def post(self, path: str, body: object) -> Reply:
        """Create one object."""
        return self.send(Request("POST", path, body))

    def send_all(self, requests: Iterable[Request], *, threads: int = 8) -> list[Reply]:
        """Send many requests at a time; the replies come in the order of the requests."""
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self.send, requests))

    def _take(self) -> http.client.HTTPSConnection:
        try:
            return self._idle.pop()
        except IndexError:
            return http.client.HTTPSConnection(
                "127.0.0.1", self.port, context=self.tls, timeout=_SECONDS
            )

    def _exchange(self, connection: http.client.HTTPSConnection, request: Request) -> Reply:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": JSON}
        content: bytes | None = None
        if request.body is not None:
            body = request.body
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers["Content-Type"] = request.media
        connection.request(request.method, request.path, body=content, headers=headers)
        answer = connection.getresponse()
        return Reply(answer.status, _decode(answer.read()))


def _decode(content: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(content)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"text": content.decode(errors="replace")}
