"""Sixty conditions on a pod: twelve shapes with five variants each, in two spellings.

``standard`` tests with ``has()``, as people wrote before optional types; ``optional`` uses ``.?``
and ``orValue``, as they write for ValidatingAdmissionPolicy now. Both give the same verdicts on
valid pods: true when the pod complies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

FLAGS: Final = (
    *("privileged", "allowPrivilegeEscalation", "readOnlyRootFilesystem"),
    *("runAsNonRoot", "procMount"),
)
NAMESPACES: Final = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
SUFFIXES: Final = (":latest", ":dev", ":1.2.3", ":v0.6.1", "-py3")
REGISTRIES: Final = (
    "^(nvcr[.]io|ghcr[.]io)/",
    "^nvcr[.]io/",
    "^[^:]+:[^:]+$",
    "^(quay|ghcr)[.]io/[a-z0-9/-]+",
    "@sha256:[0-9a-f]{64}$",
)
RESOURCES: Final = ("memory", "cpu", "nvidia.com/gpu", "ephemeral-storage", "hugepages-2Mi")
HOST_PATHS: Final = ("/var/run", "/", "/data", "/etc", "/proc")
SECRETS: Final = ("SECRET", "PASSWORD|PASSWD", "(?i)token", "AWS_.*KEY", "^(DB|PG)_")
CAPABILITIES: Final = ("SYS_ADMIN", "NET_ADMIN", "IPC_LOCK", "SYS_PTRACE", "ALL")
LABELS: Final = ("team", "app", "owner", "app.kubernetes.io/name", "cost-center")
TOLERATIONS: Final = (
    *("nvidia.com/gpu", "dedicated", "node.kubernetes.io/not-ready", "spot", "arm64"),
)
PORTS: Final = (22, 80, 2222, 443, 8080)
MOUNTS: Final = ("/models", "/cache", "/var/run/secrets", "/root", "/tmp")  # noqa: S108  # no file


def _containers(body: str) -> str:
    """The containers and init containers of a pod comply."""
    return (
        f"object.spec.containers.all(c, {body}) && "
        f"(!has(object.spec.initContainers) || object.spec.initContainers.all(c, {body}))"
    )


def _all_containers(body: str) -> str:
    return f"(object.spec.containers + object.spec.?initContainers.orValue([])).all(c, {body})"


_STANDARD: Final[tuple[Callable[[int], str], ...]] = (
    lambda i: _containers(
        f"!has(c.securityContext) || !has(c.securityContext.{FLAGS[i]})"
        f" || c.securityContext.{FLAGS[i]} != true"
    ),
    lambda i: f"!has(object.spec.{NAMESPACES[i]}) || !object.spec.{NAMESPACES[i]}",
    lambda i: _containers(f"!c.image.endsWith('{SUFFIXES[i]}')"),
    lambda i: _containers(f"c.image.matches('{REGISTRIES[i]}')"),
    lambda i: _containers(f"has(c.resources.limits) && '{RESOURCES[i]}' in c.resources.limits"),
    lambda i: (
        "!has(object.spec.volumes) || object.spec.volumes.all(v,"
        f" !has(v.hostPath) || !v.hostPath.path.startsWith('{HOST_PATHS[i]}'))"
    ),
    lambda i: _containers(
        f"!has(c.env) || !c.env.exists(e, has(e.value) && e.name.matches('{SECRETS[i]}'))"
    ),
    lambda i: _containers(
        "!has(c.securityContext) || !has(c.securityContext.capabilities)"
        " || !has(c.securityContext.capabilities.add)"
        f" || !c.securityContext.capabilities.add.exists(a, a == '{CAPABILITIES[i]}')"
    ),
    lambda i: (
        f"has(object.metadata.labels) && '{LABELS[i]}' in object.metadata.labels"
        f" && size(object.metadata.labels['{LABELS[i]}']) > 0"
    ),
    lambda i: (
        "has(object.spec.tolerations) &&"
        f" object.spec.tolerations.exists(t, has(t.key) && t.key == '{TOLERATIONS[i]}')"
    ),
    lambda i: _containers(
        "!has(c.ports) || c.ports.all(p,"
        f" (!has(p.hostPort) || p.hostPort == 0) && p.containerPort != {PORTS[i]})"
    ),
    lambda i: _containers(
        "!has(c.volumeMounts) || c.volumeMounts.all(m,"
        f" m.mountPath != '{MOUNTS[i]}' || (has(m.readOnly) && m.readOnly))"
    ),
)

_OPTIONAL: Final[tuple[Callable[[int], str], ...]] = (
    lambda i: _all_containers(f"c.?securityContext.?{FLAGS[i]}.orValue(false) != true"),
    lambda i: f"!object.spec.?{NAMESPACES[i]}.orValue(false)",
    lambda i: _all_containers(f"!c.image.endsWith('{SUFFIXES[i]}')"),
    lambda i: _all_containers(f"c.image.matches('{REGISTRIES[i]}')"),
    lambda i: _all_containers(f"c.resources.?limits[?'{RESOURCES[i]}'].hasValue()"),
    lambda i: (
        "object.spec.?volumes.orValue([]).all(v,"
        f" !v.?hostPath.path.orValue('').startsWith('{HOST_PATHS[i]}'))"
    ),
    lambda i: _all_containers(
        f"!c.?env.orValue([]).exists(e, has(e.value) && e.name.matches('{SECRETS[i]}'))"
    ),
    lambda i: _all_containers(
        f"!c.?securityContext.?capabilities.?add.orValue([]).exists(a, a == '{CAPABILITIES[i]}')"
    ),
    lambda i: f"size(object.metadata.?labels[?'{LABELS[i]}'].orValue('')) > 0",
    lambda i: (
        f"object.spec.?tolerations.orValue([]).exists(t, t.?key.orValue('') == '{TOLERATIONS[i]}')"
    ),
    lambda i: _all_containers(
        f"c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0 && p.containerPort != {PORTS[i]})"
    ),
    lambda i: _all_containers(
        "c.?volumeMounts.orValue([]).all(m,"
        f" m.mountPath != '{MOUNTS[i]}' || m.?readOnly.orValue(false))"
    ),
)

SHAPES: Final = (
    *("flag", "host namespace", "tag", "registry", "limit", "hostPath", "secret in env"),
    *("capability", "label", "toleration", "port", "mount"),
)
"""What the twelve shapes look at, in the order in which they repeat."""


def standard() -> list[str]:
    """The sixty conditions with ``has()``."""
    return [shape(variant) for variant in range(5) for shape in _STANDARD]


def optional() -> list[str]:
    """The sixty conditions with optional types."""
    return [shape(variant) for variant in range(5) for shape in _OPTIONAL]
