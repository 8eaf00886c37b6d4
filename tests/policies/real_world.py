"""Manifests as people write them, each with the rules that a scan should name and no others.

Workloads that are right start from :func:`hardened`, so that a row shows only what it is about.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

DIGEST = "@sha256:" + "0123456789abcdef" * 4


@dataclass(frozen=True, slots=True)
class Row:
    """One file: what it holds, and the rules that fail there, without their common prefix."""

    name: str
    objects: tuple[Json, ...]
    fails: frozenset[str] = frozenset()


def right(name: str, *objects: Json) -> Row:
    """A file in which nothing is wrong."""
    return Row(name, objects)


def wrong(name: str, fails: str, *objects: Json) -> Row:
    """A file in which exactly the named rules fail."""
    return Row(name, objects, frozenset(fails.split()))


def merged(base: Json, change: Json) -> Json:
    """A copy with another mapping laid over it; None takes a field away."""
    made = copy.deepcopy(base)
    for key, value in change.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict) and isinstance(made.get(key), dict):
            made[key] = merged(made[key], value)
        else:
            made[key] = copy.deepcopy(value)
    return made


_CONTAINER: Json = {
    "name": "main",
    "image": "registry.example.com/team/app:1.4.2" + DIGEST,
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
    "ports": [{"name": "http", "containerPort": 8080}],
    "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
    "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
}
_POD: Json = {
    "serviceAccountName": "app",
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
}


def pod(container: Json | None = None, spec: Json | None = None) -> Json:
    """The spec of a pod that nothing is wrong with, changed."""
    made = merged(_POD, spec or {})
    return {**made, "containers": [merged(_CONTAINER, container or {})]}


def hardened(
    container: Json | None = None, spec: Json | None = None, kind: str = "Deployment"
) -> Json:
    """A workload that nothing is wrong with, with its container and its pod changed."""
    return {
        "apiVersion": "batch/v1" if kind == "Job" else "apps/v1",
        "kind": kind,
        "metadata": {"name": "app", "namespace": "team"},
        "spec": {"template": {"metadata": {"labels": {"app": "a"}}, "spec": pod(container, spec)}},
    }


def env(*settings: str) -> Json:
    """A container with variables, each written NAME=VALUE."""
    pairs = [text.partition("=") for text in settings]
    return {"env": [{"name": name, "value": value} for name, _, value in pairs]}


def host_path(path: str, *, read_only: bool = True) -> Json:
    """A workload that mounts a path of its node."""
    return hardened(
        {"volumeMounts": [{"name": "host", "mountPath": "/host", "readOnly": read_only}]},
        {"volumes": [{"name": "host", "hostPath": {"path": path}}]},
    )


def plain(
    api_version: str,
    kind: str,
    name: str = "thing",
    annotations: dict[str, str] | None = None,
    **fields: Any,
) -> Json:
    """Any other object of the namespace."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": "team", "annotations": annotations or {}},
        **fields,
    }


def namespace(level: str = "") -> Json:
    """The namespace, with a Pod Security level if one is named."""
    labels = {"pod-security.kubernetes.io/enforce": level} if level else {}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "team", "labels": labels},
    }


def policy(**spec: Any) -> Json:
    """A network policy."""
    return plain("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, **spec})


QUOTA = plain("v1", "ResourceQuota", spec={"hard": {"pods": "20", "requests.nvidia.com/gpu": "4"}})
