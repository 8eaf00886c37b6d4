"""Whether something in a cluster keeps to its network policies: by the DaemonSets of plugins.

The table ``network-plugins`` names them: a DaemonSet by its name and namespace, and where only a
setting makes the plugin enforce policies, the container and the argument of that setting. The first
row that a DaemonSet matches counts::

    DaemonSet kube-system/calico-node                                             enforced
    DaemonSet kube-system/aws-node, aws-eks-nodeagent --enable-network-policy=true enforced
    DaemonSet kube-system/aws-node without it                                     declared
    none of the table                                                             unknown

What a distribution builds into its binary (k3s), or a provider runs out of sight, stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.limits import mapping
from auditor.model.resource import Resource

TABLE: Final = "network-plugins"
ENFORCED, DECLARED, UNKNOWN = "enforced", "declared", "unknown"


class Plugin(msgspec.Struct, frozen=True):
    """A row of the table: ``enforces`` is whether it keeps to policies if all of it is there."""

    name: str
    daemon_sets: frozenset[str]
    namespaces: frozenset[str]
    enforces: bool
    container: str = ""
    argument: str = ""

    def is_named(self, resource: Resource) -> bool:
        """Whether a DaemonSet is called as that of the plugin is."""
        return resource.name in self.daemon_sets and resource.namespace in self.namespaces


class Found(msgspec.Struct, frozen=True):
    """A plugin of a cluster, and its DaemonSet."""

    name: str
    daemon_set: str
    enforces: bool


def plugins_from_table(rows: Sequence[Mapping[str, object]]) -> tuple[Plugin, ...]:
    """Read the table of plugins."""
    return tuple(
        Plugin(
            name=str(row["name"]),
            daemon_sets=_names(row["daemon-sets"]),
            namespaces=_names(row["namespaces"]),
            enforces=row["enforces"] is True,
            container=str(row.get("container", "")),
            argument=str(row.get("argument", "")),
        )
        for row in rows
    )


def plugin_of(resource: Resource, plugins: Sequence[Plugin]) -> Found | None:
    """Say which plugin a DaemonSet is, None for any other."""
    for each in plugins:
        if each.is_named(resource) and _is_set(resource, each):
            name = f"{resource.namespace}/{resource.name}"
            return Found(each.name, name, each.enforces)
    return None


def state_of(found: Iterable[Found]) -> str:
    """Say what the plugins of a cluster come to: one that enforces policies is enough."""
    every = list(found)
    if any(each.enforces for each in every):
        return ENFORCED
    return DECLARED if every else UNKNOWN


def _is_set(resource: Resource, plugin: Plugin) -> bool:
    """Whether the container of a plugin is there, with the argument that makes it enforce."""
    if not plugin.container:
        return True
    spec = mapping(mapping(decoded(resource)).get("spec"))
    containers = mapping(mapping(spec.get("template")).get("spec")).get("containers")
    for each in containers if isinstance(containers, list) else ():
        if mapping(each).get("name") != plugin.container:
            continue
        words = [*_list(mapping(each).get("command")), *_list(mapping(each).get("args"))]
        return not plugin.argument or plugin.argument in words
    return False


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _names(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()
