"""What bodies of a host look like, checked when they are read again: a bundle may be anyone's."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.platforms.docker import (
    HOST_AUDIT_RULES,
    HOST_CONTAINERS,
    HOST_GROUP,
    HOST_KEYS,
    HOST_LISTENERS,
    HOST_MACHINE,
    HOST_MOUNTS,
    HOST_PROCESSES,
    HOST_SETTINGS,
    HOST_TOOLKIT,
)
from collectors.docker.host.probes import FILES


class _Account(msgspec.Struct, frozen=True):
    user: int
    group: int


class _File(msgspec.Struct, frozen=True):
    path: str
    type: str
    mode: int
    permissions: str
    owner: int
    group: int
    link: str = ""


class _Files(msgspec.Struct, frozen=True, rename="camel"):
    files: list[_File]
    account: _Account
    docker_group: int = 0
    folders: list[str] | None = None


class _Settings(msgspec.Struct, frozen=True):
    path: str
    present: bool
    settings: dict[str, Any]


class _Engine(msgspec.Struct, frozen=True):
    arguments: list[str]


class _Processes(msgspec.Struct, frozen=True):
    engines: list[_Engine]
    proxies: int
    shells: list[str]


class _Container(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    no_new_privileges: bool


class _Containers(msgspec.Struct, frozen=True):
    containers: list[_Container]


class _Mount(msgspec.Struct, frozen=True):
    path: str
    device: str
    type: str


class _Mounts(msgspec.Struct, frozen=True):
    mounts: list[_Mount]


class _Audited(msgspec.Struct, frozen=True):
    path: str
    unread: str = ""


class _AuditRules(msgspec.Struct, frozen=True, rename="camel"):
    installed: bool
    rules: list[str]
    enabled: int
    links: dict[str, str]
    paths: dict[str, list[_Audited]]
    on_disk: list[str] | None = None


class _Group(msgspec.Struct, frozen=True):
    present: bool
    members: list[str]
    elsewhere: list[str]
    number: int = 0


class _Listener(msgspec.Struct, frozen=True):
    address: str
    port: int


class _Listeners(msgspec.Struct, frozen=True):
    listeners: list[_Listener]


class _Machine(msgspec.Struct, frozen=True):
    uuid: str = ""


_FORMS: Final[Mapping[str, type[msgspec.Struct]]] = MappingProxyType(
    {
        **dict.fromkeys((*FILES, HOST_KEYS), _Files),
        HOST_SETTINGS: _Settings,
        HOST_TOOLKIT: _Settings,
        HOST_PROCESSES: _Processes,
        HOST_CONTAINERS: _Containers,
        HOST_MOUNTS: _Mounts,
        HOST_AUDIT_RULES: _AuditRules,
        HOST_GROUP: _Group,
        HOST_LISTENERS: _Listeners,
        HOST_MACHINE: _Machine,
    }
)


def check(kind: str, value: object) -> None:
    """Check that a decoded body is one of a kind.

    Raises:
        msgspec.ValidationError: it is not.
    """
    msgspec.convert(value, _FORMS[kind])
