"""Audit policies and requests that chance makes, so that these meet those; and how to break one."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from auditor.analysis.auditing.policy import STAGES, TITLES, Request

Json = dict[str, Any]

NODE = "system:node:n1"
ROBOT = "system:serviceaccount:ci:robot"
CALLERS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("alice", ("system:authenticated", "dev")),
    ("bob", ("system:authenticated", "dev", "ops")),
    ("admin", ("system:masters", "system:authenticated")),
    (
        ROBOT,
        ("system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"),
    ),
    (NODE, ("system:nodes", "system:authenticated")),
    ("system:anonymous", ("system:unauthenticated",)),
    ("", ()),
)
USERS = ("alice", "bob", ROBOT, NODE, "system:anonymous", "*", "Alice", "")
GROUPS = (
    *("dev", "ops", "system:masters", "system:nodes", "system:authenticated"),
    *("system:unauthenticated", "system:serviceaccounts:ci", "*"),
)
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*")
OBJECTS: Sequence[tuple[str, str, str]] = (
    *(("", "pods", ""), ("", "pods", "exec"), ("", "pods", "log"), ("", "pods", "status")),
    *(("", "secrets", ""), ("", "configmaps", ""), ("", "nodes", ""), ("", "nodes", "proxy")),
    *(("", "serviceaccounts", "token"), ("", "namespaces", ""), ("", "namespaces", "finalize")),
    *(("apps", "deployments", ""), ("apps", "deployments", "scale")),
    *(("rbac.authorization.k8s.io", "roles", ""), ("authentication.k8s.io", "tokenreviews", "")),
)
API_GROUPS = (
    *("", "apps", "*", "rbac.authorization.k8s.io", "authentication.k8s.io", "core"),
    "ml.acme.example",
)
RESOURCES = (
    *("pods", "pods/exec", "pods/*", "*/exec", "*/status", "*", "secrets", "configmaps"),
    *("nodes", "nodes/*", "nodes/proxy", "deployments", "deployments/scale", "*/scale", "roles"),
    *("serviceaccounts/token", "tokenreviews", "*/*", "/*", "*/", "namespaces", ""),
)
NAMES = ("a", "b", "kube-root-ca.crt", "")
NAMESPACES = ("", "ml", "kube-system", "default", "*")
URLS = ("/healthz", "/healthz*", "/api*", "/api", "/*", "*", "/metrics", "/logs/*", "/version*")
PATHS = (
    *("/healthz", "/healthz/ping", "/api", "/api/v1", "/apis", "/metrics", "/logs/x", "/version"),
    "/",
)


def some(dice: random.Random, values: Sequence[str], most: int = 3) -> list[str]:
    return dice.sample(values, dice.randint(1, min(most, len(values))))


def rule(dice: random.Random) -> Json:
    """A rule that the server takes."""
    made: Json = {"level": dice.choice(TITLES)}
    for field, values in (("users", USERS), ("userGroups", GROUPS), ("verbs", VERBS)):
        if dice.random() < 0.3:
            made[field] = some(dice, values, 4)
    about = dice.random()
    if about < 0.2:
        made["nonResourceURLs"] = some(dice, URLS)
    elif about < 0.8:
        if dice.random() < 0.3:
            made["namespaces"] = some(dice, NAMESPACES)
        if dice.random() < 0.85:
            made["resources"] = [resources(dice) for _ in range(dice.randint(1, 3))]
    if dice.random() < 0.2:
        made["omitStages"] = some(dice, STAGES, 4)
    if dice.random() < 0.2:
        made["omitManagedFields"] = dice.random() < 0.5
    for field in ("users", "verbs", "resources", "nonResourceURLs"):
        if field not in made and dice.random() < 0.05:
            made[field] = dice.choice(([], None))
    return made


def resources(dice: random.Random) -> Json:
    made: Json = {}
    if dice.random() < 0.9:
        made["group"] = dice.choice(API_GROUPS)
    if dice.random() < 0.8:
        made["resources"] = some(dice, RESOURCES)
        if dice.random() < 0.25:
            made["resourceNames"] = some(dice, NAMES)
    return made


def policy(dice: random.Random) -> Json:
    """A policy that the server takes."""
    made: Json = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy"}
    if dice.random() < 0.3:
        made["omitStages"] = some(dice, STAGES)
    if dice.random() < 0.3:
        made["omitManagedFields"] = dice.random() < 0.7
    made["rules"] = [rule(dice) for _ in range(dice.randint(1, 12))]
    return made


def request(dice: random.Random) -> Request:
    user, groups = dice.choice(CALLERS)
    verb = dice.choice(VERBS[:-1])
    if dice.random() < 0.2:
        return Request(user, groups, dice.choice(("get", "post", "head")), url=dice.choice(PATHS))
    group, resource, subresource = dice.choice(OBJECTS)
    namespace = dice.choice(NAMESPACES[:-1])
    name = dice.choice(NAMES)
    return Request(user, groups, verb, group, resource, subresource, namespace, name)


def broken(dice: random.Random) -> tuple[Json, str]:
    """A policy with one thing in it that may not be so, and what that is."""
    made = copy.deepcopy(policy(dice))
    name = dice.choice(sorted(BREAKING))
    BREAKING[name](dice, made)
    return made, name


def _any_rule(dice: random.Random, made: Json) -> Json:
    found: Json = dice.choice(made["rules"])
    return found


def _set(field: str, *values: object) -> Callable[[random.Random, Json], None]:
    def change(dice: random.Random, made: Json) -> None:
        _any_rule(dice, made)[field] = dice.choice(values)

    return change


def _top(field: str, *values: object) -> Callable[[random.Random, Json], None]:
    def change(dice: random.Random, made: Json) -> None:
        made[field] = dice.choice(values)

    return change


def _resources(**fields: object) -> Callable[[random.Random, Json], None]:
    def change(dice: random.Random, made: Json) -> None:
        found = _any_rule(dice, made)
        found.pop("nonResourceURLs", None)
        found["resources"] = [dict(fields)]

    return change


def _both(dice: random.Random, made: Json) -> None:
    found = _any_rule(dice, made)
    found["nonResourceURLs"] = ["/x"]
    found[dice.choice(("resources", "namespaces"))] = dice.choice(([{}], ["a"]))
    if found.get("resources") == ["a"]:
        found["resources"] = [{}]
    if found.get("namespaces") == [{}]:
        found["namespaces"] = ["a"]


BREAKING = {
    "level": _set("level", "metadata", "NONE", "", None, 1, "Everything", True, ["None"]),
    "users": _set("users", "alice", [1], [None], {"a": 1}, [["a"]], [True]),
    "verbs": _set("verbs", "get", [1.5], [{}]),
    "namespaces": _set("namespaces", "", [3]),
    "stage": _set("omitStages", ["RequestRecieved"], [""], "Panic", ["panic"]),
    "stage of all": _top("omitStages", ["Never"], "Panic", [2], {}),
    "fields": _set("omitManagedFields", "true", 1, "yes", []),
    "fields of all": _top("omitManagedFields", "true", 0, None, {}),
    "url": _set("nonResourceURLs", ["healthz"], ["/a*b"], [""], ["*/x"], ["/**"], ["**"], ["/*a*"]),
    "both": _both,
    "group": _resources(group="apps/v1", resources=["deployments"]),
    "group in capitals": _resources(group="Apps"),
    "group that is long": _resources(group="a" * 254),
    "group as long as can be": _resources(group="a" * 253),
    "group with a dot": _resources(group="apps."),
    "group of odd characters": _resources(group="a_b"),
    "group that is a number": _resources(group=1),
    "names alone": _resources(group="", resourceNames=["a"]),
    "no resource": _resources(group="", resources=[]),
    "resources": _set("resources", ["pods"], "pods", {"group": ""}, [None], [3]),
    "unknown in a rule": _set("namespace", ["ml"], None, 3),
    "misspelt": _set("usergroups", ["dev"]),
    "unknown in resources": _resources(group="", resource=["pods"]),
    "unknown in all": _top("rule", [], None),
    "no rules": _top("rules", [], None, "x", {}),
    "a rule that is none": _top("rules", [None], ["level"], [{}], [[]]),
    "version": _top("apiVersion", "audit.k8s.io/v1beta1", "v1", "audit.k8s.io/v2", "", None, 1),
    "kind": _top("kind", "policy", "Event", "EventList", "", None),
    "metadata": _top("metadata", None, {}, {"name": "a"}, {"name": 3}, "a", {"lables": {}}),
    "labels": _top("metadata", {"labels": {"a": 1}}, {"annotations": ["a"]}, {"labels": None}),
    "nothing": _top("apiVersion", "audit.k8s.io/v1"),
}
"""What may be wrong with a policy, by name; some of it the server takes."""


_ANYTHING: Sequence[object] = (
    *(None, True, False, 0, 1, -1, 1.5, "", "x", "None", "Metadata", "*", "/a", "/a*", [], {}),
    *(["a"], [None], [1], [[]], [{}], {"a": 1}, {"group": ""}, {"level": "None"}),
    "audit.k8s.io/v1",
)
_METADATA: Json = {
    "name": "a",
    "labels": {"a": "b"},
    "generation": 1,
    "creationTimestamp": "2026-01-01T00:00:00Z",
    "finalizers": ["a"],
    "ownerReferences": [{"name": "x", "controller": True}],
    "managedFields": [{"manager": "a", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:a": {}}}],
}
_KEYS = (
    *("level", "users", "namespaces", "resources", "group", "resourceNames", "omitStages", "x"),
    *("nonResourceURLs", "omitManagedFields", "metadata", "kind", "apiVersion", "rules", "Level"),
    *("USERS", "verbs"),
)


def changed(dice: random.Random) -> object:
    """A policy in which anything at all stands in one or two places."""
    made: object = policy(dice)
    if dice.random() < 0.3 and isinstance(made, dict):
        made["metadata"] = copy.deepcopy(_METADATA)
    for _ in range(dice.randint(1, 2)):
        made = _changed(dice, made)
    return made


def _changed(dice: random.Random, document: object) -> object:
    holders = list(_holders(document))
    value = copy.deepcopy(dice.choice(_ANYTHING))
    if not holders:
        return value
    holder = dice.choice(holders)
    if isinstance(holder, dict):
        keys = list(holder)
        key = dice.choice((*_KEYS, *keys) if dice.random() < 0.3 or not keys else keys)
        if dice.random() < 0.15:
            holder.pop(key, None)
        else:
            holder[key] = value
    elif holder and dice.random() < 0.7:
        holder[dice.randrange(len(holder))] = value
    else:
        holder.append(value)
    return document


def _holders(value: object) -> Iterator[Any]:
    """Yield every object and list in a document."""
    if isinstance(value, dict | list):
        yield value
        for each in value.values() if isinstance(value, dict) else value:
            yield from _holders(each)
