"""What separates tenants in a cluster, and which right changes it.

=================  ==================================================  =========================
what               why it separates                                    a RoleBinding gives it
=================  ==================================================  =========================
nodes              labels and taints choose who runs where             no
node-status        capacity, and so devices                            no
namespaces         labels choose Pod Security, policies and tenants    of its own namespace
gpu-sharing        ConfigMaps by which device plugins share GPUs       in the platform's
device-classes     what claims of devices get                          no
device-slices      which devices there are                             no
claim-status       which devices a claim was given                     yes
admin-claims       claims with adminAccess reach devices of others     where they are allowed
runtime-classes    the sandbox that a pod runs in                      no
network-policies   who reaches whom                                    in its own namespace
cluster-policies   the same, of the whole cluster                      no
admission          webhooks and policies that refuse what separates    no
quotas             what a tenant may take from others                  in its own namespace
=================  ==================================================  =========================

A right is one to create, change or delete where that makes it less; names narrow it, and are told.
A rule that allows everything is left out: whoever has it has no need of a list.
The audit policy of a server is a file: nobody changes it by the API.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.rights.matching import Request, concerns
from auditor.analysis.rights.resolving import RuleInEffect

_WRITE: Final = ("create", "update", "patch")
_CHANGE: Final = ("update", "patch")
_ANY: Final = (*_WRITE, "delete", "deletecollection")
_DRA: Final = "resource.k8s.io"
_NETWORK: Final = "policy.networking.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"


class Guard(msgspec.Struct, frozen=True):
    """Something that separates tenants: what it is, and the requests that change it.

    ``inside``: a RoleBinding gives the right; ``platform``: it counts where the platform runs,
    ``admin``: where claims may have admin access; neither: wherever it is.
    """

    name: str
    what: str
    requests: tuple[Request, ...]
    inside: bool = False
    platform: bool = False
    admin: bool = False


def _of(group: str, resources: str, verbs: Iterable[str]) -> tuple[Request, ...]:
    words = [each.partition("/") for each in resources.split()]
    return tuple(Request(verb, group, one, part) for one, _, part in words for verb in verbs)


_POLICIES: Final = "adminnetworkpolicies baselineadminnetworkpolicies clusternetworkpolicies"
_HOOKS: Final = (
    "mutatingwebhookconfigurations validatingwebhookconfigurations validatingadmissionpolicies "
    "validatingadmissionpolicybindings mutatingadmissionpolicies mutatingadmissionpolicybindings"
)

GUARDS: Final = (
    Guard("nodes", "labels and taints of nodes", _of("", "nodes", _CHANGE)),
    Guard("node-status", "what nodes offer", _of("", "nodes/status", _CHANGE)),
    Guard("namespaces", "labels of namespaces", _of("", "namespaces", _CHANGE), inside=True),
    Guard(
        "gpu-sharing",
        "ConfigMaps of the platform, as those by which GPUs are shared",
        _of("", "configmaps", _WRITE),
        inside=True,
        platform=True,
    ),
    Guard("device-classes", "classes of devices", _of(_DRA, "deviceclasses", _WRITE)),
    Guard("device-slices", "which devices there are", _of(_DRA, "resourceslices", _WRITE)),
    Guard(
        "claim-status",
        "the devices that claims were given",
        _of(_DRA, "resourceclaims/status", _CHANGE),
        inside=True,
    ),
    Guard(
        "admin-claims",
        "claims with admin access to devices",
        _of(_DRA, "resourceclaims resourceclaimtemplates", ("create",)),
        inside=True,
        admin=True,
    ),
    Guard("runtime-classes", "sandboxes of pods", _of("node.k8s.io", "runtimeclasses", _WRITE)),
    Guard(
        "network-policies",
        "network policies",
        _of("networking.k8s.io", "networkpolicies", _ANY),
        inside=True,
    ),
    Guard("cluster-policies", "network policies of the cluster", _of(_NETWORK, _POLICIES, _ANY)),
    Guard("admission", "what admission asks and refuses", _of(_ADMISSION, _HOOKS, _ANY)),
    Guard(
        "quotas",
        "quotas and limits of a namespace",
        _of("", "resourcequotas limitranges", (*_CHANGE, "delete")),
        inside=True,
    ),
)
"""Every one, those that separate best first."""


class Changed(msgspec.Struct, frozen=True):
    """A guard that a role lets its holders change: by which rule, and which names, () for all."""

    guard: Guard
    rule: RuleInEffect
    names: tuple[str, ...] = ()


NOTHING: Final[Mapping[str, Changed]] = MappingProxyType({})


def changed_by(rules: Iterable[RuleInEffect]) -> Mapping[str, Changed]:
    """Say what rules let somebody change, by the names of the guards; all names before some."""
    found: dict[str, Changed] = {}
    for each in rules:
        if not each.settled or each.rule.is_everything:
            continue
        for guard in GUARDS:
            known = found.get(guard.name)
            if known is not None and not known.names:
                continue
            if any(concerns(each.rule, request) for request in guard.requests):
                names = each.rule.resource_names
                if known is None or not names:
                    found[guard.name] = Changed(guard, each, names)
    return found or NOTHING
