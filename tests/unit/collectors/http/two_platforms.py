"""Two platforms that there are not yet, as users of the room: a Docker Engine and a vCenter."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import urllib3
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from auditor.errors import CollectionError
from auditor.model.enums import Answered
from collectors.http.client import Client
from collectors.http.clock import system_clock
from collectors.http.credentials import Credentials, credential_of
from collectors.http.deadline import Watch
from collectors.http.dialect import Dialect, Hints
from collectors.http.guard import Allowed, Guard, guarded
from collectors.http.patience import Patience
from collectors.http.transport import Tls, pools_of

QUICK = Patience(connect=2.0, read=2.0, total=4.0, longest_wait=0.01, attempts=2)
_API = r"/v1\.[0-9]{2}"
ENGINE = Guard(
    (
        Allowed("GET", re.compile(rf"{_API}/info")),
        Allowed("GET", re.compile(rf"{_API}/containers/json"), frozenset({"all", "limit"})),
        Allowed("GET", re.compile(rf"{_API}/containers/[0-9a-f]{{12,64}}/json")),
        Allowed("GET", re.compile(rf"{_API}/images/[a-z0-9./:@-]+/json")),
    ),
    segment=re.compile(r"[A-Za-z0-9._:@-]+"),
)
"""Names of images have slashes in them, and an @ before their digest."""
VCENTER = Guard(
    (
        Allowed("POST", re.compile(r"/api/session")),
        Allowed("GET", re.compile(r"/api/vcenter/(?:vm|host|network)(?:/[a-z]+-[0-9]+)?")),
    )
)


def _engine_message(body: bytes) -> str:
    return str(msgspec.json.decode(body)["message"])


def _vcenter_message(body: bytes) -> str:
    return str(msgspec.json.decode(body)["messages"][0]["default_message"])


def _hints(setting: str) -> Hints:
    return Hints(**{name: f"{name} of {setting}" for name in Hints.__struct_fields__})


DOCKER = Dialect(noun="Docker host", message_of=_engine_message, hints=_hints("DOCKER_HOST"))
VSPHERE = Dialect(
    noun="vCenter",
    message_of=_vcenter_message,
    hints=_hints("the vCenter"),
    statuses={418: Answered.TIMEOUT},
)


@dataclass
class Tokens:
    """A session that is opened again with the next token, where there is one."""

    server: str
    pools: urllib3.PoolManager
    watch: Watch
    tokens: list[str] = field(default_factory=list)
    header: str = "authorization"

    def credentials(self) -> Credentials:
        headers = urllib3.HTTPHeaderDict()
        if not self.tokens:
            return Credentials(headers, ())
        headers[self.header] = self.tokens[0]
        return Credentials(headers, (credential_of(self.tokens[0]),))

    def secrets(self) -> tuple[str, ...]:
        return tuple(map(credential_of, self.tokens[:1]))

    def again(self) -> Tokens:
        if len(self.tokens) < 2:
            raise CollectionError("there is no other token", hint="log in again")
        return Tokens(self.server, self.pools, self.watch, self.tokens[1:], self.header)


def engine(server: str, *tokens: str, tls: Tls | None = None) -> Client:
    """A client of a Docker Engine over TCP."""
    watch = Watch()
    pools = pools_of(server, tls or Tls(), None, ENGINE, watch)
    return Client(Tokens(server, pools, watch, [*tokens]), DOCKER, system_clock(), QUICK)


def vcenter(server: str, *tokens: str) -> Client:
    """A client of a vCenter, which has a header of its own for a session."""
    watch = Watch()
    pools = pools_of(server, Tls(), None, VCENTER, watch)
    session = Tokens(server, pools, watch, [*tokens], "vmware-api-session-id")
    return Client(session, VSPHERE, system_clock(), QUICK)


def engine_at(path: Path) -> Client:
    """A client of a Docker Engine over its Unix socket."""

    class _Unix(HTTPConnection):
        def _new_conn(self) -> Any:
            connected = socket.socket(socket.AF_UNIX)
            connected.settimeout(2)
            connected.connect(str(path))
            return connected

    watch = Watch()
    pools = urllib3.PoolManager()
    pools.pool_classes_by_scheme = {"http": guarded(HTTPConnectionPool, _Unix, ENGINE, "", watch)}
    return Client(Tokens("http://docker", pools, watch), DOCKER, system_clock(), QUICK)
