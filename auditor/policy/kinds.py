"""The kinds that a rule can apply to.

Kinds of Kubernetes' own API groups have no group in their name, and a misspelt one would never
match anything: they are listed. Others carry their group, ``k8s/RayCluster.ray.io``, and can't be
known.
"""

from __future__ import annotations

import re

from auditor.policy.suggest import suggestion

_CUSTOM = re.compile(r"k8s/[A-Z][A-Za-z0-9]*(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?){2,}")
_FACTS = ("k8s/PodTemplate", "k8s/PodTemplatePatch", "k8s/NamespacePosture", "files/DuplicateKey")
_BUILT_IN = """
APIService Binding CertificateSigningRequest ClusterRole ClusterRoleBinding ClusterTrustBundle
ComponentStatus ConfigMap ControllerRevision CronJob CSIDriver CSINode CSIStorageCapacity
CustomResourceDefinition DaemonSet Deployment DeviceClass DeviceTaintRule Endpoints EndpointSlice
Event FlowSchema HorizontalPodAutoscaler Ingress IngressClass IPAddress Job Lease LeaseCandidate
LimitRange MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration
Namespace NetworkPolicy Node PersistentVolume PersistentVolumeClaim Pod PodDisruptionBudget
PodSecurityPolicy PodTemplate PriorityClass PriorityLevelConfiguration ReplicaSet
ReplicationController ResourceClaim ResourceClaimTemplate ResourceQuota ResourceSlice Role
RoleBinding RuntimeClass Secret Service ServiceAccount ServiceCIDR StatefulSet StorageClass
StorageVersion StorageVersionMigration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding
ValidatingWebhookConfiguration VolumeAttachment VolumeAttributesClass Workload
"""
_HINT = "a kind is written k8s/Deployment, one of another API group k8s/RayCluster.ray.io"
KINDS = frozenset((*_FACTS, *(f"k8s/{name}" for name in _BUILT_IN.split())))


def unknown_kind(kind: str) -> str | None:
    """None for a kind that there is or may be, else a hint."""
    if kind in KINDS or _CUSTOM.fullmatch(kind):
        return None
    return suggestion(kind, KINDS) or _HINT
