"""Kinds as the API names them, for what must be said without a cluster at hand."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.platforms import kubernetes as kinds


class Named(msgspec.Struct, frozen=True):
    """A kind in the words of RBAC."""

    group: str
    resource: str
    namespaced: bool


def named(kind: str) -> Named | None:
    """What RBAC calls a kind, in the group that servers of today have it in; None for no kind.

    A custom kind (``k8s/RayCluster.ray.io``) is taken to be namespaced, as most that hold pods are,
    and its plural to be the one that code generators make.
    """
    name, dot, group = kind.removeprefix(kinds.PREFIX).partition(".")
    if dot and kind not in BUILT_IN:
        return Named(group, plural(name), namespaced=True)
    return BUILT_IN.get(kind)


def plural(kind: str) -> str:
    """The name of a resource as code generators make it (gengo's ``AllLowercasePluralNamer``).

    ``Endpoints`` is the one exception that they are told of; OpenShift has one of its own.
    """
    name = kind.lower()
    if name in {"endpoints", "securitycontextconstraints"}:
        return name
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return f"{name}es"
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}s"


def _built_in() -> Mapping[str, Named]:
    found = {}
    for kind, groups in kinds.BUILT_IN.items():
        namespaced = kind in kinds.NAMESPACED.get(groups[0], ())
        found[kinds.kind_name(groups[0], kind)] = Named(groups[0], plural(kind), namespaced)
    return MappingProxyType(found)


BUILT_IN: Final = _built_in()
"""Every kind of Kubernetes itself."""
