"""What asks a target from another machine: all that its settings name, by value.

A target that is a part of this machine (a socket, the cluster that we run in, what only we can
reach by the loopback) has no parcel: it is read here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from auditor.bounded import read_named
from auditor.cli.wires.settings import CollectorOptions
from auditor.config import DockerConfig, VsphereConfig
from auditor.platforms.kubernetes import KUBERNETES
from auditor.platforms.vsphere import VSPHERE

_MOST_BYTES: Final = 1 << 20
"""Of a file of certificates."""
_PEMS: Final = ("ca.pem", "cert.pem", "key.pem")
"""The certificates of a client of an engine, as Docker calls them."""


class Parcel(msgspec.Struct, frozen=True):
    """A target and its secrets. ``host`` is the name of its server.

    ``kubeconfig`` has one context, ``authority`` is a file of CAs, ``certificates`` are files by
    their names. ``target`` is what was typed, or what that came to.
    """

    target: str
    host: str
    timeout: float | None = None
    labels: tuple[tuple[str, str], ...] = ()
    kubeconfig: bytes = b""
    authority: bytes = b""
    certificates: tuple[tuple[str, bytes], ...] = ()
    vsphere: VsphereConfig = VsphereConfig()
    no_host: bool = False

    def __repr__(self) -> str:
        return f"Parcel({self.target!r})"

    @property
    def is_near(self) -> bool:
        """Whether its server is reached by the loopback: another machine has another one there."""
        if self.host.rstrip(".").lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def _cluster(text: str, settings: CollectorOptions) -> Parcel | None:
    from collectors.kubernetes.live.address import parse_address
    from collectors.kubernetes.live.flattening import flattened

    address = parse_address(text)
    if address.in_cluster:
        return None
    kubeconfig, server = flattened(address, settings.kubeconfig)
    return replace(_plain(text, settings, server), kubeconfig=kubeconfig)


def _vcenter(text: str, settings: CollectorOptions) -> Parcel | None:
    from collectors.vsphere.live.address import parse_address

    entered = settings.vsphere
    authority = _read(Path(entered.authority)) if entered.authority else b""
    if authority is None:
        return None
    parcel = _plain(text, settings, parse_address(text).server)
    return replace(parcel, authority=authority, vsphere=replace(entered, authority=""))


def _engine(text: str, settings: CollectorOptions) -> Parcel | None:
    from collectors.docker.live.address import parse_address

    folder = settings.docker.certificates
    if not folder or settings.host_probes:
        return None
    found = [(name, _read(Path(folder) / name)) for name in _PEMS]
    read = tuple((name, data) for name, data in found if data is not None)
    if len(read) < len(_PEMS):
        return None
    parcel = _plain(text, settings, f"tcp://{parse_address(text).where}")
    return replace(parcel, certificates=read, no_host=settings.no_host)


def _plain(text: str, settings: CollectorOptions, server: str) -> Parcel:
    host = urlsplit(server).hostname or ""
    return Parcel(text, host, settings.timeout, settings.labels)


def _read(path: Path) -> bytes | None:
    """The content of a file; None where it can't be read, which who reads the target here says."""
    try:
        return read_named(path, _MOST_BYTES)
    except OSError:
        return None


PARCELS: Final[Mapping[str, Callable[[str, CollectorOptions], Parcel | None]]] = MappingProxyType(
    {
        **dict.fromkeys(KUBERNETES.schemes, _cluster),
        **dict.fromkeys(VSPHERE.schemes, _vcenter),
        "docker+tls": _engine,
    }
)
"""What packs a target, by the scheme of its URI; what has none is read here."""


def unpacked(parcel: Parcel, folder: Path) -> CollectorOptions:
    """Put the files of a parcel into a folder of ours; the settings that name them."""
    authority = _put(folder / "authority.pem", parcel.authority)
    for name, data in parcel.certificates:
        _put(folder / name, data)
    certificates = str(folder) if parcel.certificates else ""
    return CollectorOptions(
        kubeconfig=_put(folder / "kubeconfig", parcel.kubeconfig),
        timeout=parcel.timeout,
        docker=DockerConfig(certificates=certificates),
        no_host=parcel.no_host,
        vsphere=replace(parcel.vsphere, authority=authority),
        labels=parcel.labels,
    )


def _put(path: Path, data: bytes) -> str:
    if not data:
        return ""
    path.touch(mode=0o600)
    path.write_bytes(data)
    return str(path)
