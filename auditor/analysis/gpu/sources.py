"""What the matrix rests on, who writes it as it is meant, and which right lets others write it.

=====================  ====================  ========================================
source                 written by            what it says
=====================  ====================  ========================================
namespace-marks        platform              whose a namespace is
node-marks             platform              how GPUs of a node are shared
node-status            kubelet               how many a node offers
pod-status             kubelet               which devices a container was given
claim-status           scheduler             which devices a claim was given
slices                 driver                which devices there are
sharing-configuration  platform              how a device plugin shares
operator               platform              how the operator sets it up
nvidia-drivers         platform              which driver nodes run, by which image
gpu-clusters           platform              how the operator sets up DRA
amd-operator           platform              how AMD's operator sets nodes up
intel-operator         platform              how often Intel's plugin gives out a GPU
device-classes         platform              which devices a claim may ask for
runtime-classes        platform              which runtime a pod may choose
platform-pods          platform              which pods are parts of the platform itself
platform-daemon-sets   platform              the same: who owns such pods
platform-commands      platform              what such pods do
admin-claims           platform              claims that reach devices of others
admin-templates        platform              templates of such claims
pod-marks              scheduler             which devices a scheduler meant for a pod
=====================  ====================  ========================================

Rights on pods, on DaemonSets and on claims count where parts of the platform run, and where the
namespace is labelled for admin access; in a tenant's own namespace they are its own.
All but the last are written by what tenants have no rights of, where rights are given out with
care. The last stands on the tenant's own pods: whoever may make or change them may write it, so it
is *declared* at most, and nothing that it says makes an edge surer or better isolated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

PLATFORM: Final = "platform"
KUBELET: Final = "kubelet"
SCHEDULER: Final = "scheduler"
DRIVER: Final = "driver"

_CHANGE: Final = ("update", "patch", "*")
_WRITE: Final = ("create", *_CHANGE)


class Source(msgspec.Struct, frozen=True):
    """Something that the matrix rests on: who writes it, and by which right of the API.

    ``resource`` is with its subresource; ``inside``: a RoleBinding can give the right.
    """

    name: str
    what: str
    written_by: str
    group: str
    resource: str
    verbs: tuple[str, ...] = _CHANGE
    inside: bool = False


class RoleRule(msgspec.Struct, frozen=True, gc=False):
    """A rule of a Role or a ClusterRole."""

    apiGroups: list[str] | None = None  # noqa: N815 - the field's name in the API
    resources: list[str] | None = None
    verbs: list[str] | None = None


NAMESPACE_MARKS: Final = "namespace-marks"
POD_MARKS: Final = "pod-marks"
POD_STATUS: Final = "pod-status"
CLAIM_STATUS: Final = "claim-status"
NODE_STATUS: Final = "node-status"
CONFIGURATION: Final = "sharing-configuration"
AMD: Final = "amd-operator"
IN_PLATFORM: Final = ("platform-pods", "platform-daemon-sets", "platform-commands")
"""Rights that count in the namespaces where parts of the platform run."""
WITH_ADMIN_ACCESS: Final = ("admin-claims", "admin-templates")
"""Rights that count in the namespaces whose claims may have admin access."""
_DRA: Final = "resource.k8s.io"

SOURCES: Final = (
    Source(
        *(NAMESPACE_MARKS, "labels and annotations of namespaces, which name tenants", PLATFORM),
        *("", "namespaces"),
        verbs=_WRITE,
        inside=True,
    ),
    Source("node-marks", "labels and annotations of nodes", PLATFORM, "", "nodes"),
    Source(NODE_STATUS, "the capacity of nodes", KUBELET, "", "nodes/status"),
    Source(
        *(POD_STATUS, "the devices that containers were given", KUBELET, "", "pods/status"),
        inside=True,
    ),
    Source(
        *(CLAIM_STATUS, "the devices that claims were given", SCHEDULER, _DRA),
        "resourceclaims/status",
        inside=True,
    ),
    Source(
        *("slices", "the devices that there are", DRIVER, _DRA, "resourceslices"),
        verbs=_WRITE,
    ),
    Source(
        *(CONFIGURATION, "ConfigMaps by which device plugins share", PLATFORM, "", "configmaps"),
        inside=True,
    ),
    Source(
        *("operator", "how the GPU operator sets nodes up", PLATFORM),
        *("nvidia.com", "clusterpolicies"),
    ),
    Source(
        *("nvidia-drivers", "which GPU driver nodes run, by which image", PLATFORM),
        *("nvidia.com", "nvidiadrivers"),
        verbs=_WRITE,
    ),
    Source(
        *("gpu-clusters", "how the GPU operator sets up dynamic allocation", PLATFORM),
        *("nvidia.com", "gpuclusters"),
        verbs=_WRITE,
    ),
    Source(
        *(AMD, "how AMD's operator sets nodes up", PLATFORM, "amd.com", "deviceconfigs"),
        verbs=_WRITE,
        inside=True,
    ),
    Source(
        *("intel-operator", "how often Intel's plugin gives out a GPU", PLATFORM),
        *("deviceplugin.intel.com", "gpudeviceplugins"),
        verbs=_WRITE,
    ),
    Source("device-classes", "what claims may ask for", PLATFORM, _DRA, "deviceclasses"),
    Source(
        *("runtime-classes", "which runtime pods may choose", PLATFORM),
        *("node.k8s.io", "runtimeclasses"),
    ),
    Source(
        *("platform-pods", "pods where the GPU platform runs", PLATFORM, "", "pods"),
        verbs=_WRITE,
        inside=True,
    ),
    Source(
        *("platform-daemon-sets", "DaemonSets where the GPU platform runs", PLATFORM),
        *("apps", "daemonsets"),
        verbs=_WRITE,
        inside=True,
    ),
    Source(
        *("platform-commands", "commands in pods of the GPU platform", PLATFORM),
        *("", "pods/exec"),
        verbs=("create", "get", "*"),
        inside=True,
    ),
    Source(
        *("admin-claims", "claims that may have admin access to devices", PLATFORM),
        *(_DRA, "resourceclaims"),
        verbs=("create", "*"),
        inside=True,
    ),
    Source(
        *("admin-templates", "templates of claims that may have admin access", PLATFORM),
        *(_DRA, "resourceclaimtemplates"),
        verbs=("create", "*"),
        inside=True,
    ),
    Source(
        *(POD_MARKS, "what schedulers write on pods", SCHEDULER, "", "pods"),
        inside=True,
    ),
)
"""Every source, the ones that decide most first."""


def writable(rules: Iterable[RoleRule]) -> list[str]:
    """Name the sources that rules let somebody write, in the order of the table."""
    every = list(rules)
    return [each.name for each in SOURCES if any(_lets(rule, each) for rule in every)]


def _lets(rule: RoleRule, source: Source) -> bool:
    _, slash, inner = source.resource.partition("/")
    resources = (source.resource, "*", f"*/{inner}" if slash else "*")
    return (
        _meets(rule.apiGroups, (source.group, "*"))
        and _meets(rule.resources, resources)
        and _meets(rule.verbs, source.verbs)
    )


def _meets(named: Sequence[str] | None, wanted: Sequence[str]) -> bool:
    return any(each in wanted for each in named or ())
