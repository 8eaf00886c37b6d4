"""Where a policy is in effect: the namespaces that its selectors and those of a binding take.

::

    Namespace a     team=x            policy    namespaceSelector {}
    Namespace b     team=x, mode=dev  binding   namespaceSelector mode notin (dev)
    Namespace c                       takes     a and c for sure

Sets of namespaces are bits, a bit a namespace, so that a selector is a few operations whatever the
size of the cluster (:mod:`auditor.analysis.label_selectors`). A label whose value was left out as a
secret may have any: where it matters, a namespace is taken perhaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from auditor.analysis.admission.matching import Match
from auditor.analysis.admission.reading import Parameters
from auditor.analysis.label_selectors import PodClass, PodClasses
from auditor.platforms.kubernetes import NAMESPACED, OF_THE_CLUSTER

NAME_LABEL: Final = "kubernetes.io/metadata.name"
"""A label of every namespace: the API server writes it, and writes it again."""
ALWAYS: Final = frozenset({"default", "kube-system"})
"""Namespaces of every cluster: where one was not read, others may be missing too."""

Taken = tuple[int, int]
"""Namespaces that are taken for sure, and with them those that may be."""


class Place(msgspec.Struct, frozen=True):
    """A namespace with its labels, of which one that is no text is not known."""

    name: str
    labels: dict[str, object]


class World:
    """The namespaces that were read, how many bindings there are, and what policies speak of."""

    def __init__(
        self, namespaces: Sequence[Place], bindings: int = 0, words: Sequence[str] = ()
    ) -> None:
        self.bindings = bindings
        self.words = words
        found = {each.name: each for each in namespaces}
        self.names = tuple(sorted(found))
        self._bits = {name: 1 << number for number, name in enumerate(self.names)}
        self._classes = PodClasses(
            PodClass({**found[name].labels, NAME_LABEL: name}) for name in self.names
        )
        self.all = (1 << len(self.names)) - 1
        self.complete = self._bits.keys() >= ALWAYS

    def taken(self, *matches: Match) -> Taken:
        """Find the namespaces whose requests all of these are about."""
        surely = possibly = self.all
        for each in matches:
            if each.namespaces is None:
                surely = 0
                continue
            yes, perhaps = self._classes.sets(each.namespaces)
            surely, possibly = surely & yes, possibly & perhaps
        return surely, possibly

    def bits(self, names: Iterable[str]) -> int:
        """Make the set of some namespaces, as far as they were read."""
        return sum({self._bits[name] for name in names if name in self._bits})

    def listed(self, bits: int) -> Iterator[str]:
        """Name the namespaces of a set, in the order of their names."""
        return (name for name, bit in self._bits.items() if bits & bit)


def held(kind: str) -> bool | None:
    """Say whether objects of a kind, ``v1 ConfigMap``, are in namespaces; None for a custom one."""
    version, _, name = kind.partition(" ")
    group = version.rpartition("/")[0]
    if name in NAMESPACED.get(group, ()):
        return True
    return False if name in OF_THE_CLUSTER.get(group, ()) else None


def of_requests(kind: str, parameters: Parameters) -> bool:
    """Say whether a parameter is looked for in the namespace of each request.

    It is where the binding names no other, and the kind is one that is in namespaces
    (``CollectParams`` of k8s.io/apiserver ``pkg/admission/plugin/policy/generic``, v0.37.2).
    """
    return parameters.named and not parameters.namespace and held(kind) is True
