"""The kinds of Kubernetes itself, and what any kind is called.

Rules name a kind of Kubernetes without its API group (``k8s/Deployment``) and any other with it
(``k8s/RayCluster.ray.io``). Which groups are Kubernetes' own is a closed table: anybody may define
a group that ends in ``.k8s.io`` (Spark's operator did), and what it calls a Deployment is none.

The table is that of k8s.io/api, apiextensions-apiserver and kube-aggregator v0.37 (types marked
``+genclient``, scope by ``nonNamespaced``), and what older servers have. OpenShift serves the roles
of RBAC in an older group of its own, too, where they are the same objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from auditor.late import late
from auditor.model.resource import Owner, Resource, Subject
from auditor.platforms.kubernetes_shapes import SHAPES
from auditor.platforms.platform import Platform

PREFIX: Final = "k8s/"
FACTS: Final = frozenset(
    {
        *("PodTemplate", "PodTemplatePatch", "NamespacePosture", "NamedNamespace", "AccountUse"),
        *("PublicGrant", "PolicySelection", "ServiceSelection", "RouteBackends", "RouteListeners"),
        *("SecondaryNetworks", "ControlPlane", "AuditPolicy", "AuditLogging"),
        *("RoleGrants", "EscalationPath", "Rights", "Kubelet", "KubeProxy"),
        *("AdmissionGuard", "AdmissionBinding", "WebhookServices"),
    }
)
"""Names that analyses give to what they derive: no object is called so, whatever its group."""
NODE_FILES: Final = "k8s/NodeFiles"
NODE_KUBELET: Final = "k8s/NodeKubelet"
NODE_COMPONENTS: Final = "k8s/NodeComponents"
PROBED: Final = frozenset({NODE_FILES, NODE_KUBELET, NODE_COMPONENTS})
"""What a script saw on a node and printed into a file: no API server has it."""
_NAMES: Final = FACTS | {name.removeprefix(PREFIX) for name in PROBED}
"""Names that no object has, whatever its group."""
CORE: Final = "core"
"""What the nameless group is called where a name needs it: ``k8s/PodTemplate.core``."""

NAMESPACED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "": (
            "Binding",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "PersistentVolumeClaim",
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
        "certificates.k8s.io": ("PodCertificateRequest",),
        "coordination.k8s.io": ("Lease", "LeaseCandidate"),
        "discovery.k8s.io": ("EndpointSlice",),
        "events.k8s.io": ("Event",),
        "lifecycle.k8s.io": ("EvictionRequest",),
        "networking.k8s.io": ("Ingress", "NetworkPolicy"),
        "policy": ("PodDisruptionBudget",),
        "rbac.authorization.k8s.io": ("Role", "RoleBinding"),
        "resource.k8s.io": ("ResourceClaim", "ResourceClaimTemplate"),
        "scheduling.k8s.io": ("CompositePodGroup", "PodGroup", "Workload"),
        "storage.k8s.io": ("CSIStorageCapacity",),
        "extensions": ("DaemonSet", "Deployment", "Ingress", "NetworkPolicy", "ReplicaSet"),
        "authorization.openshift.io": ("Role",),
    }
)
"""Kinds that live in a namespace, by their group; the group of today before one of the past."""

OF_THE_CLUSTER: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "": ("ComponentStatus", "Namespace", "Node", "PersistentVolume"),
        "admissionregistration.k8s.io": (
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ),
        "apiextensions.k8s.io": ("CustomResourceDefinition",),
        "apiregistration.k8s.io": ("APIService",),
        "certificates.k8s.io": ("CertificateSigningRequest", "ClusterTrustBundle"),
        "flowcontrol.apiserver.k8s.io": ("FlowSchema", "PriorityLevelConfiguration"),
        "internal.apiserver.k8s.io": ("StorageVersion",),
        "networking.k8s.io": ("IPAddress", "IngressClass", "ServiceCIDR"),
        "node.k8s.io": ("RuntimeClass",),
        "policy": ("PodSecurityPolicy",),
        "rbac.authorization.k8s.io": ("ClusterRole", "ClusterRoleBinding"),
        "resource.k8s.io": ("DeviceClass", "DeviceTaintRule", "ResourceSlice"),
        "scheduling.k8s.io": ("PriorityClass",),
        "storage.k8s.io": (
            "CSIDriver",
            "CSINode",
            "StorageClass",
            "VolumeAttachment",
            "VolumeAttributesClass",
        ),
        "storagemigration.k8s.io": ("StorageVersionMigration",),
        "extensions": ("PodSecurityPolicy",),
        "authorization.openshift.io": ("ClusterRole",),
    }
)
"""Kinds that no namespace holds, by their group."""

_NO_LISTS: Final = (
    "admission.k8s.io",
    "apidiscovery.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "imagepolicy.k8s.io",
)
GROUPS: Final = frozenset((*NAMESPACED, *OF_THE_CLUSTER, *_NO_LISTS))
"""Kubernetes' own groups."""


CLUSTER_CONFIGURATION: Final = f"{PREFIX}ClusterConfiguration.kubeadm.k8s.io"
API_SERVER_CONFIGURATION: Final = "k8s/KubeAPIServerConfig.kubecontrolplane.config.openshift.io"
"""What the operator of OpenShift gives its API server: in no API server, but in a ConfigMap."""
KUBELET_CONFIGURATION: Final = f"{PREFIX}KubeletConfiguration.kubelet.config.k8s.io"
ENCRYPTION: Final = f"{PREFIX}EncryptionConfiguration.apiserver.config.k8s.io"
PROXY_CONFIGURATION: Final = f"{PREFIX}KubeProxyConfiguration.kubeproxy.config.k8s.io"
COMPONENT_FLAGS: Final = f"{PREFIX}Flags.component.k8s.io"
METRICS: Final = f"{PREFIX}Metrics.apiserver.k8s.io"
PRINTED: Final[Mapping[str, str]] = MappingProxyType(
    {COMPONENT_FLAGS: "/flagz", METRICS: "/metrics"}
)
"""What an API server prints of itself at a path, and is no object; files hold what was saved."""
AUDIT_POLICY: Final = f"{PREFIX}Policy.audit.k8s.io"
WRITTEN: Final = PROBED | {
    *(CLUSTER_CONFIGURATION, AUDIT_POLICY, ENCRYPTION),
    *(f"{PREFIX}Cluster.eks.amazonaws.com", f"{PREFIX}Cluster.container.googleapis.com"),
    f"{PREFIX}DiagnosticSetting.insights.azure.com",
}
"""Configuration of the programs themselves, which no server has: files hold it."""


def _groups() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for table in (NAMESPACED, OF_THE_CLUSTER):
        for group, kinds in table.items():
            for kind in kinds:
                found[kind] = (*found.get(kind, ()), group)
    return MappingProxyType(found)


BUILT_IN: Final = _groups()
"""Each kind of Kubernetes, without the prefix, and the groups that have it: today's first."""


@lru_cache(1024)
def kind_name(group: str, kind: str) -> str:
    """What rules call a kind: its group is in the name unless it is one of Kubernetes' own.

    A CustomResourceDefinition can be put even into ``networking.k8s.io``, with an annotation that
    anybody may write (KEP-1111), though never into a group without a dot. So a dotted group of
    Kubernetes has only its own of the names that are taken. What is named as a fact has its group
    in any case, the core's PodTemplate too: a rule about the fact is not about that object.
    So has what is named as the files of a node: a manifest is no evidence of them.
    """
    if kind in _NAMES or group not in GROUPS:
        return f"{PREFIX}{kind}.{group or CORE}"
    if "." in group and group not in BUILT_IN.get(kind, (group,)):
        return f"{PREFIX}{kind}.{group}"
    return f"{PREFIX}{kind}"


def groups_of(kind: str) -> tuple[str, ...]:
    """The groups that may have what rules call ``kind``; none for what no server has."""
    name, dot, group = kind.removeprefix(PREFIX).partition(".")
    if dot:
        return ("" if group == CORE else group,)
    return () if name in _NAMES else BUILT_IN.get(name, ())


def is_built_in(api_version: str, kind: str) -> bool:
    """Whether Kubernetes itself has a kind by this name in this group, in some version."""
    return api_version.rpartition("/")[0] in BUILT_IN.get(kind, ())


def controlled_by(resource: Resource) -> Owner | None:
    """The object that a finding about ``resource`` belongs to, when that is not itself.

    A Pod's controller is usually a ReplicaSet, itself made by a Deployment: its name is the
    Deployment's, a dash, and the value of the label ``pod-template-hash``. A Node controls the
    mirrors of its static pods, and nothing of it says what is in them: each stands for itself.
    """
    owner = resource.controller
    if owner is None or (owner.kind == "Node" and owner.api_version == "v1"):
        return None
    if owner.kind != "ReplicaSet":
        return owner
    suffix = "-" + dict(resource.labels).get("pod-template-hash", "\0")
    if not owner.name.endswith(suffix):
        return owner
    name = owner.name.removesuffix(suffix)
    return Owner(owner.api_version, "Deployment", owner.namespace, name)


def counted_with(resource: Resource) -> Subject | None:
    """The controller of a resource, as what findings about it belong to."""
    owner = controlled_by(resource)
    if owner is None:
        return None
    kind = kind_name(owner.api_version.rpartition("/")[0], owner.kind)
    return Subject(kind, owner.namespace, owner.name, owner.uid, templated=owner.templated)


KUBERNETES: Final = Platform(
    name="kubernetes",
    schemes=("k8s", "k8s+incluster"),
    prefix=PREFIX,
    kinds=frozenset(
        (
            *(f"{PREFIX}{name}" for name in FACTS),
            *(kind_name(groups[0], kind) for kind, groups in BUILT_IN.items()),
            *PROBED,
        )
    ),
    facts=frozenset(f"{PREFIX}{name}" for name in FACTS),
    counted_with=counted_with,
    shapes=SHAPES,
    written=WRITTEN,
    shorthand="k8s:// is the current context",
    versions=MappingProxyType({"kubernetes-version": "1.37"}),
    writing="a kind is written k8s/Deployment, one of another API group k8s/RayCluster.ray.io",
    listed=frozenset({f"{PREFIX}RoleGrants"}),
    open_kinds=late(r"k8s/[A-Z][A-Za-z0-9]*(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?){2,}"),
)
"""A kind of Kubernetes' own groups has no group in its name, and a misspelt one would never match
anything: they are listed. Others carry their group, and can't be known."""
