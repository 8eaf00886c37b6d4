"""Targets as they are typed: which engine, and how it is reached.

::

    docker://                    DOCKER_HOST, else the current context, else the usual socket
    docker://build               the context build
    docker+unix:///run/d.sock    a socket
    docker+tls://host:2376       TLS with ca.pem, cert.pem and key.pem of DOCKER_CERT_PATH
    docker+ssh://admin@host      ssh, as ``docker -H ssh://`` does it
"""

from __future__ import annotations

from enum import Enum
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from auditor.errors import UsageError
from auditor.late import late
from auditor.secrets.uris import shown

SOCKET: Final = "/var/run/docker.sock"
_CONTEXT: Final = late(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
"""docker/cli, ``context/store``: names that may be given to a context."""
_HOST: Final = late(r"[A-Za-z0-9._:\[\]-]+")
_USER: Final = late(r"[A-Za-z0-9._-]+")
_HINT: Final = "docker://, docker://CONTEXT, docker+unix:///SOCKET, docker+tls://HOST:2376 or docker+ssh://HOST"


class Way(Enum):
    """How an engine is reached."""

    CONTEXT = "context"
    UNIX = "unix"
    TLS = "tls"
    TCP = "tcp"
    SSH = "ssh"


class Address(msgspec.Struct, frozen=True):
    """One engine.

    ``where`` is the name of a context ("" for the current one), the path of a socket, or
    ``[USER@]HOST[:PORT]``. ``uri`` is the canonical form of what was typed.
    """

    way: Way
    where: str
    uri: str


def parse_address(text: str) -> Address:
    """Read a target.

    Raises:
        UsageError: it is not an address of an engine.
    """
    scheme, _, rest = text.partition("://")
    safe = shown(text, frozenset())
    if "?" in rest or "#" in rest:
        raise UsageError(f"{safe}: an engine has no options", hint=_HINT)
    if scheme == "docker":
        name = unquote(rest.rstrip("/"))
        if name and not _CONTEXT.fullmatch(name):
            raise UsageError(f"{safe}: {name!r} is not a name of a context", hint=_HINT)
        return Address(Way.CONTEXT, name, f"docker://{name}")
    if scheme == "docker+unix":
        path = unquote(rest)
        if not path.startswith("/"):
            raise UsageError(f"{safe}: not a whole path of a socket", hint="docker+unix:///PATH")
        return Address(Way.UNIX, path, f"docker+unix://{rest}")
    return _remote(Way(scheme.removeprefix("docker+")), rest.rstrip("/"), safe)


def _remote(way: Way, where: str, safe: str) -> Address:
    user, at, host = where.rpartition("@")
    if not _HOST.fullmatch(host) or (at and not _USER.fullmatch(user)) or (user and way is Way.TLS):
        raise UsageError(f"{safe}: not the name of a host", hint=_HINT)
    try:
        port = urlsplit(f"//{host}").port
    except ValueError:
        raise UsageError(f"{safe}: its port is not a number", hint=_HINT) from None
    if way is Way.TLS and port is None:
        where = f"{where}:2376"
    return Address(way, where, f"docker+{way.value}://{where}")


def address_of(host: str, uri: str, *, tls: bool) -> Address:
    """Read ``DOCKER_HOST``, or the host of a context; ``uri`` is what was typed.

    Raises:
        UsageError: it is not an address that the engine can have here.
    """
    scheme, _, rest = host.partition("://")
    match scheme:
        case "unix":
            return Address(Way.UNIX, rest, uri)
        case "ssh":
            return msgspec.structs.replace(_remote(Way.SSH, rest.rstrip("/"), host), uri=uri)
        case "tcp" | "http" | "https":
            way = Way.TLS if tls or scheme == "https" else Way.TCP
            return msgspec.structs.replace(_remote(way, rest.rstrip("/"), host), uri=uri)
        case _:
            raise UsageError(
                f"{uri}: {shown(host, frozenset())} is not a host that can be asked",
                hint="DOCKER_HOST or the context has unix://, tcp:// or ssh://",
            )
