"""What surrounds the workloads of a namespace: policies, quotas, labels, joined into one fact.

One ``k8s/NamespacePosture`` for each Namespace object of a target. A namespace that workloads only
name, and that no object declares, has no fact: the file that declares it was not part of the audit.
What names no namespace is in ``default``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis import directions
from auditor.model.resource import Resource
from auditor.platforms.kubernetes import PREFIX

KIND = "k8s/NamespacePosture"
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
READS = frozenset(
    {NAMESPACE, "k8s/NetworkPolicy", "k8s/ResourceQuota", "k8s/LimitRange", *OTHER_POLICIES}
)

_DERIVED = tuple(
    (pointer, None)
    for pointer in (
        "/workloads",
        "/networkPolicies",
        "/defaultDenyIngress",
        "/defaultDenyEgress",
        "/otherPolicies",
        "/resourceQuotas",
        "/limitRanges",
    )
)
"""What of the body stands in no Namespace."""

Census = Mapping[tuple[str, str], int]
"""How many resources of a (kind, namespace) there are."""


def brief(resource: Resource) -> Resource:
    """A resource of a kind in :data:`READS` with no more of its body than :func:`derive` reads.

    They are held until everything has been read, and a cluster has tens of thousands.
    """
    body = msgspec.json.decode(resource.body)
    found: object
    match resource.kind:
        case "k8s/Namespace":
            metadata = _mapping(_mapping(body).get("metadata"))
            found = {name: _mapping(metadata.get(name)) for name in ("labels", "annotations")}
        case "k8s/NetworkPolicy":
            found = _policy(resource.name, _mapping(body).get("spec"))
        case "k8s/ResourceQuota":
            hard = _mapping(_mapping(_mapping(body).get("spec")).get("hard"))
            found = {"name": resource.name, "hard": hard}
        case _:
            found = {"name": resource.name}
    labels = resource.labels if resource.kind == NAMESPACE else ()
    return msgspec.structs.replace(resource, body=msgspec.json.encode(found), labels=labels)


def derive(resources: Sequence[Resource], census: Census) -> Iterator[Resource]:
    """Yield the posture of each declared namespace, in the order of their names and sources.

    ``resources`` are as :func:`brief` leaves them.
    """
    by_namespace: dict[str, list[Resource]] = {}
    of_all: set[str] = set()
    for resource in resources:
        if OTHER_POLICIES.get(resource.kind):
            of_all.add(resource.kind)
        elif resource.kind != NAMESPACE:
            by_namespace.setdefault(resource.namespace or "default", []).append(resource)
    namespaces = [resource for resource in resources if resource.kind == NAMESPACE]
    for namespace in sorted(namespaces, key=lambda item: (item.name, item.source, item.document)):
        inside = by_namespace.get(namespace.name, [])
        inside.sort(key=lambda item: (item.kind, item.name, item.source, item.document))
        workloads = census.get(("k8s/PodTemplate", namespace.name), 0)
        if namespace.name == "default":
            workloads += census.get(("k8s/PodTemplate", ""), 0)
        others = of_all.union(each.kind for each in inside if each.kind in OTHER_POLICIES)
        yield _posture(namespace, inside, workloads, others)


def _posture(
    namespace: Resource, inside: Sequence[Resource], workloads: int, others: Iterable[str]
) -> Resource:
    own = msgspec.json.decode(namespace.body)
    policies = _bodies(inside, "k8s/NetworkPolicy")
    body = {
        "name": namespace.name,
        "labels": own["labels"],
        "annotations": own["annotations"],
        "workloads": workloads,
        "networkPolicies": policies,
        "defaultDenyIngress": any(policy["ingressDefaultDeny"] for policy in policies),
        "defaultDenyEgress": any(policy["egressDefaultDeny"] for policy in policies),
        "otherPolicies": sorted(kind.removeprefix(PREFIX) for kind in others),
        "resourceQuotas": _bodies(inside, "k8s/ResourceQuota"),
        "limitRanges": _bodies(inside, "k8s/LimitRange"),
    }
    return Resource(
        kind=KIND,
        api_version=namespace.api_version,
        name=namespace.name,
        namespace="",
        uid=namespace.uid,
        source=namespace.source,
        document=namespace.document,
        line=namespace.line,
        body=msgspec.json.encode(body),
        labels=namespace.labels,
        pointer="/metadata",
        elsewhere=_DERIVED,
        parent=namespace,
    )


def _bodies(resources: Sequence[Resource], kind: str) -> list[dict[str, object]]:
    return [msgspec.json.decode(item.body) for item in resources if item.kind == kind]


def _policy(name: str, spec: object) -> dict[str, object]:
    """Which directions a policy denies by default; a spec that is no object denies nothing."""
    found = {"name": name, "podSelectorEmpty": False}
    if spec is not None and not isinstance(spec, dict):
        return {**found, "ingressDefaultDeny": False, "egressDefaultDeny": False}
    selector = _mapping(spec).get("podSelector")
    selects_all = selector is None or (
        isinstance(selector, dict)
        and not selector.get("matchLabels")
        and not selector.get("matchExpressions")
    )
    return {
        "name": name,
        "podSelectorEmpty": selects_all,
        "ingressDefaultDeny": selects_all and directions.closed(_mapping(spec), "Ingress"),
        "egressDefaultDeny": selects_all and directions.closed(_mapping(spec), "Egress"),
    }


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
