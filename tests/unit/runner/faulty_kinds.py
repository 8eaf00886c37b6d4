"""Lists whose elements may be faulty: of every kind, with how an element of each is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from auditor.policy.compiled import ActiveRule
from tests.unit.engine.making import active


class Item(msgspec.Struct, frozen=True):
    """An element: its name, where its kind has one, and how it is faulty; "" is not."""

    name: str
    faults: tuple[str, ...]
    version: int = 0


Make = Callable[[Item], object]


class Kind(msgspec.Struct, frozen=True):
    """A list of elements: of what object, by what rule, and what tells an element there.

    ``told``: by its ``name``, by ``what`` it is, or not at all (``whole``: one finding of them all,
    with a fault for what each of them is; ``bag``: with a fault for each fault).
    """

    head: Mapping[str, Any]
    place: tuple[str, ...]
    make: Make
    rule: ActiveRule
    told: str = "name"


def _pod(item: Item) -> dict[str, object]:
    return {"spec": {"containers": [_container(Item("main", item.faults, item.version))]}}


def _container(item: Item) -> dict[str, object]:
    capabilities = {"add": list(item.faults)}
    image = f"r.io/a:{item.version}"
    return {"name": item.name, "image": image, "securityContext": {"capabilities": capabilities}}


def _rule(each: str, check: str, *kinds: str, message: str = "bad") -> ActiveRule:
    return active(check, kinds=kinds, each=each, message=message)


CONTAINERS = _rule(
    "object.spec.?containers.orValue([])",
    'item.?securityContext.?capabilities.?add.orValue([]).all(c, c in ["FINE"])',
    "k8s/PodTemplate",
    "k8s/PodTemplatePatch",
    message="{item.name} runs {item.image}",
)
SPEC = ("spec",)
KINDS = {
    "containers": Kind(
        {"apiVersion": "v1", "kind": "Pod"}, (*SPEC, "containers"), _container, CONTAINERS
    ),
    "rules of a role": Kind(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role"},
        ("rules",),
        lambda item: {"verbs": ["get", *item.faults], "resources": [item.name]},
        _rule("object.rules", "item.verbs.all(v, v == 'get')", "k8s/Role"),
        "what",
    ),
    "subjects": Kind(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding"},
        ("subjects",),
        lambda item: {"kind": "User", "name": item.name, "bad": list(item.faults)},
        _rule("object.subjects", "item.bad.all(b, b == '')", "k8s/RoleBinding"),
    ),
    "accounts by namespace": Kind(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding"},
        ("subjects",),
        lambda item: {
            "kind": "ServiceAccount",
            "name": "default",
            "namespace": item.name,
            "bad": list(item.faults),
        },
        _rule("object.subjects", "!item.bad.exists(b, b != '')", "k8s/RoleBinding"),
    ),
    "volumes": Kind(
        {"apiVersion": "v1", "kind": "Pod"},
        (*SPEC, "volumes"),
        lambda item: {"name": item.name, "hostPath": {"path": "/".join(item.faults)}},
        _rule("object.spec.volumes", 'item.hostPath.path == ""', "k8s/PodTemplate"),
        "together",
    ),
    "worker groups": Kind(
        {"apiVersion": "ray.io/v1", "kind": "RayCluster"},
        (*SPEC, "workerGroupSpecs"),
        lambda item: {"groupName": item.name, "template": _pod(item)},
        CONTAINERS,
    ),
    "templates of a workflow": Kind(
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"},
        (*SPEC, "templates"),
        lambda item: {"name": item.name, "container": _container(item)},
        CONTAINERS,
    ),
    "jobs of a set": Kind(
        {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet"},
        (*SPEC, "replicatedJobs"),
        lambda item: {"name": item.name, "template": {"spec": {"template": _pod(item)}}},
        CONTAINERS,
    ),
    "objects in an object": Kind(
        {"apiVersion": "work.open-cluster-management.io/v1", "kind": "ManifestWork"},
        (*SPEC, "workload", "manifests"),
        lambda item: {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": item.name, "namespace": "b"},
            **_pod(item),
        },
        CONTAINERS,
    ),
    "found by shape": Kind(
        {"apiVersion": "new.example.io/v1", "kind": "Thing"},
        (*SPEC, "sets"),
        lambda item: {"name": item.name, "podTemplate": _pod(item)},
        CONTAINERS,
    ),
    "found by shape, without names": Kind(
        {"apiVersion": "new.example.io/v1", "kind": "Thing"},
        (*SPEC, "sets"),
        lambda item: {"label": item.name, "podTemplate": _pod(item)},
        CONTAINERS,
        "what",
    ),
    "texts": Kind(
        {"apiVersion": "v1", "kind": "Service"},
        (*SPEC, "externalIPs"),
        lambda item: "+".join((item.name, *item.faults)),
        _rule("object.spec.externalIPs", "!item.contains('+')", "k8s/Service"),
        "what",
    ),
    "nested": Kind(
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"},
        (*SPEC, "ingress"),
        lambda item: {
            "from": [{"to": each} for each in item.faults],
            "ports": [{"port": item.name}],
        },
        active(
            "object.spec.?ingress.orValue([]).all(r, r.from.all(p, p.to == ''))",
            kinds=["k8s/NetworkPolicy"],
        ),
        "whole",
    ),
    "variables": Kind(
        {"apiVersion": "v1", "kind": "Pod"},
        (*SPEC, "env"),
        lambda item: {"name": item.name, "value": "+".join(item.faults)},
        active("!object.spec.?env.orValue([]).exists(e, e.value != '')", kinds=["k8s/PodTemplate"]),
        "bag",
    ),
    "variables that a message lists": Kind(
        {"apiVersion": "v1", "kind": "Pod"},
        (*SPEC, "env"),
        lambda item: {"name": item.name, "value": "+".join(item.faults)},
        active(
            "!object.spec.?env.orValue([]).exists(e, e.value != '')",
            kinds=["k8s/PodTemplate"],
            message="sets {object.spec.env.filter(e, e.value != '').map(e, e.name).join(', ')}",
        ),
        "bag",
    ),
    "keys of a map": Kind(
        {"apiVersion": "v1", "kind": "ConfigMap"},
        ("data",),
        lambda item: {item.name: "+".join(item.faults)},
        active(
            "!object.?data.orValue({}).exists(k, object.data[k] != '')", kinds=["k8s/ConfigMap"]
        ),
        "bag",
    ),
}


def object_of(kind: Kind, items: Sequence[Item]) -> dict[str, Any]:
    made: Any = [kind.make(item) for item in items]
    if kind.place == ("data",):
        made = {key: value for each in made for key, value in each.items()}
    for field in reversed(kind.place):
        made = {field: made}
    metadata = {"name": "x", "namespace": "a"}
    return {**kind.head, "metadata": metadata, **made}


def faults_of(kind: Kind, items: Sequence[Item]) -> dict[object, frozenset[object]]:
    """Which findings there are, told apart as they should be, and the faults of each."""
    bad = [item for item in items if item.faults]
    match kind.told:
        case "name":
            return {item.name: frozenset(item.faults) for item in bad}
        case "together":
            return {item.name: frozenset([item.faults]) for item in bad}
        case "what":
            twins: Counter[object] = Counter()
            found: dict[object, frozenset[object]] = {}
            for item in bad:
                what = (item.name, frozenset(item.faults))
                twins[what] += 1
                found[what, twins[what]] = frozenset(item.faults)
            return found
        case "whole":
            whole = {(item.name, frozenset(item.faults)) for item in bad}
            return {"": frozenset(whole)} if whole else {}
        case _:
            bag = {(item.name, item.faults) for item in bad}
            return {"": frozenset(bag)} if bag else {}
