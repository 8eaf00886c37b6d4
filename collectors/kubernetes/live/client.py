"""One request at a time to an API server: how it may fail, how long and how large it may be.

Each failure has a cause of its own: refused, absent, too slow, cut short, and no answer of an API
server at all are different facts.
"""

from __future__ import annotations

import email.utils
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import BadStatusLine, RemoteDisconnected
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    IncompleteRead,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from auditor.model.enums import Answered
from collectors.kubernetes.live.session import Session

JSON: Final = "application/json"
_CHUNK: Final = 1 << 18
_BUSY: Final = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds, bytes and pages. ``total`` is for one request with all its repetitions."""

    connect: float = 10.0
    read: float = 60.0
    total: float = 300.0
    longest_wait: float = 30.0
    attempts: int = 6
    size: int = 64 << 20
    pages: int = 20_000


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, as an argument: ``now`` in UTC, ``monotonic`` seconds, and a way to wait."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``date`` is the server's clock, None when it did not say."""

    code: int
    body: bytes
    media: str
    date: datetime | None


class Unanswered(Exception):  # noqa: N818 - not an error of ours: it becomes a gap
    """No answer, or one that can't be used."""

    def __init__(
        self, answered: Answered, detail: str, hint: str = "", code: int = 0, body: bytes = b""
    ) -> None:
        super().__init__(detail)
        self.body = body
        self.answered = answered
        self.detail = detail
        self.hint = hint
        self.code = code


class Client:
    """Sends reads, and repeats those that a busy server asks to repeat."""

    def __init__(self, session: Session, clock: Clock, patience: Patience) -> None:
        self._session = session
        self._clock = clock
        self._patience = self.patience = patience
        self._host = str(session.configuration.host).rstrip("/")

    def get(self, path: str, query: Mapping[str, str] | None = None, accept: str = JSON) -> Answer:
        """Read one path.

        Raises:
            Unanswered: anything but an answer of 200 in JSON.
        """
        return self._repeat("GET", path + (f"?{urlencode(query)}" if query else ""), accept, b"")

    def hang_up(self) -> None:
        """Use no connection again: one that gave no sense may still have the rest of it to come."""
        self._session.pools.clear()

    def credentials(self) -> Mapping[str, str]:
        """The headers that identify us."""
        return self._session.headers()

    def review(self, path: str, body: object) -> Answer:
        """Ask the server about ourselves.

        Raises:
            Unanswered: as :meth:`get`.
        """
        return self._repeat("POST", path, JSON, msgspec.json.encode(body))

    def _repeat(self, method: str, path: str, accept: str, body: bytes) -> Answer:
        clock, patience = self._clock, self._patience
        deadline = clock.monotonic() + patience.total
        attempt = 1
        while True:
            answer, wait = self._once(method, path, accept, body, deadline)
            if answer.code not in _BUSY:
                return _usable(answer)
            wait = min(patience.longest_wait, wait if wait is not None else 0.2 * 2**attempt)
            if attempt == patience.attempts or clock.monotonic() + wait > deadline:
                detail = f"HTTP {answer.code} {attempt} times: {_message(answer.body)}"
                raise Unanswered(Answered.UNREACHABLE, detail, code=answer.code)
            clock.sleep(wait)
            attempt += 1

    def _once(
        self, method: str, path: str, accept: str, body: bytes, deadline: float
    ) -> tuple[Answer, float | None]:
        headers = {**self._session.headers(), "accept": accept, "accept-encoding": "gzip"}
        headers["user-agent"] = "auditor"
        if body:
            headers["content-type"] = JSON
        timeout = urllib3.Timeout(connect=self._patience.connect, read=self._patience.read)
        try:
            response = self._session.pools.request(
                method,
                self._host + path,
                body=body or None,
                headers=headers,
                timeout=timeout,
                preload_content=False,
                retries=False,
                redirect=False,
            )
            try:
                data = self._read(response, deadline)
            except BaseException:
                response.close()
                raise
            response.release_conn()
        except (HTTPError, ssl.SSLError, OSError) as error:
            raise _unanswered(error) from error
        found = response.headers
        answer = Answer(
            response.status,
            data,
            found.get("content-type", "").partition(";")[0].strip().lower(),
            _date(found.get("date")),
        )
        return answer, _wait(found.get("retry-after"), self._clock.now())

    def _read(self, response: Any, deadline: float) -> bytes:
        """The body, decompressed a piece at a time, so that a small answer can't become a large."""
        parts: list[bytes] = []
        size = 0
        while part := response.read(_CHUNK, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > self._patience.size:
                detail = f"an answer of more than {self._patience.size:,} bytes"
                raise Unanswered(Answered.TRUNCATED, detail, code=response.status)
            if self._clock.monotonic() > deadline:
                detail = f"no end of the answer within {self._patience.total:g} s"
                raise Unanswered(Answered.TIMEOUT, detail, code=response.status)
        return b"".join(parts)


def _usable(answer: Answer) -> Answer:
    code = answer.code
    if code in (200, 201):
        if answer.media != JSON:
            what = answer.media or "nothing that says what it is"
            raise Unanswered(
                Answered.MALFORMED,
                f"the answer is {what}, not JSON",
                "is there a proxy or a login page in between?",
                code,
            )
        return answer
    message = _message(answer.body) if answer.media == JSON else f"{answer.media or 'no'} content"
    answered = {
        401: Answered.DENIED,
        403: Answered.DENIED,
        404: Answered.NOT_FOUND,
        410: Answered.TRUNCATED,
    }.get(code, Answered.MALFORMED)
    raise Unanswered(answered, f"HTTP {code}: {message}", code=code, body=answer.body)


class _Status(msgspec.Struct, frozen=True, gc=False):
    message: str = ""


def _message(body: bytes) -> str:
    """The message of a Kubernetes ``Status``, on one line and not too long."""
    try:
        text = msgspec.json.decode(body, type=_Status).message
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = body[:200].decode("utf-8", "replace")
    return " ".join(text.split())[:300]


def _date(text: str | None) -> datetime | None:
    try:
        return email.utils.parsedate_to_datetime(text).astimezone(UTC) if text else None
    except (TypeError, ValueError, OverflowError):
        return None


def _wait(text: str | None, now: datetime) -> float | None:
    """Seconds of ``Retry-After`` (RFC 9110, 10.2.3): a number or a date."""
    if text and re.fullmatch(r"[0-9]{1,9}", text.strip()):
        return float(text)
    date = _date(text)
    return max(0.0, (date - now).total_seconds()) if date is not None else None


def _unanswered(error: Exception) -> Unanswered:
    """Say what happened in words of ours; those of the libraries hold addresses of memory."""
    reason = getattr(error, "reason", None)
    telling = [item for item in error.args if isinstance(item, IncompleteRead | BadStatusLine)]
    inner = reason if isinstance(reason, Exception) else next(iter(telling), error)
    match inner:
        case NameResolutionError():
            return Unanswered(Answered.UNREACHABLE, "the server's name is not known")
        case NewConnectionError():
            return Unanswered(Answered.UNREACHABLE, f"no connection: {_cause(inner)}")
        case ConnectTimeoutError():
            return Unanswered(Answered.TIMEOUT, "no connection in time")
        case ReadTimeoutError() | TimeoutError():
            return Unanswered(Answered.TIMEOUT, "the server stopped answering")
        case IncompleteRead():
            return Unanswered(Answered.TRUNCATED, "the answer ended before its announced length")
        case DecodeError():
            return Unanswered(Answered.MALFORMED, "the answer can't be decompressed")
        case SSLError() | ssl.SSLError():
            return _untrusted(inner)
        case ProxyError():
            return Unanswered(Answered.UNREACHABLE, "the proxy did not connect us", "proxy-url?")
        case BadStatusLine() if not isinstance(inner, RemoteDisconnected):
            return Unanswered(Answered.MALFORMED, "the answer is no HTTP")
        case ProtocolError() | BadStatusLine() | ConnectionError() | socket.error():
            return Unanswered(Answered.TRUNCATED, "the connection ended in the middle")
        case _:
            return Unanswered(Answered.UNREACHABLE, f"{type(inner).__name__}")


def _untrusted(error: Exception) -> Unanswered:
    text = str(error)
    found = re.search(r"certificate verify failed: ([^(\]]+)", text)
    detail = found[1].strip() if found else text.partition("] ")[2] or text
    return Unanswered(
        Answered.UNREACHABLE,
        f"TLS: {detail[:200]}",
        "certificate-authority-data of the kubeconfig says whom we trust",
    )


def _cause(error: Exception) -> str:
    below = error.__cause__ or error.__context__
    return getattr(below, "strerror", None) or "refused"
