"""The shapes of kinds of Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from auditor.late import late
from auditor.platforms.shape import NAMES, Path, Shape

_CONTAINERS: tuple[Path, ...] = (
    ("spec", "initContainers"),
    ("spec", "containers"),
    ("spec", "ephemeralContainers"),
)

_POD_TEMPLATE = Shape(
    joined=MappingProxyType({"allContainers": _CONTAINERS}),
    volatile=(
        tuple((*path, "*", field) for path in _CONTAINERS for field in ("env", "args", "command")),
        (("metadata",), ("owner", "name")),
    ),
    # the volume of the service account's token, as ServiceAccount admission names it
    noise=(
        b"kube-api-access-",
        late(rb"kube-api-access-[a-z0-9]{5}"),
        b"kube-api-access",
    ),
    repeated="spec",
    apart=(("spec", "nodeName"), b'"nodeName":"', late(rb'"nodeName":"[^"]*"')),
)

# A direction that ``policyTypes`` does not name means nothing, whatever its rules. Where it names
# none, the API server fills in Ingress, and Egress if there are rules for it: each that has rules.
_NETWORK_POLICY = Shape(
    joined=MappingProxyType(
        {
            "ingressInEffect": (("spec", "ingress"),),
            "egressInEffect": (("spec", "egress"),),
        }
    ),
    named=MappingProxyType(
        {
            "ingressInEffect": (("spec", "policyTypes"), "Ingress"),
            "egressInEffect": (("spec", "policyTypes"), "Egress"),
        }
    ),
)

_NAMED = Shape(names=NAMES | {("namespace",)})

SHAPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        "k8s/PodTemplate": _POD_TEMPLATE,
        "k8s/PodTemplatePatch": _POD_TEMPLATE,
        "k8s/NetworkPolicy": _NETWORK_POLICY,
        "k8s/AccountUse": Shape(names=NAMES | {("users",), ("namespace",)}),
        "k8s/PolicySelection": _NAMED,
        "k8s/ServiceSelection": _NAMED,
        "k8s/SecondaryNetworks": _NAMED,
        "k8s/RouteBackends": _NAMED,
        "k8s/RouteListeners": _NAMED,
    }
)
