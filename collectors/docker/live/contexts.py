"""Docker's contexts: which engine ``docker`` itself would ask, and with which certificates.

A context is a folder named by the sha256 of its name (docker/cli, ``context/store``)::

    ~/.docker/config.json                    {"currentContext": "build"}
    ~/.docker/contexts/meta/HEX/meta.json    {"Name": "build", "Endpoints": {"docker": {"Host": …}}}
    ~/.docker/contexts/tls/HEX/docker/       ca.pem, cert.pem, key.pem

The ``docker`` package reads the same files, but finds them by the environment of the process, which
only the command line may look at here: see ADR 0026.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from auditor.bounded import read_named
from auditor.errors import CollectionError, UsageError
from collectors.docker.live.address import SOCKET, Address, Way, address_of

_LARGEST: Final = 1 << 20
_DEFAULT: Final = "default"
Read = TypeVar("Read")


class Found(msgspec.Struct, frozen=True):
    """An address that is not a context any more, the folder of its certificates, and its checks."""

    address: Address
    certificates: Path | None
    checked: bool = True


class Surroundings(msgspec.Struct, frozen=True):
    """What Docker's own command line goes by.

    ``host`` is DOCKER_HOST, ``context`` DOCKER_CONTEXT, ``tls`` whether DOCKER_TLS_VERIFY is set,
    ``certificates`` DOCKER_CERT_PATH, ``folder`` DOCKER_CONFIG or ``~/.docker``; "" for none.
    """

    host: str = ""
    context: str = ""
    tls: bool = False
    certificates: str = ""
    folder: str = ""


class _Config(msgspec.Struct, frozen=True):
    current: str = msgspec.field(default="", name="currentContext")


class _Endpoint(msgspec.Struct, frozen=True, rename="pascal"):
    host: str = ""
    skip_tls_verify: bool = msgspec.field(default=False, name="SkipTLSVerify")


class _Meta(msgspec.Struct, frozen=True):
    endpoints: dict[str, _Endpoint] = msgspec.field(default_factory=dict, name="Endpoints")


_config: Final = msgspec.json.Decoder(_Config).decode
_meta: Final = msgspec.json.Decoder(_Meta).decode


def resolve(address: Address, around: Surroundings) -> Found:
    """Find what an address comes to.

    A name, then DOCKER_HOST, then DOCKER_CONTEXT, then the current context of the configuration.

    Raises:
        UsageError: there is no such context, or its host can't be asked.
        CollectionError: Docker's configuration can't be read.
    """
    folder = Path(around.folder) if around.folder else None
    certificates = Path(around.certificates) if around.certificates else folder
    if address.way is not Way.CONTEXT:
        return Found(address, certificates)
    if not address.where and around.host:
        return Found(address_of(around.host, address.uri, tls=around.tls), certificates)
    name = address.where or around.context or _current(folder)
    if name in {"", _DEFAULT}:
        return Found(Address(Way.UNIX, SOCKET, address.uri), None)
    return _context(name, folder, address.uri)


def _current(folder: Path | None) -> str:
    path = folder / "config.json" if folder is not None else None
    if path is None or not path.exists():
        return ""
    return _read(path, _config).current


def _context(name: str, folder: Path | None, uri: str) -> Found:
    digest = hashlib.sha256(name.encode()).hexdigest()
    path = (folder or Path()) / "contexts" / "meta" / digest / "meta.json"
    if folder is None or not path.exists():
        raise UsageError(f"{uri}: there is no context {name}", hint="docker context ls")
    endpoint = _read(path, _meta).endpoints.get("docker", _Endpoint())
    tls = folder / "contexts" / "tls" / digest / "docker"
    address = address_of(endpoint.host, uri, tls=tls.is_dir())
    return Found(address, tls if tls.is_dir() else None, checked=not endpoint.skip_tls_verify)


def _read(path: Path, decode: Callable[[bytes], Read]) -> Read:
    try:
        return decode(read_named(path, _LARGEST))
    except (OSError, ValueError, msgspec.DecodeError) as error:
        what = getattr(error, "strerror", None) or "it is not as Docker writes it"
        raise CollectionError(f"{path}: {what}", hint="docker context ls") from error
