"""Built-in kinds as the API names them, for what must be said without a cluster at hand."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec


class Named(msgspec.Struct, frozen=True):
    """A kind in the words of RBAC."""

    group: str
    resource: str
    namespaced: bool


_BY_GROUP: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "": (
            "ConfigMap",
            "Event",
            "LimitRange",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ),
        "apps": ("ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
        "autoscaling": ("HorizontalPodAutoscaler",),
        "batch": ("CronJob", "Job"),
        "coordination.k8s.io": ("Lease",),
        "networking.k8s.io": ("Ingress", "NetworkPolicy"),
        "policy": ("PodDisruptionBudget",),
        "rbac.authorization.k8s.io": ("Role", "RoleBinding"),
        "resource.k8s.io": ("ResourceClaim", "ResourceClaimTemplate"),
        "discovery.k8s.io": ("EndpointSlice",),
    }
)
_OF_THE_CLUSTER: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "": ("Namespace", "Node", "PersistentVolume"),
        "admissionregistration.k8s.io": (
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ),
        "apiextensions.k8s.io": ("CustomResourceDefinition",),
        "apiregistration.k8s.io": ("APIService",),
        "certificates.k8s.io": ("CertificateSigningRequest",),
        "flowcontrol.apiserver.k8s.io": ("FlowSchema", "PriorityLevelConfiguration"),
        "networking.k8s.io": ("IngressClass",),
        "node.k8s.io": ("RuntimeClass",),
        "rbac.authorization.k8s.io": ("ClusterRole", "ClusterRoleBinding"),
        "resource.k8s.io": ("DeviceClass", "ResourceSlice"),
        "scheduling.k8s.io": ("PriorityClass",),
        "storage.k8s.io": ("CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"),
    }
)


def named(kind: str) -> Named | None:
    """What RBAC calls a kind; None for a built-in kind that no server of today has.

    A custom kind (``k8s/RayCluster.ray.io``) is taken to be namespaced, as all that hold pods are,
    and its plural to be the one that code generators make.
    """
    name, dot, group = kind.removeprefix("k8s/").partition(".")
    if dot:
        return Named(group, plural(name), namespaced=True)
    return BUILT_IN.get(kind)


def plural(kind: str) -> str:
    """The name of a resource as code generators make it (gengo's ``AllLowercasePluralNamer``)."""
    name = kind.lower()
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return f"{name}es"
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}s"


def _built_in() -> Mapping[str, Named]:
    found = {}
    for table, namespaced in ((_BY_GROUP, True), (_OF_THE_CLUSTER, False)):
        for group, kinds in table.items():
            for kind in kinds:
                found[f"k8s/{kind}"] = Named(group, plural(kind), namespaced)
    return MappingProxyType(found)


BUILT_IN: Final = _built_in()
"""Every built-in kind that this knows of."""
