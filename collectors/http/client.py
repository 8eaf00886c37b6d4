"""One request at a time to a server: how it may fail, how long and how large it may be.

Each failure has a cause of its own: refused, absent, too slow, cut short, and no answer that
anybody understands are different facts.
"""

from __future__ import annotations

import email.utils
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import msgspec
import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, ReadTimeoutError

from auditor.errors import CollectionError
from auditor.late import late
from auditor.model.enums import Answered
from auditor.secrets.own import Own
from collectors.http.clock import Clock
from collectors.http.credentials import Credentials
from collectors.http.deadline import Deadline, Watch
from collectors.http.dialect import Dialect
from collectors.http.failures import Unanswered, is_dropped, unanswered
from collectors.http.guard import WriteRefusedError
from collectors.http.patience import Budget, Patience

JSON: Final = "application/json"
TEXT: Final = "text/plain"
_CHUNK: Final = 1 << 22
"""Most pages are one piece then, which nobody has to put together."""
_GOOD: Final = frozenset({200, 201})
_BUSY: Final = frozenset({429, 500, 502, 503, 504})
_PATH: Final = late(r"[A-Za-z0-9._~:@+=,/-]+")
"""What never ends a path (``?``) and needs no escape; the guard says which paths may be asked."""
_LEAST: Final = 0.05
"""Seconds; a time-out of none would be another mode of the socket."""


class Answer(msgspec.Struct, frozen=True):
    """An answer of 200 or 201; ``date`` is the server's clock, None when it did not say.

    ``cookies`` are the values of ``Set-Cookie``, which may well be credentials.
    """

    code: int
    body: bytes
    media: str
    date: datetime | None
    cookies: tuple[str, ...] = ()


class _Request(msgspec.Struct, frozen=True):
    method: str
    path: str
    accept: str
    body: bytes
    media: str = JSON
    more: Mapping[str, str] = MappingProxyType({})


class Session(Protocol):
    """A configured connection to one server, and who we are to it."""

    @property
    def server(self) -> str:
        """The address; paths are below it."""
        ...

    @property
    def pools(self) -> urllib3.PoolManager:
        """Where requests go through: see :func:`collectors.http.transport.pools_of`."""
        ...

    @property
    def watch(self) -> Watch:
        """The deadlines of the requests in the pools."""
        ...

    def credentials(self) -> Credentials:
        """Return what identifies us now, refreshed where a token has an end.

        Raises CollectionError when there is nothing any more.
        """
        ...

    def secrets(self) -> tuple[str, ...]:
        """Return all that identifies us and must be in no output; it never fails."""
        ...

    def again(self) -> Session:
        """Open it anew, with credentials as they are then.

        Raises CollectionError as opening it did.
        """
        ...


class Client:
    """Sends what the session's guard lets pass, and repeats what a busy server asks to repeat."""

    def __init__(
        self, session: Session, dialect: Dialect, clock: Clock, patience: Patience
    ) -> None:
        self._session = session
        self._dialect = dialect
        self._clock = clock
        self.patience = patience
        self._budget = Budget(patience, dialect.noun)
        self._host = session.server.rstrip("/")
        self._renewable = True
        self._answered = False
        self._own = Own(session.secrets())

    def get(self, path: str, query: Mapping[str, str] | None = None, accept: str = JSON) -> Answer:
        """Read one path; what is asked for as a plain text (``TEXT``) has to be one.

        Raises:
            Unanswered: anything but an answer of 200 in JSON.
        """
        if not _PATH.fullmatch(path):  # with a name that the server gave
            raise Unanswered(Answered.MALFORMED, f"not asked: {path!r} is not a path of an API")
        whole = path + (f"?{urlencode(query)}" if query else "")
        return self._ask(_Request("GET", whole, accept, b""))

    def hang_up(self) -> None:
        """Use no connection again: one that gave no sense may still have the rest of it to come."""
        self._session.pools.clear()

    def credentials(self) -> Mapping[str, str]:
        """Return the headers that identify us; none when they can't be had any more."""
        try:
            return self._session.credentials().headers
        except CollectionError:
            return {}

    def secrets(self) -> tuple[str, ...]:
        """Return what identifies us, now and before, and must be in no output."""
        for secret in self._session.secrets():
            self._own.add(secret)
        return self._own.secrets

    def shown(self, text: str) -> str:
        """Return a text of the server that is only shown, without what identifies us."""
        return self._own.without_in(text)

    def post(self, path: str, body: object) -> Answer:
        """Ask what a server answers to a ``POST`` alone; the guard lets few of them pass.

        Raises:
            Unanswered: as :meth:`get`.
        """
        return self._ask(_Request("POST", path, JSON, msgspec.json.encode(body)))

    def end(self, path: str) -> None:
        """Ask to end what is ours, as a session is; the guard decides on it.

        Raises:
            Unanswered: as :meth:`get`.
        """
        self._ask(_Request("DELETE", path, JSON, b""))

    def exchange(self, path: str, body: bytes, media: str, more: Mapping[str, str]) -> Answer:
        """Post a body of another type than JSON, with more headers; the guard decides on it.

        Raises:
            Unanswered: as :meth:`get`; the body of an error is in it.
        """
        return self._ask(_Request("POST", path, media.partition(";")[0], body, media, more))

    def _ask(self, request: _Request) -> Answer:
        """Ask within what is left for this target."""
        left, started = self._budget.left(), self._clock.monotonic()
        deadline = started + left
        error = None
        try:
            answer = self._repeat(request, deadline)
            if answer.code == HTTPStatus.UNAUTHORIZED and self._renewed():
                answer = self._repeat(request, deadline)
                self._renewable = answer.code != HTTPStatus.UNAUTHORIZED
            return self._usable(answer, is_text=request.accept == TEXT)
        except Unanswered as failed:
            error = failed
            raise
        finally:
            self._budget.note(self._clock.monotonic() - started, error)

    def _renewed(self) -> bool:
        """Open the session again with the credentials of now: a token may have ended meanwhile.

        A server that does not take the new ones either is not shown others for ever.
        """
        if not self._renewable:
            return False
        self._renewable = False
        try:
            self._session = self._session.again()
            self.secrets()
        except CollectionError as error:
            raise Unanswered(
                Answered.DENIED,
                f"HTTP 401, and no new credentials: {error.message}",
                error.hint,
                HTTPStatus.UNAUTHORIZED,
            ) from error
        return True

    def _repeat(self, request: _Request, deadline: float) -> Answer:
        clock, patience = self._clock, self.patience
        attempt = 1
        while True:
            answer, wait = self._once(request, deadline)
            if answer.code not in _BUSY or answer.code in self._dialect.faults:
                return answer
            wait = min(patience.longest_wait, wait if wait is not None else 0.2 * 2**attempt)
            if attempt == patience.attempts or clock.monotonic() + wait > deadline:
                detail = f"HTTP {answer.code} {attempt} times: {self._message(answer.body)}"
                raise Unanswered(Answered.UNREACHABLE, detail, "scan again later", answer.code)
            clock.sleep(wait)
            attempt += 1

    def _once(self, request: _Request, deadline: float) -> tuple[Answer, float | None]:
        left = max(_LEAST, deadline - self._clock.monotonic())
        with self._session.watch.over(left) as end:
            try:
                response, data = self._sent(request, left, end)
            except CollectionError as error:
                raise Unanswered(Answered.DENIED, error.message, error.hint) from error
            except WriteRefusedError as error:
                raise Unanswered(
                    Answered.MALFORMED, str(error), "the server names it so"
                ) from error
            except (HTTPError, ssl.SSLError, OSError, ValueError) as error:
                late = self._clock.monotonic() >= deadline
                raise self._failed(error, end, late=late) from error
        found = response.headers
        media = found.get("content-type", "").partition(";")[0].strip()
        answer = Answer(
            response.status,
            self._own.without(data, evidence=response.status in _GOOD),
            self._own.without_in(media).lower(),
            _date(found.get("date")),
            tuple(found.getlist("set-cookie")),
        )
        return answer, _wait(found.get("retry-after"), self._clock.now())

    def _sent(self, request: _Request, left: float, end: Deadline) -> tuple[Any, bytes]:
        """Ask once; a kept connection that the server closed meanwhile is opened again."""
        credentials = self._session.credentials()
        for secret in credentials.secrets:
            self._own.add(secret)
        headers = credentials.headers.copy()
        headers.update({"accept": request.accept, "accept-encoding": "gzip"})
        headers["user-agent"] = "auditor"
        if request.body:
            headers["content-type"] = request.media
            headers.update(request.more)
        try:
            response = self._head(request, headers, left)
        except HTTPError as error:
            if not (self._answered and is_dropped(error)):
                raise
            self.hang_up()
            response = self._head(request, headers, left)
        self._answered = True
        try:
            data = self._read(response, end)
        except BaseException:  # an interrupt as well: the rest of the answer is still to come
            response.close()
            raise
        response.release_conn()
        return response, data

    def _head(self, request: _Request, headers: urllib3.HTTPHeaderDict, left: float) -> Any:
        patience = self.patience
        return self._session.pools.request(
            request.method,
            self._host + request.path,
            body=request.body or None,
            headers=headers,
            timeout=urllib3.Timeout(
                connect=min(patience.connect, left), read=min(patience.read, left)
            ),
            preload_content=False,
            retries=False,
            redirect=False,
        )

    def _read(self, response: Any, end: Deadline) -> bytes:
        """The body, decompressed a piece at a time, so that a small answer can't become a large."""
        parts: list[bytes] = []
        size = 0
        decode = bool(response.headers.get("content-encoding"))  # without, less is copied
        while part := response.read(_CHUNK, decode_content=decode):
            parts.append(part)
            size += len(part)
            if size > self.patience.size:
                parts.clear()  # the error holds on to this frame until it has been told
                detail = f"an answer of more than {self.patience.size:,} bytes"
                raise Unanswered(Answered.TRUNCATED, detail, code=response.status)
        if end.passed:  # a body without a length ends where its socket was shut
            raise _late(end)
        return b"".join(parts)

    def _failed(self, error: Exception, end: Deadline, *, late: bool) -> Unanswered:
        """Say why there is no answer; of two clocks that end together, name the same each time."""
        waited = isinstance(error, ReadTimeoutError | TimeoutError)
        if isinstance(error, ConnectTimeoutError) or not (end.passed or (waited and late)):
            return unanswered(error, self._dialect.hints)
        return _late(end)

    def _usable(self, answer: Answer, *, is_text: bool) -> Answer:
        code = answer.code
        if code in _GOOD:
            if answer.media not in (frozenset({TEXT}) if is_text else self._dialect.media):
                what = answer.media or "nothing that says what it is"
                language = "plain text" if is_text else self._dialect.language
                raise Unanswered(
                    Answered.MALFORMED,
                    f"the answer is {what}, not {language}",
                    "is there a proxy or a login page in between?",
                    code,
                )
            return answer
        said = answer.media in self._dialect.media
        message = self._message(answer.body) if said else f"{answer.media or 'no'} content"
        answered = self._dialect.answered(code)
        raise Unanswered(answered, f"HTTP {code}: {message}", self._hint(answer), code, answer.body)

    def _hint(self, answer: Answer) -> str:
        if answer.code == HTTPStatus.UNAUTHORIZED:
            return self._dialect.hints.unknown_user
        if b"HTTP request to an HTTPS server" in answer.body[:200]:  # of Go's net/http
            return self._dialect.hints.not_plain
        return ""

    def _message(self, body: bytes) -> str:
        """Return what the server says of an error, on one line and not too long."""
        try:
            text = self._dialect.message_of(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            text = body[:200].decode("utf-8", "replace")
        return " ".join(text.split())[:300]


def _late(end: Deadline) -> Unanswered:
    detail = f"no end of the answer within {end.seconds:.0f} s"
    return Unanswered(Answered.TIMEOUT, detail, "a slow network, or a proxy in between?")


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
