"""Generated admission policies, bindings and parameters, and requests that they may be about.

The policies of a world refuse whatever they are about, and each is about objects of its own name
alone: so that an answer is one about that policy, whatever else a server has. Half of them do so by
an expression that ends in an error::

    policy p3        pods, services named p3; namespaceSelector team in (a)     false
    binding p3-0     of p3, objectSelector !mode, actions [Warn]
    binding p3-1     of p3, paramRef {name: limits} of each request's namespace, actions [Deny]
    may a pod p3 with the labels {mode: x} be created in n2?
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from auditor.analysis.admission.matching import CREATE, UPDATE, Request

API = "admissionregistration.k8s.io/v1"
POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
NAMESPACES = tuple(f"guards-{number}" for number in range(4))
HOME = "guards-home"
KINDS = {"pods": "Pod", "services": "Service", "serviceaccounts": "ServiceAccount"}
WIDE = {"persistentvolumes": "PersistentVolume", "namespaces": "Namespace"}
WORDS = ("a", "b")
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """What is stored in a server."""

    namespaces: list[Body] = field(default_factory=list)
    parameters: list[Body] = field(default_factory=list)
    policies: list[Body] = field(default_factory=list)
    bindings: list[Body] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for an object named after a policy; ``namespace`` is "" for none."""

    request: Request
    namespace: str
    labels: dict[str, str]


def world(seed: int, policies: int) -> World:
    """Make some policies with what belongs to them."""
    dice = random.Random(seed)
    made = World()
    for name in (*NAMESPACES, HOME):
        made.namespaces.append(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": _named(dice, name)}
        )
        for parameter in ("x", "y"):
            if dice.random() < 0.4:
                metadata = _named(dice, parameter) | {"namespace": name}
                made.parameters.append(
                    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
                )
    for number in range(policies):
        name = f"p{number}"
        made.policies.append(_policy(dice, name))
        made.bindings.extend(_binding(dice, name, at) for at in range(dice.choice((0, 1, 2, 2, 3))))
    return made


def requests(seed: int, name: str) -> Iterator[Asked]:
    """What may be asked about a policy, in each namespace and in none."""
    dice = random.Random(f"{seed} {name}")
    for namespace in NAMESPACES:
        for resource in KINDS:
            yield Asked(Request(resource, name=name), namespace, _labels(dice))
        changed = Request("serviceaccounts", operation=UPDATE, name=name)
        yield Asked(changed, namespace, _labels(dice))
    for resource in WIDE:
        yield Asked(Request(resource, namespaced=False, name=name), "", _labels(dice))


def body_of(asked: Asked) -> Body:
    """The object of a request."""
    kind = (KINDS | WIDE)[asked.request.resource]
    metadata: Body = {"name": asked.request.name, "labels": asked.labels}
    if asked.namespace:
        metadata["namespace"] = asked.namespace
    made: Body = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    match kind:
        case "Pod":
            made["spec"] = {"containers": [{"name": "a", "image": "r.io/a"}]}
        case "Service":
            made["spec"] = {"ports": [{"port": 80}]}
        case "PersistentVolume":
            made["spec"] = {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "hostPath": {"path": "/x"},
            }
        case _:
            pass
    return made


def path_of(asked: Asked) -> str:
    """Where a request goes; nothing of it is kept."""
    root = f"/api/v1/namespaces/{asked.namespace}" if asked.namespace else "/api/v1"
    item = f"/{asked.request.name}" if asked.request.operation != CREATE else ""
    return f"{root}/{asked.request.resource}{item}?dryRun=All"


def _named(dice: random.Random, name: str) -> Body:
    return {"name": name, "labels": _labels(dice)}


def _labels(dice: random.Random) -> dict[str, str]:
    return {key: dice.choice(WORDS) for key in ("team", "mode") if dice.random() < 0.5}


def _selector(dice: random.Random) -> Body:
    key = dice.choice(("team", "mode"))
    match dice.randint(0, 4):
        case 0:
            return {"matchLabels": {key: dice.choice(WORDS)}}
        case 1 | 2:
            operator = dice.choice(("Exists", "DoesNotExist"))
            return {"matchExpressions": [{"key": key, "operator": operator}]}
        case _:
            operator = dice.choice(("In", "NotIn"))
            values = dice.sample(WORDS, dice.randint(1, 2))
            return {"matchExpressions": [{"key": key, "operator": operator, "values": values}]}


def _rule(dice: random.Random, name: str, *, wide: bool) -> Body:
    resources = [*KINDS, *WIDE, "pods/*"] if dice.random() < 0.8 else ["*", "*/*", "pods/status"]
    made: Body = {
        "apiGroups": dice.choice(([""], [""], [""], ["*"], ["apps", ""], ["apps"])),
        "apiVersions": dice.choice((["v1"], ["v1"], ["v1"], ["*"], ["v2"])),
        "operations": dice.choice(([CREATE], [CREATE, UPDATE], ["*"], [UPDATE])),
        "resources": dice.sample(resources, dice.randint(1, min(4, len(resources)))),
    }
    if "*/*" in made["resources"]:
        made["resources"] = ["*/*"]  # nothing may stand beside it
    elif "*" in made["resources"]:
        made["resources"] = ["*"]
    elif "pods/*" in made["resources"]:
        made["resources"] = [each for each in made["resources"] if each != "pods"]
    if dice.random() < 0.3:
        made["scope"] = dice.choice(("Namespaced", "Cluster", "*"))
    if not wide or dice.random() < 0.5:
        made["resourceNames"] = [name]
    return made


def _match(dice: random.Random, name: str, *, bound: bool) -> Body:
    made: Body = {}
    if not bound or dice.random() < 0.4:
        several = range(dice.choice((1, 1, 2)))
        made["resourceRules"] = [_rule(dice, name, wide=bound) for _ in several]
    if dice.random() < 0.15:
        made["excludeResourceRules"] = [_rule(dice, name, wide=True)]
    for key, chance in (("namespaceSelector", 0.35), ("objectSelector", 0.2)):
        if dice.random() < chance:
            made[key] = _selector(dice)
    if dice.random() < 0.3:
        made["matchPolicy"] = dice.choice(("Exact", "Equivalent"))
    return made


def _policy(dice: random.Random, name: str) -> Body:
    fails = dice.random() < 0.3
    spec: Body = {
        "failurePolicy": dice.choice(("Fail", "Fail", "Ignore")),
        "matchConstraints": _match(dice, name, bound=False),
        "validations": [{"expression": "1 / size('') == 1" if fails else "1 == 2"}],
    }
    if dice.random() < 0.5:
        spec["paramKind"] = {"apiVersion": "v1", "kind": "ConfigMap"}
    return {"apiVersion": API, "kind": POLICY, "metadata": {"name": name}, "spec": spec}


def _binding(dice: random.Random, name: str, at: int) -> Body:
    actions = dice.choice((["Deny"], ["Deny"], ["Deny", "Audit"], ["Audit"], ["Warn", "Audit"]))
    spec: Body = {"policyName": name, "validationActions": actions}
    if dice.random() < 0.6:
        spec["matchResources"] = _match(dice, name, bound=True)
    if dice.random() < 0.7:
        reference: Body = {"parameterNotFoundAction": dice.choice(("Allow", "Deny"))}
        if dice.random() < 0.6:
            reference["name"] = dice.choice(("x", "y"))
        else:
            reference["selector"] = _selector(dice)
        if dice.random() < 0.5:
            reference["namespace"] = dice.choice(NAMESPACES)
        spec["paramRef"] = reference
    return {"apiVersion": API, "kind": BINDING, "metadata": {"name": f"{name}-{at}"}, "spec": spec}
