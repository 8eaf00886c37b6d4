"""Custom resources that may bring pods and services of their own, as an operator does.

A RayCluster becomes pods with labels, and a Service, that stand in no file. So nothing is said to
be absent beside one, nor beside a kind that nobody knows. Left out are kinds of which it is known
that neither comes of them: they configure, route, watch or grant.

Sources: the CustomResourceDefinitions of the projects, as their documentation describes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from auditor.platforms.kubernetes import PREFIX

_ALL: Final[frozenset[str]] = frozenset()
_IDLE: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "cert-manager.io": _ALL,
        "cilium.io": _ALL,
        "config.gatekeeper.sh": _ALL,
        "constraints.gatekeeper.sh": _ALL,
        "crd.antrea.io": _ALL,
        "crd.projectcalico.org": _ALL,
        "external-secrets.io": _ALL,
        "extensions.istio.io": _ALL,
        "gateway.networking.k8s.io": frozenset(
            {
                *("BackendTLSPolicy", "GRPCRoute", "GatewayClass", "HTTPRoute", "ListenerSet"),
                *("ReferenceGrant", "TCPRoute", "TLSRoute", "UDPRoute"),
            }
        ),
        "inference.networking.k8s.io": _ALL,
        "inference.networking.x-k8s.io": _ALL,
        "keda.sh": frozenset(
            {"ClusterTriggerAuthentication", "ScaledObject", "TriggerAuthentication"}
        ),
        "kueue.x-k8s.io": _ALL,
        "kyverno.io": _ALL,
        "monitoring.coreos.com": frozenset(
            {"AlertmanagerConfig", "PodMonitor", "Probe", "PrometheusRule", "ScrapeConfig"}
            | {"ServiceMonitor"}
        ),
        "networking.istio.io": _ALL,
        "policies.kyverno.io": _ALL,
        "policy.networking.k8s.io": _ALL,
        "projectcalico.org": _ALL,
        "route.openshift.io": _ALL,
        "scheduling.x-k8s.io": _ALL,
        "secrets-store.csi.x-k8s.io": _ALL,
        "security.istio.io": _ALL,
        "security.openshift.io": _ALL,
        "snapshot.storage.k8s.io": _ALL,
        "telemetry.istio.io": _ALL,
        "traefik.io": _ALL,
    }
)
"""Groups, and the kinds of them that bring neither pods nor services; all of an empty set."""


_WITHOUT_SERVICES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "argoproj.io": frozenset({"CronWorkflow", "Rollout", "Workflow", "WorkflowTemplate"}),
        "gateway.networking.k8s.io": frozenset({"Gateway"}),
    }
)
"""Kinds that bring pods, and no service that anybody else would name."""


def may_bring_pods(kind: str) -> bool:
    """Say whether a custom resource, by what rules call its kind, may bring pods."""
    name, _, group = kind.removeprefix(PREFIX).partition(".")
    idle = _IDLE.get(group)
    return idle is None or bool(idle and name not in idle)


def may_bring_services(kind: str) -> bool:
    """Say whether a custom resource, by what rules call its kind, may bring services."""
    name, _, group = kind.removeprefix(PREFIX).partition(".")
    return may_bring_pods(kind) and name not in _WITHOUT_SERVICES.get(group, ())
