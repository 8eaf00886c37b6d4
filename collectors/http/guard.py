"""What may leave the process: the requests that a platform allows, and nothing else.

A guard sits in the connection, below the pools and the retries of urllib3, and refuses before the
socket is written to; whoever asks, and however. It is a value::

    Guard((
        Allowed("GET", re.compile(r"/containers/json"), frozenset({"all", "limit"})),
        Allowed("GET", re.compile(r"/containers/[0-9a-f]{12,64}/json")),
    ))

lets a list of containers and one container be read, and neither a container's files nor its
processes: a ``GET`` is a read by its verb alone, and may well run a command.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from auditor.late import late
from collectors.http.deadline import Watch

_URL: Final = late(
    r"(?:https?://[^/?#\s]+)?(?P<path>/[^?#\s]*)(?:\?(?P<query>[A-Za-z0-9._~%+*=&-]*))?"
)
"""A request's target, whole when it goes to a proxy; the query as ``urlencode`` writes it."""
SEGMENT: Final = late(r"[A-Za-z0-9._:-]+")


class WriteRefusedError(Exception):
    """Something that may not be sent: a bug of ours, or of who named it; it did no harm."""


class Allowed(msgspec.Struct, frozen=True):
    """Requests that may be sent.

    ``path`` must match the whole path, below that of the server's address; ``parameters`` are the
    names that the query may have, ``query`` all of it, where it says what is done.
    """

    method: str
    path: re.Pattern[str]
    parameters: frozenset[str] = frozenset()
    query: str = ""

    def passes(self, method: str, path: str, query: str) -> bool:
        """Return whether this lets a request pass."""
        if method != self.method or self.path.fullmatch(path) is None:
            return False
        if self.query:
            return query == self.query
        return not query or self.parameters.issuperset(parse_qs(query, keep_blank_values=True))


class Guard(msgspec.Struct, frozen=True):
    """All that may be sent to one kind of server.

    ``segment`` is what may stand between two slashes of a path. Servers and proxies disagree on
    ``..``, ``;``, ``%`` and empty segments: the first and the last pass no guard.
    """

    allowed: tuple[Allowed, ...]
    segment: re.Pattern[str] = SEGMENT

    def check(self, method: str, url: str, base: str) -> None:
        """Let a request pass that is allowed; ``base`` is the path of the server's address.

        Raises:
            WriteRefusedError: it is not.
        """
        found = _URL.fullmatch(url)
        path, query = (found["path"], found["query"] or "") if found is not None else ("", "")
        below = path.removeprefix(base) if path.startswith(base) else ""
        if self._is_plain(below) and any(
            allowed.passes(method, below, query) for allowed in self.allowed
        ):
            return
        raise WriteRefusedError(f"refused before it was sent: {method} {path or '/'}")

    def _is_plain(self, path: str) -> bool:
        """Return whether all that read a path read the same."""
        segments = path.split("/")
        return segments.pop(0) == "" and all(
            self.segment.fullmatch(each) and each not in {".", ".."} for each in segments
        )


class _GuardedConnection:
    """Mixed into a connection of urllib3: every request line passes through ``putrequest``.

    It also tells the watch which socket the request is on.
    """

    base = ""
    guard: Guard
    watch: Watch
    sock: Any

    def _new_conn(self) -> Any:
        connected = super()._new_conn()  # type: ignore[misc]  # of the connection
        self.watch.hold(connected)
        return connected

    def putrequest(self, method: str, url: str, *args: Any, **options: Any) -> None:
        self.guard.check(method, url, self.base)
        self.watch.hold(self.sock)
        super().putrequest(method, url, *args, **options)  # type: ignore[misc]  # of the connection


class _GuardedPool:
    """Mixed into a pool: refuses before a connection is even opened."""

    base = ""
    guard: Guard

    def urlopen(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        self.guard.check(method, url, self.base)
        return super().urlopen(method, url, *args, **options)  # type: ignore[misc]  # of the pool


def guarded(
    pool: type[HTTPConnectionPool],
    connection: type[HTTPConnection],
    guard: Guard,
    base: str,
    watch: Watch,
) -> type[HTTPConnectionPool]:
    """Make a pool whose connections send only what the guard lets pass.

    ``connection`` may be one over any kind of socket, as long as it opens that in ``_new_conn``.
    ``base`` is the path of the server's address, "" for most.
    """
    own = {"guard": guard, "base": base}
    inner = type(
        f"Guarded{connection.__name__}", (_GuardedConnection, connection), {**own, "watch": watch}
    )
    return type(f"Guarded{pool.__name__}", (_GuardedPool, pool), {**own, "ConnectionCls": inner})


def guarded_pools(guard: Guard, base: str, watch: Watch) -> dict[str, type[HTTPConnectionPool]]:
    """Make what ``PoolManager.pool_classes_by_scheme`` takes; see :func:`guarded`."""
    return {
        "http": guarded(HTTPConnectionPool, HTTPConnection, guard, base, watch),
        "https": guarded(HTTPSConnectionPool, HTTPSConnection, guard, base, watch),
    }
