"""An API server of our own that misbehaves: it speaks HTTP over a real socket, byte by byte."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send: ``raw`` as it is, or a head made of the rest; then what to do with the line.

    ``then`` is ``keep``, ``close``, ``reset`` (without a farewell) or ``hang``. ``pace`` is the
    time between two bytes, in seconds.
    """

    body: bytes = b""
    code: int = 200
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    raw: bytes | None = None
    then: str = "keep"
    pace: float = 0.0

    def encoded(self) -> bytes:
        """The bytes of the answer."""
        if self.raw is not None:
            return self.raw
        length = len(self.body) if self.length is None else self.length
        lines = [f"HTTP/1.1 {self.code} x", f"content-type: {self.media}"]
        lines += [f"content-length: {length}", *(f"{k}: {v}" for k, v in self.headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


Handler = Callable[[Asked], Reply | None]
"""Answers a request; None leaves it to the healthy server."""


class Server:
    """Listens on the loopback until it is closed; ``asked`` is every request, in order.

    With a ``path`` it listens on a Unix socket there.
    """

    def __init__(
        self, handler: Handler, tls: ssl.SSLContext | None = None, path: Path | None = None
    ) -> None:
        self.asked: list[Asked] = []
        self._handler = handler
        self._tls = tls
        self._open: list[socket.socket] = []
        self._stop = threading.Event()
        if path is None:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.port = int(self._listener.getsockname()[1])
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(path))
            self._listener.listen()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"{'https' if self._tls is not None else 'http'}://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop, also what hangs."""
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as lines:
                while self._exchange(connection, lines):
                    pass

    def _send(self, connection: socket.socket, reply: Reply) -> None:
        if not reply.pace:
            connection.sendall(reply.encoded())
            return
        for byte in reply.encoded():
            connection.sendall(bytes((byte,)))
            if self._stop.wait(reply.pace):
                return

    def _exchange(self, connection: socket.socket, lines: Any) -> bool:
        asked = _read(lines)
        if asked is None:
            return False
        self.asked.append(asked)
        reply = self._handler(asked) or healthy(asked)
        self._send(connection, reply)
        if reply.then == "hang":
            self._stop.wait(30)
        if reply.then == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return reply.then == "keep"


def _read(lines: Any) -> Asked | None:
    first = lines.readline().decode().split()
    if len(first) != 3:
        return None
    headers = {}
    while line := lines.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = lines.read(int(headers.get("content-length", "0")))
    parts = urlsplit(first[1])
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return Asked(first[0], parts.path, query, headers, body)


def json_reply(value: object, code: int = 200, **more: Any) -> Reply:
    """A reply in JSON."""
    return Reply(json.dumps(value).encode(), code, **more)


def status(code: int, message: str, **metadata: str) -> Reply:
    """The ``Status`` that an API server sends with an error."""
    value = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "metadata": metadata}
    return json_reply({**value, "message": message, "code": code}, code)


def page(items: list[dict[str, Any]], kind: str = "Pod", **metadata: Any) -> Reply:
    """A page of a list."""
    return page_of("v1", items, kind, **metadata)


def page_of(version: str, items: list[dict[str, Any]], kind: str, **metadata: Any) -> Reply:
    """A page of a list of a group and version."""
    meta = {"resourceVersion": "7", **metadata}
    body = {"kind": f"{kind}List", "apiVersion": version, "metadata": meta, "items": items}
    return json_reply(body)


def pod(name: str, *, privileged: bool = False, namespace: str = "ml") -> dict[str, Any]:
    """A pod, as the server stores it."""
    container = {"name": "main", "image": "a", "securityContext": {"privileged": privileged}}
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}"}
    return {"metadata": metadata, "spec": {"containers": [container]}}


Kinds = tuple[tuple[str, str, bool], ...]
"""Kinds of a group: their names, those of their lists, whether they are in namespaces."""


def _plain(*kinds: str, namespaced: bool = True) -> Kinds:
    def plural(kind: str) -> str:
        name = kind.lower()
        return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"

    return tuple((kind, plural(kind), namespaced) for kind in kinds)


GROUPS: tuple[tuple[str, str, Kinds], ...] = (
    (
        "",
        "v1",
        (
            *_plain("Pod", "Service", "PersistentVolumeClaim", "LimitRange", "ServiceAccount"),
            *_plain("ReplicationController", "ResourceQuota"),
            *_plain("Namespace", "Node", "PersistentVolume", namespaced=False),
        ),
    ),
)
APIS: tuple[tuple[str, str, Kinds], ...] = (
    ("apps", "v1", _plain("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")),
    ("batch", "v1", _plain("CronJob", "Job")),
    (
        "networking.k8s.io",
        "v1",
        (("Ingress", "ingresses", True), *_plain("NetworkPolicy")),
    ),
    (
        "rbac.authorization.k8s.io",
        "v1",
        (
            *_plain("Role", "RoleBinding"),
            *_plain("ClusterRole", "ClusterRoleBinding", namespaced=False),
        ),
    ),
)
"""What every API server has."""


def discovery(*groups: tuple[str, str, Kinds]) -> Reply:
    """Aggregated discovery (KEP-3352) of groups: (name, version, (kind, resource, namespaced))."""
    items = [
        {
            "metadata": {"name": name},
            "versions": [
                {
                    "version": version,
                    "freshness": "Current",
                    "resources": [
                        {
                            "resource": resource,
                            "responseKind": {"kind": kind},
                            "scope": "Namespaced" if namespaced else "Cluster",
                            "verbs": ["get", "list"],
                        }
                        for kind, resource, namespaced in kinds
                    ],
                }
            ],
        }
        for name, version, kinds in groups
    ]
    return json_reply({"kind": "APIGroupDiscoveryList", "items": items})


NAMESPACE = {"name": "ml", "uid": "n"}


def apis(*groups: tuple[str, str, Kinds]) -> Reply:
    """Discovery of the groups that every server has, and of others, or of the same otherwise."""
    named = {name for name, _, _ in groups}
    return discovery(*(each for each in APIS if each[0] not in named), *groups)


def _empty(path: str) -> Reply | None:
    """An empty list of a kind that every server has."""
    for name, version, kinds in (*GROUPS, *APIS):
        root = f"/apis/{name}/{version}" if name else f"/api/{version}"
        for kind, resource, _ in kinds:
            if path == f"{root}/{resource}":
                return page_of(f"{name}/{version}".lstrip("/"), [], kind)
    return None


def healthy(asked: Asked) -> Reply:
    """What a small cluster answers."""
    match asked.method, asked.path:
        case "POST", _:
            user = {"username": "tester", "uid": "1", "groups": ["g"]}
            return json_reply({"status": {"userInfo": user, "allowed": True}}, 201)
        case _, "/version":
            return json_reply({"gitVersion": "v1.37.0"})
        case _, "/api":
            return discovery(*GROUPS)
        case _, "/apis":
            return apis()
        case _, "/api/v1/namespaces/kube-system":
            return json_reply({"metadata": {"name": "kube-system", "uid": "the-cluster"}})
        case _, "/api/v1/namespaces":
            return page([{"metadata": NAMESPACE}], "Namespace")
        case _, "/api/v1/namespaces/ml":
            return json_reply({"kind": "Namespace", "apiVersion": "v1", "metadata": NAMESPACE})
        case _, "/api/v1/pods" | "/api/v1/namespaces/ml/pods":
            return page([pod("good"), pod("bad", privileged=True)])
        case _:
            return _empty(asked.path) or status(404, "the server could not find the resource")


@contextlib.contextmanager
def serving(
    handler: Handler, tls: ssl.SSLContext | None = None, path: Path | None = None
) -> Iterator[Server]:
    """A server for as long as the context lasts."""
    server = Server(handler, tls, path)
    try:
        yield server
    finally:
        server.close()
