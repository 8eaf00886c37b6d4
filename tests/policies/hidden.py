"""Custom resources in which a pod is hidden, and others that look a little like it.

Each planted pod has one fault, which only the rule of its form tells, and stands at a random place,
between other things that objects hold.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

PRIVILEGED: Json = {"securityContext": {"privileged": True}}
MANIFEST = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {hostPID: true}\n"
_PRIVILEGED = "container-privileged"


@dataclass(frozen=True, slots=True)
class Planted:
    """An object, and the rule that finds what is hidden in it; "" where a gap tells of it."""

    name: str
    form: str
    rule: str
    value: Json


def _image(dice: random.Random) -> Json:
    return {"image": f"r.io/{dice.choice('abc')}:1"}


def _named(dice: random.Random) -> Json:
    return {"name": dice.choice(["main", "agent"])}


def _beside(dice: random.Random, *pods: Json) -> list[Any]:
    """Containers, with whole ones before or after."""
    others = [{**_named(dice), **_image(dice)} for _ in range(dice.randrange(2))]
    made = [*pods, *others]
    dice.shuffle(made)
    return made


FORMS: dict[str, tuple[str, Callable[[random.Random], object]]] = {
    "whole": (
        _PRIVILEGED,
        lambda dice: {"containers": _beside(dice, {**_named(dice), **_image(dice), **PRIVILEGED})},
    ),
    "no image": (
        _PRIVILEGED,
        lambda dice: {"containers": _beside(dice, {**_named(dice), **PRIVILEGED})},
    ),
    "no name": (
        _PRIVILEGED,
        lambda dice: {"containers": _beside(dice, {**_image(dice), **PRIVILEGED})},
    ),
    "something else in the list": (
        _PRIVILEGED,
        lambda dice: {"containers": [{**_named(dice), **PRIVILEGED}, {"name": "x"}]},
    ),
    "init containers alone": (
        _PRIVILEGED,
        lambda dice: {"initContainers": [{**_named(dice), **PRIVILEGED}]},
    ),
    "ephemeral containers alone": (
        _PRIVILEGED,
        lambda dice: {"ephemeralContainers": [{**_named(dice), **_image(dice), **PRIVILEGED}]},
    ),
    "containers by name": (
        _PRIVILEGED,
        lambda dice: {"containers": {"main": {**_image(dice), **PRIVILEGED}}},
    ),
    "steps": (_PRIVILEGED, lambda dice: {"steps": [{**_image(dice), **PRIVILEGED}]}),
    "network of the node": ("pod-host-network", lambda _: {"hostNetwork": True}),
    "network of the node, quoted": ("pod-host-network", lambda _: {"hostNetwork": "true"}),
    "processes of the node": ("pod-host-process-namespace", lambda _: {"hostPID": True}),
    "memory of the node": ("pod-host-ipc", lambda _: {"hostIPC": True}),
    "processes shared": ("process-namespace-shared", lambda _: {"shareProcessNamespace": True}),
    "folder of the node": (
        "pod-host-path-volume",
        lambda _: {"volumes": [{"name": "v", "hostPath": {"path": "/srv"}}]},
    ),
    "extra folder of the node": (
        "pod-host-path-volume",
        lambda _: {"extraVolumes": [{"name": "v", "hostPath": {"path": "/srv"}}]},
    ),
    "user of the pod": ("pod-root-user", lambda _: {"securityContext": {"runAsUser": 0}}),
    "user of the pod, by another name": (
        "pod-root-user",
        lambda _: {"podSecurityContext": {"runAsUser": 0}},
    ),
    "user of a container, by another name": (
        "container-root-user",
        lambda dice: {**_image(dice), "containerSecurityContext": {"runAsUser": 0}},
    ),
    "a container of its own": (
        _PRIVILEGED,
        lambda dice: {_container(dice): {**_image(dice), **PRIVILEGED}},
    ),
    "a container without an image": (_PRIVILEGED, lambda dice: {_container(dice): PRIVILEGED}),
    "arguments under the key of a container": (
        "model-code-trusted",
        lambda dice: {_container(dice): {"args": ["--trust-remote-code"]}},
    ),
    "pieces": (
        "secret-in-environment-name",
        lambda dice: {
            **_image(dice),
            "replicas": 2,
            "env": [{"name": "DB_PASSWORD", "value": "hunter2x"}],
            "nodeSelector": {"disk": "ssd"},
        },
    ),
    "a second environment": (
        "secret-in-environment-name",
        lambda dice: {
            **_image(dice),
            "env": [{"name": "A", "value": "b"}],
            "extraEnv": [{"name": "DB_PASSWORD", "value": "hunter2x"}],
        },
    ),
    "a context of each": (
        "container-root-user",
        lambda _: {"podSecurityContext": {"runAsUser": 1}, "securityContext": {"runAsUser": 0}},
    ),
    "environment alone": (
        "secret-in-environment-name",
        lambda _: {"env": [{"name": "DB_PASSWORD", "value": "hunter2x"}]},
    ),
    "arguments": (
        "model-code-trusted",
        lambda dice: {**_image(dice), "args": ["--trust-remote-code"]},
    ),
    "port of the node": (
        "container-host-port",
        lambda _: {"ports": [{"containerPort": 80, "hostPort": 80}]},
    ),
    "beside a whole pod": (
        _PRIVILEGED,
        lambda dice: {
            "containers": [{**_named(dice), **_image(dice)}],
            "runner": {**_image(dice), **PRIVILEGED},
        },
    ),
    "template": (
        _PRIVILEGED,
        lambda dice: {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{**_named(dice), **PRIVILEGED}]},
        },
    ),
    "object": (
        _PRIVILEGED,
        lambda dice: {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "inner"},
            "spec": {
                "template": {
                    "spec": {"containers": [{**_named(dice), **_image(dice), **PRIVILEGED}]}
                }
            },
        },
    ),
    "manifest as a text": ("", lambda _: MANIFEST),
    "manifest as JSON": ("", lambda _: json.dumps({"apiVersion": "v1", "kind": "Pod"})),
}
"""How a pod may be written: the rule that its fault breaks, and what makes one."""


def _container(dice: random.Random) -> str:
    return dice.choice(["mainContainer", "container", "sidecar", "runner", "worker-container"])


def _schema(_: random.Random) -> Json:
    text = {"type": "string"}
    container = {"type": "object", "properties": {"image": text, "name": text, "env": {}}}
    pod = {"containers": {"type": "array", "items": container}, "hostPID": {"type": "boolean"}}
    return {"openAPIV3Schema": {"default": {"hostPID": True}, "properties": pod}, "properties": pod}


QUIET: dict[str, Callable[[random.Random], Json]] = {
    "an image": lambda _: {"image": "r.io/a:1", "title": "A picture"},
    "a schema": _schema,
    "a claim": lambda _: {"resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["x"]},
    "a command": lambda _: {"exec": {"command": ["true"]}},
    "a reference": lambda _: {"apiVersion": "v1", "kind": "Pod", "name": "x", "namespace": "y"},
    "a pattern": lambda _: {
        "pattern": {"spec": {"hostPID": False, "containers": [{"image": "*"}]}}
    },
    "variables by name": lambda _: {"env": {"A": "b"}},
    "ports of a service": lambda _: {"ports": [{"port": 80, "targetPort": 8080}]},
    "switches": lambda _: {"enabled": True, "replicas": 3, "schedule": "@daily"},
    "an account": lambda _: {"serviceAccountName": "a", "interval": "5m"},
    "containers of storage": lambda _: {"containers": [{"name": "backup", "access": "private"}]},
    "names": lambda _: {"containers": ["a", "b"], "volumes": ["/a:/b"]},
    "a text about kinds": lambda _: {"description": "An apiVersion and a kind, as in kind: Pod."},
    "nothing": lambda _: {"containers": [], "env": [], "volumes": None, "image": ""},
}
"""What objects hold that is not a pod, and has a field of one."""
WORDS = ("alpha", "beta", "deeper", "items", "podOverride", "patch", "workers", "a/b", "c~d", "0")


def hide(dice: random.Random, value: object) -> Json:
    """A map with a value somewhere below it, and other things around."""
    for _ in range(dice.randrange(5)):
        if dice.random() < 0.3:
            value = [*([quiet(dice)] if dice.random() < 0.5 else []), value]
        value = {**_around(dice), dice.choice(WORDS): value}
    return value if isinstance(value, dict) else {"below": value}


def quiet(dice: random.Random) -> Json:
    """Something that is not a pod."""
    return dice.choice(list(QUIET.values()))(dice)


def _around(dice: random.Random) -> Json:
    return {f"x{i}": quiet(dice) for i in range(dice.randrange(3))}


def _head(dice: random.Random) -> Json:
    version, kind = dice.choice(
        [
            ("fleet.example.com/v1", "Fleet"),
            ("ml.example/v1alpha1", "Deployment"),
            ("v1", "DeploymentConfig"),
            ("apps/v1", "Deploymentt"),
            ("networking.k8s.io/v1", "Novelty"),
            ("app/v1", "Deployment"),
            ("v1", "pod"),
            ("ray.io/v1", "RayCluster"),
            ("tekton.dev/v1", "PipelineRun"),
        ]
    )
    return {"apiVersion": version, "kind": kind}


def planted(dice: random.Random, number: int) -> Planted:
    """One object with a pod in it."""
    form = dice.choice(list(FORMS))
    rule, make = FORMS[form]
    value = make(dice)
    if form == "template":
        value = {"template": value}
    name = f"planted-{number}"
    field = dice.choice(["spec", "spec", "data", "config"])
    head = {**_head(dice), "metadata": {"name": name, "namespace": "team"}}
    return Planted(
        name, form, rule, {**head, field: hide(dice, value), "status": {"hostPID": True}}
    )


def clean(dice: random.Random, number: int) -> Json:
    """One object without any pod."""
    head = {**_head(dice), "metadata": {"name": f"clean-{number}", "namespace": "team"}}
    if head["kind"] == "pod":
        head["kind"] = "Fleet"
    return {**head, "spec": hide(dice, quiet(dice)), "status": {"hostPID": True, "image": "a"}}
