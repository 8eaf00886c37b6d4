"""Which tenants have the same RDMA adapter: resources that one plugin gives to many pods.

The shared device plugin of RDMA advertises the adapters of a node under a name that begins with
``rdma/``, as often as it was told to, and each pod that asks for one gets the device nodes of all::

    node a    rdma/hca_shared: 63      pods llm/x and web/y ask for one each
              both open /dev/infiniband/uverbs0: one adapter, of which no policy of the network
              sees a packet

Virtual functions of SR-IOV are adapters of their own; their plugin names them by their vendor, and
where it uses this prefix, rules leave them out by name.
Who asks for what: whoever makes the pod. What a name stands for: whoever configures the plugin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

import msgspec


class Together(msgspec.Struct):
    """Two tenants that have adapters of one name on one node: an example, and how many nodes."""

    node: str
    pods: tuple[str, str]
    resources: set[str] = msgspec.field(default_factory=set)
    nodes: set[str] = msgspec.field(default_factory=set)


class Adapters:
    """Collects which pod of which tenant asked for which adapters of its node."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._held: dict[tuple[str, str], dict[str, str]] = {}

    def hold(self, node: str, resources: Iterable[str], tenant: str, pod: str) -> None:
        """Learn that a pod, as namespace/name, has adapters of its node."""
        for resource in resources:
            pods = self._held.setdefault((node, resource), {})
            pods[tenant] = min(pod, pods.get(tenant, pod))

    def together(self) -> Iterator[tuple[tuple[str, str], Together]]:
        """Yield each two tenants that have adapters of one name on one node, in order."""
        found: dict[tuple[str, str], Together] = {}
        for (node, resource), pods in sorted(self._held.items()):
            for one, other in combinations(sorted(pods), 2):
                pair = found.setdefault((one, other), Together(node, (pods[one], pods[other])))
                pair.resources.add(resource)
                pair.nodes.add(node)
        yield from sorted(found.items())
