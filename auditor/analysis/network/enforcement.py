"""Whether something in a cluster keeps to its network policies: by DaemonSets, else by nodes.

The table ``network-plugins`` names them: a DaemonSet by its name and namespace, and where only a
setting makes the plugin enforce policies, the container and the argument of that setting. The first
row that a DaemonSet matches counts::

    DaemonSet kube-system/calico-node                                             enforced
    DaemonSet kube-system/aws-node, aws-eks-nodeagent --enable-network-policy=true enforced
    DaemonSet kube-system/aws-node without it                                     declared
    none of the table                                                             what nodes tell

Where no DaemonSet is known the nodes may tell: the reason that a plugin gives for their network to
be there, or the arguments of a distribution that has it in its own binary::

    Node a  NetworkUnavailable: CalicoIsUp                                        enforced
    Node a  k3s.io/node-args: ["server", "--disable-network-policy"]              declared
    Node b  of neither                                                            unknown

Only all of them together count: a node that tells nothing may run anything. Of k3s the servers
decide for their agents. What a provider runs out of sight stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.loose import elements, mapping
from auditor.late import late
from auditor.model.resource import Resource

TABLE: Final = "network-plugins"
ENFORCED, DECLARED, UNKNOWN = "enforced", "declared", "unknown"


_NUMBER: Final = late(r"v?([0-9]{1,18})")
_CONDITION: Final = "NetworkUnavailable"


class Plugin(msgspec.Struct, frozen=True):
    """A row of the table: ``enforces`` is whether it keeps to policies if all of it is there."""

    name: str
    daemon_sets: frozenset[str]
    namespaces: frozenset[str]
    enforces: bool
    container: str = ""
    argument: str = ""
    since: int = 0
    node_reason: str = ""
    node_annotation: str = ""

    def is_named(self, resource: Resource) -> bool:
        """Whether a DaemonSet is called as that of the plugin is."""
        return resource.name in self.daemon_sets and resource.namespace in self.namespaces


class Found(msgspec.Struct, frozen=True):
    """A plugin of a cluster, and its DaemonSet; "" where nodes tell of it.

    ``name`` is "" of a node that tells of none.
    """

    name: str
    daemon_set: str
    enforces: bool

    def __str__(self) -> str:
        """Say what it is and who says so, as people read it."""
        return f"{self.name} ({self.daemon_set and 'DaemonSet '}{self.daemon_set or 'by nodes'})"


def plugins_from_table(rows: Sequence[Mapping[str, object]]) -> tuple[Plugin, ...]:
    """Read the table of plugins."""
    return tuple(
        Plugin(
            name=str(row["name"]),
            daemon_sets=_names(row.get("daemon-sets")),
            namespaces=_names(row.get("namespaces")),
            enforces=row["enforces"] is True,
            container=str(row.get("container", "")),
            argument=str(row.get("argument", "")),
            since=_number(row.get("since")),
            node_reason=str(row.get("node-reason", "")),
            node_annotation=str(row.get("node-annotation", "")),
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


def told_by(resource: Resource, plugins: Sequence[Plugin]) -> Found | None:
    """Say which plugin a node tells of; None where others decide for it."""
    body = mapping(decoded(resource))
    annotations = mapping(mapping(body.get("metadata")).get("annotations"))
    reason, follows = _reason(body), False
    for each in plugins:
        if each.node_reason and each.node_reason == reason:
            return Found(each.name, "", each.enforces)
        if each.node_annotation in annotations:
            follows = True
            if _has_word(annotations[each.node_annotation], each.argument):
                return Found(each.name, "", each.enforces)
    return None if follows else Found("", "", False)


def told(found: Iterable[Found]) -> tuple[str, tuple[Found, ...]]:
    """Say what the plugins of a cluster come to, and which of them that rests on.

    Of DaemonSets one that enforces policies is enough, of nodes each has to have one.
    """
    every = list(found)
    running = tuple(each for each in every if each.daemon_set)
    if running:
        return ENFORCED if any(each.enforces for each in running) else DECLARED, running
    nodes = tuple(sorted(set(every), key=lambda each: each.name))
    if not nodes or not all(each.name for each in nodes):
        return UNKNOWN, ()
    return ENFORCED if all(each.enforces for each in nodes) else DECLARED, nodes


def _reason(body: Mapping[str, object]) -> str:
    """Why the network of a node is there, as who set it up says."""
    conditions = mapping(body.get("status")).get("conditions")
    for each in map(mapping, elements(conditions)):
        if (each.get("type"), each.get("status")) == (_CONDITION, "False"):
            return str(each.get("reason") or "")
    return ""


def _has_word(text: object, word: str) -> bool:
    """Whether a list of arguments, as JSON, has one, and it is not taken back."""
    try:
        words = msgspec.json.decode(text, type=list[str]) if isinstance(text, str) else []
    except (msgspec.DecodeError, RecursionError):
        return False
    return any(each == word and following != "false" for each, following in pairwise([*words, ""]))


def _is_set(resource: Resource, plugin: Plugin) -> bool:
    """Whether the container of a plugin is there, with the argument that makes it enforce."""
    if not plugin.container:
        return True
    spec = mapping(mapping(decoded(resource)).get("spec"))
    containers = mapping(mapping(spec.get("template")).get("spec")).get("containers")
    for each in containers if isinstance(containers, list) else ():
        if mapping(each).get("name") != plugin.container:
            continue
        words = [*elements(mapping(each).get("command")), *elements(mapping(each).get("args"))]
        tag = str(mapping(each).get("image") or "").partition("@")[0].rpartition(":")[2]
        return (not plugin.argument or plugin.argument in words) and _number(tag) >= plugin.since
    return False


def _number(text: object) -> int:
    """The number that a tag begins with, 0 for none."""
    found = _NUMBER.match(text) if isinstance(text, str) else None
    return int(found[1]) if found is not None else 0


def _names(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()
