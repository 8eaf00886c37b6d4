"""What surrounds the workloads of a namespace: policies, quotas, labels, joined into one fact.

One ``k8s/NamespacePosture`` for each Namespace object of a target. What names no namespace is in
``default``. A policy for the whole cluster is a row for all keys.

A namespace that workloads in files only name, and that no object declares, has a fact of another
kind, ``k8s/NamedNamespace``: the file that declares it, and its policies, may not have been part of
the audit, so that rules about it say less, and say so. It stands at the first of its workloads. A
live target has all of its namespaces, and none that is only named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis import directions, facts
from auditor.analysis.bodies import decoded
from auditor.analysis.loose import mapping
from auditor.analysis.paths import pointer_of
from auditor.analysis.protocol import Feeds, Groups, Key, Row, Site, Stage, Tables
from auditor.model.fact import Fact, Origin
from auditor.model.resource import OF_FILES, Resource
from auditor.platforms.kubernetes import PREFIX

KIND = "k8s/NamespacePosture"
NAMED = "k8s/NamedNamespace"
NAMESPACE = "k8s/Namespace"
OTHER_POLICIES: Final[Mapping[str, bool]] = MappingProxyType(
    {
        "k8s/AdminNetworkPolicy.policy.networking.k8s.io": True,
        "k8s/BaselineAdminNetworkPolicy.policy.networking.k8s.io": True,
        "k8s/CiliumClusterwideNetworkPolicy.cilium.io": True,
        "k8s/CiliumNetworkPolicy.cilium.io": False,
        "k8s/ClusterNetworkPolicy.crd.antrea.io": True,
        "k8s/ClusterNetworkPolicy.policy.networking.k8s.io": True,
        "k8s/GlobalNetworkPolicy.crd.projectcalico.org": True,
        "k8s/GlobalNetworkPolicy.projectcalico.org": True,
        "k8s/NetworkPolicy.crd.antrea.io": False,
        "k8s/NetworkPolicy.crd.projectcalico.org": False,
        "k8s/NetworkPolicy.projectcalico.org": False,
    }
)
"""Kinds that govern traffic and are not evaluated, and whether they are for all namespaces."""
READS: Final = frozenset(
    (
        *(NAMESPACE, facts.KIND, "k8s/NetworkPolicy", "k8s/ResourceQuota", "k8s/LimitRange"),
        *OTHER_POLICIES,
    )
)

_JOINED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "workloads": frozenset({facts.KIND}),
        "networkPolicies": frozenset({"k8s/NetworkPolicy"}),
        "defaultDenyIngress": frozenset({"k8s/NetworkPolicy"}),
        "defaultDenyEgress": frozenset({"k8s/NetworkPolicy"}),
        "otherPolicies": frozenset(OTHER_POLICIES),
        "resourceQuotas": frozenset({"k8s/ResourceQuota"}),
        "limitRanges": frozenset({"k8s/LimitRange"}),
    }
)
"""What of the body stands in no Namespace, and what it rests on."""
_DERIVED: Final = tuple((f"/{name}", None) for name in _JOINED)
_ALL: Final[Key] = ()
_WORKLOADS: Final = "workloads"
_NAMED: Final = "named"
_encode = msgspec.json.encode


class NamespacePostures:
    """Joins what is in each namespace of a target."""

    id = "namespace-posture"
    stage = Stage.TARGET
    reads = READS
    feeds: Feeds = MappingProxyType(
        {
            KIND: MappingProxyType({"": frozenset({NAMESPACE}), **_JOINED}),
            NAMED: MappingProxyType(
                {
                    "": frozenset({NAMESPACE, facts.KIND}),
                    "labels": frozenset({NAMESPACE}),
                    **_JOINED,
                }
            ),
        }
    )
    combined = frozenset({_NAMED, _WORKLOADS})

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take the labels of a Namespace, what a policy denies, what a quota limits."""
        if resource.kind == facts.KIND:
            yield Row((resource.namespace or "default",), _WORKLOADS, None, b"1")
            if resource.namespace and site.target.uid == OF_FILES:
                origin = site.origin(resource, resource.pointer)
                yield Row((resource.namespace,), _NAMED, origin, b"1")
            return
        body = mapping(decoded(resource))
        key: Key = (resource.namespace or "default",)
        origin = site.origin(resource)
        found: dict[str, object] = {"name": resource.name}
        match resource.kind:
            case "k8s/Namespace":
                metadata = mapping(body.get("metadata"))
                found = {name: mapping(metadata.get(name)) for name in ("labels", "annotations")}
                key = (resource.name,)
                origin = site.origin(resource, "/metadata", _fields(metadata))
            case "k8s/NetworkPolicy":
                found = _policy(resource.name, body.get("spec"))
            case "k8s/ResourceQuota":
                found["hard"] = mapping(mapping(body.get("spec")).get("hard"))
            case kind if OTHER_POLICIES.get(kind):
                key = _ALL
            case _:
                pass
        yield Row(key, resource.kind, origin, _encode(found))

    def combine(self, one: Row, other: Row) -> Row:
        """Add up how many workloads there are; keep the first place of two."""
        if one.tag == _NAMED:
            return min(one, other, key=_order)
        return Row(one.key, one.tag, None, b"%d" % (int(one.body) + int(other.body)))

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield the posture of each namespace, in the order of names and sources."""
        of_all: frozenset[str] = frozenset()
        for key, rows in groups:
            if key == _ALL:
                of_all = frozenset(row.tag for row in rows)
                continue
            found: dict[str, list[Row]] = {}
            for row in rows:
                found.setdefault(row.tag, []).append(row)
            for namespace in found.get(NAMESPACE, ()):
                yield _fact(KIND, namespace.read_at, found, of_all, namespace)
            if NAMESPACE not in found and _NAMED in found:
                yield _named(found, of_all)


def make(tables: Tables) -> NamespacePostures:
    """Make the analysis; it needs no table."""
    del tables
    return NamespacePostures()


def _named(found: Mapping[str, list[Row]], of_all: frozenset[str]) -> Fact:
    """The fact of a namespace that nothing declares: it stands at the first that names it."""
    (first,) = found[_NAMED]
    origin = first.read_at
    subject = msgspec.structs.replace(
        origin, kind=NAMESPACE, namespace="", name=origin.namespace, uid=""
    )
    return _fact(NAMED, subject, found, of_all)


def _fact(
    kind: str,
    subject: Origin,
    found: Mapping[str, list[Row]],
    of_all: frozenset[str],
    namespace: Row | None = None,
) -> Fact:
    policies = _bodies(found, "k8s/NetworkPolicy")
    others = of_all.union(kind for kind in found if kind in OTHER_POLICIES)
    own = {} if namespace is None else msgspec.json.decode(namespace.body)
    body = {
        "name": subject.name,
        **own,
        "workloads": sum(int(row.body) for row in found.get(_WORKLOADS, ())),
        "networkPolicies": policies,
        "defaultDenyIngress": any(policy["ingressDefaultDeny"] for policy in policies),
        "defaultDenyEgress": any(policy["egressDefaultDeny"] for policy in policies),
        "otherPolicies": sorted(kind.removeprefix(PREFIX) for kind in others),
        "resourceQuotas": _bodies(found, "k8s/ResourceQuota"),
        "limitRanges": _bodies(found, "k8s/LimitRange"),
    }
    return Fact(
        kind=kind,
        key=(subject.name,),
        body=_encode(body),
        subject=subject,
        elsewhere=_DERIVED if namespace is not None else (("", None),),
        draws_on=((subject.target, subject.name),),
    )


def _order(row: Row) -> tuple[str, int, str]:
    origin = row.read_at
    return origin.source, origin.document, origin.pointer


def _fields(metadata: Mapping[str, object]) -> Iterator[str]:
    """The pointers of what a rule can read of a Namespace."""
    yield "/metadata"
    for name in ("labels", "annotations"):
        if name in metadata:
            yield f"/metadata/{name}"
            for key in mapping(metadata[name]):
                yield pointer_of(("metadata", name, key))


def _bodies(found: Mapping[str, list[Row]], kind: str) -> list[dict[str, object]]:
    rows = sorted(found.get(kind, ()), key=lambda row: row.read_at.name)
    return [msgspec.json.decode(row.body) for row in rows]


def _policy(name: str, spec: object) -> dict[str, object]:
    """Which directions a policy denies by default; a spec that is not an object denies nothing."""
    found = {"name": name, "podSelectorEmpty": False}
    if spec is not None and not isinstance(spec, dict):
        return {**found, "ingressDefaultDeny": False, "egressDefaultDeny": False}
    selector = mapping(spec).get("podSelector")
    selects_all = selector is None or (
        isinstance(selector, dict)
        and not selector.get("matchLabels")
        and not selector.get("matchExpressions")
    )
    return {
        "name": name,
        "podSelectorEmpty": selects_all,
        "ingressDefaultDeny": selects_all and directions.closed(mapping(spec), "Ingress"),
        "egressDefaultDeny": selects_all and directions.closed(mapping(spec), "Egress"),
    }
