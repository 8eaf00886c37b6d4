"""The least role that reads a platform, and what a person can run where we do not come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from auditor.ports import RolePlan


def _kubernetes_role(plan: RolePlan) -> Iterator[str]:
    from collectors.kubernetes.permissions import role

    return role(plan)


def _socket_proxy(plan: RolePlan) -> Iterator[str]:
    from collectors.docker.permissions import role

    return role(plan)


def _look_script() -> str:
    from collectors.docker.host.script import script

    return script()


def _node_script() -> str:
    from collectors.kubernetes.node.script import script

    return script()


def _node_role(plan: RolePlan) -> Iterator[str]:
    from collectors.kubernetes.node.permissions import role

    return role(plan)


def _vsphere_role(plan: RolePlan) -> Iterator[str]:
    from collectors.vsphere.permissions import role

    return role(plan)


ROLES: Final[Mapping[str, Callable[[RolePlan], Iterator[str]]]] = MappingProxyType(
    {
        "k8s": _kubernetes_role,
        "node": _node_role,
        "docker": _socket_proxy,
        "vsphere": _vsphere_role,
    }
)

SCRIPTS: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {"docker": _look_script, "node": _node_script}
)
