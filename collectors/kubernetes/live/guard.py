"""What may leave the process: reads, and questions about ourselves. Nothing else, whoever asks.

The guard sits in the connection, below the pools and the retries of urllib3, and refuses before
the socket is written to. A watch and ``pods/exec`` are reads by their verb, and a ``GET`` is enough
to run a command in a container: so no part of an object may be asked for, only lists and objects.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import parse_qs

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from collectors.kubernetes.live.deadline import Watch

WHO_AM_I: Final = (
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",  # since 1.28
    "/apis/authentication.k8s.io/v1beta1/selfsubjectreviews",  # 1.27
    "/apis/authentication.k8s.io/v1alpha1/selfsubjectreviews",  # 1.26, where it was switched on
)
SELF_REVIEWS: Final = (
    *WHO_AM_I,
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
)
"""What may be posted: the server stores none of these, and answers about who asks."""

_ROOTS: Final = re.compile(r"/(?:version|api(?:/[^/]+)?|apis(?:/[^/]+){0,2})")
_OBJECTS: Final = re.compile(r"/(?:api/[^/]+|apis/[^/]+/[^/]+)/(?P<rest>.+)")
_URL: Final = re.compile(r"(?:https?://[^/?#\s]+)?(?P<path>/[^?#\s]*)(?:\?(?P<query>[^#\s]*))?")
"""A request's target, whole when it goes to a proxy; never a path that begins with two slashes."""
_SEGMENT: Final = re.compile(r"[A-Za-z0-9._:-]+")
_UNREAD: Final = frozenset({"secrets", "watch", "proxy"})
_BY_NAME: Final = frozenset({"configmaps"})
_PARTS_OF_NAMESPACES: Final = frozenset({"status", "finalize"})


class WriteRefusedError(Exception):
    """Something that may not be sent: a bug of ours, or of who named it; it did no harm."""


def check(method: str, url: str, base: str) -> None:
    """Let a read of the API server pass; ``base`` is the path that the server's address has.

    Raises:
        WriteRefusedError: it is none.
    """
    found = _URL.fullmatch(url)
    path, query = (found["path"], found["query"] or "") if found is not None else ("", "")
    inside = path.removeprefix(base) if path.startswith(base) and path[:2] != "//" else ""
    if method == "POST":
        if inside in SELF_REVIEWS and not query:
            return
    elif method == "GET" and _is_read(inside):
        watching = "watch" in parse_qs(query, keep_blank_values=True)
        if not watching:
            return
    raise WriteRefusedError(f"refused before it was sent: {method} {path or '/'}")


def _is_read(path: str) -> bool:
    """Whether a path names a list, one object, or what is served; no part of an object.

    Servers and proxies disagree on ``..``, ``;``, ``%`` and empty segments: none of them passes.
    """
    segments = path.split("/")[1:]
    if not all(_SEGMENT.fullmatch(each) and each not in {".", ".."} for each in segments):
        return False
    if _ROOTS.fullmatch(path):
        return True
    found = _OBJECTS.fullmatch(path)
    if found is None:
        return False
    names = found["rest"].split("/")
    inside = names[0] == "namespaces" and len(names) > 2
    if inside:
        names = names[2:]
    if names[0] in _BY_NAME:
        return inside and len(names) == 2
    part = inside and len(names) == 1 and names[0] in _PARTS_OF_NAMESPACES
    return len(names) <= 2 and names[0] not in _UNREAD and not part


class _Guard:
    """Mixed into a connection of urllib3: every request line passes through ``putrequest``.

    It also tells the session's watch which socket the request is on.
    """

    base = ""
    watch: Watch
    sock: Any

    def _new_conn(self) -> Any:
        connected = super()._new_conn()  # type: ignore[misc]  # of the connection
        self.watch.hold(connected)
        return connected

    def putrequest(self, method: str, url: str, *args: Any, **options: Any) -> None:
        check(method, url, self.base)
        self.watch.hold(self.sock)
        super().putrequest(method, url, *args, **options)  # type: ignore[misc]  # of the connection


class _GuardedPool:
    """Mixed into a pool: refuses before a connection is even opened."""

    base = ""

    def urlopen(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        check(method, url, self.base)
        return super().urlopen(method, url, *args, **options)  # type: ignore[misc]  # of the pool


def guarded_pools(base: str, watch: Watch) -> dict[str, type[HTTPConnectionPool]]:
    """For ``PoolManager.pool_classes_by_scheme``: pools of connections that only read.

    ``base`` is the path of the server's address, "" for most.
    """
    own = {"base": base}
    held = {"base": base, "watch": watch}
    plain = type("GuardedHTTPConnection", (_Guard, HTTPConnection), held)
    tls = type("GuardedHTTPSConnection", (_Guard, HTTPSConnection), held)
    http = type("GuardedPool", (_GuardedPool, HTTPConnectionPool), {**own, "ConnectionCls": plain})
    https = type("GuardedTls", (_GuardedPool, HTTPSConnectionPool), {**own, "ConnectionCls": tls})
    return {"http": http, "https": https}
