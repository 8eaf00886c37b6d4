"""The roles that every cluster has and that files bind without declaring them.

``cluster-admin``, ``admin``, ``edit`` and ``view``, the last three aggregated of three more, so
that a role of a file that is labelled for ``edit`` counts for ``edit``. They are taken where files
are read; what a server has is read there. A test compares them with a server's own.

Source: ``plugin/pkg/auth/authorizer/rbac/bootstrappolicy`` of Kubernetes 1.37.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.label_selectors import Requirements, of_labels
from auditor.analysis.rights.matching import EVERY, PolicyRule

_READ: Final = ("get", "list", "watch")
_WRITE: Final = ("create", "delete", "deletecollection", "patch", "update")
_AGGREGATE: Final = "rbac.authorization.k8s.io/aggregate-to-"


class DefaultRole(msgspec.Struct, frozen=True):
    """A ClusterRole of every cluster."""

    rules: tuple[PolicyRule, ...] = ()
    labels: Mapping[str, str] = MappingProxyType({})
    selectors: tuple[Requirements, ...] | None = None


def _rule(group: str, resources: str, verbs: Iterable[str]) -> PolicyRule:
    """Make a rule; ``resources`` are in a text, with spaces between them."""
    return PolicyRule(tuple(verbs), (group,), tuple(resources.split()))


def _of(*names: str) -> Mapping[str, str]:
    """The labels of a role that counts for some."""
    return MappingProxyType({f"{_AGGREGATE}{name}": "true" for name in names})


def _aggregated(name: str, *counts_for: str) -> DefaultRole:
    return DefaultRole((), _of(*counts_for), (of_labels(dict(_of(name))) or (),))


_RBAC: Final = "rbac.authorization.k8s.io"
_APPS: Final = (
    "daemonsets deployments deployments/scale replicasets replicasets/scale statefulsets"
    " statefulsets/scale"
)
_EXTENSIONS: Final = (
    "daemonsets deployments deployments/scale ingresses networkpolicies replicasets"
    " replicasets/scale replicationcontrollers/scale"
)
_APPS_STATUS: Final = "daemonsets/status deployments/status replicasets/status"
_CLAIMS: Final = "resourceclaims resourceclaimtemplates"

_TO_ADMIN: Final = (
    _rule("authorization.k8s.io", "localsubjectaccessreviews", ("create",)),
    _rule(_RBAC, "rolebindings roles", (*_READ, *_WRITE)),
)
_TO_EDIT: Final = (
    _rule("", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy", _READ),
    _rule("", "serviceaccounts", ("impersonate",)),
    _rule("", "pods pods/attach pods/exec pods/portforward pods/proxy", _WRITE),
    _rule("", "pods/eviction serviceaccounts/token", ("create",)),
    _rule("", "configmaps persistentvolumeclaims replicationcontrollers secrets", _WRITE),
    _rule("", "replicationcontrollers/scale serviceaccounts services services/proxy", _WRITE),
    _rule("", "events", _WRITE),
    _rule("events.k8s.io", "events", _WRITE),
    _rule("apps", f"{_APPS} deployments/rollback", _WRITE),
    _rule("autoscaling", "horizontalpodautoscalers", _WRITE),
    _rule("batch", "cronjobs jobs", _WRITE),
    _rule("extensions", f"{_EXTENSIONS} deployments/rollback", _WRITE),
    _rule("policy", "poddisruptionbudgets", _WRITE),
    _rule("networking.k8s.io", "ingresses networkpolicies", _WRITE),
    _rule("coordination.k8s.io", "leases", (*_READ, *_WRITE)),
    _rule("resource.k8s.io", _CLAIMS, _WRITE),
)
_TO_VIEW: Final = (
    _rule("", "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status", _READ),
    _rule("", "pods replicationcontrollers replicationcontrollers/scale serviceaccounts", _READ),
    _rule("", "services services/status bindings limitranges namespaces/status pods/log", _READ),
    _rule("", "pods/status replicationcontrollers/status resourcequotas", _READ),
    _rule("", "resourcequotas/status namespaces events", _READ),
    _rule("events.k8s.io", "events", _READ),
    _rule("discovery.k8s.io", "endpointslices", _READ),
    _rule("apps", f"controllerrevisions {_APPS} {_APPS_STATUS} statefulsets/status", _READ),
    _rule("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", _READ),
    _rule("batch", "cronjobs cronjobs/status jobs jobs/status", _READ),
    _rule("extensions", f"{_EXTENSIONS} {_APPS_STATUS} ingresses/status", _READ),
    _rule("policy", "poddisruptionbudgets poddisruptionbudgets/status", _READ),
    _rule("networking.k8s.io", "ingresses ingresses/status networkpolicies", _READ),
    _rule("resource.k8s.io", f"{_CLAIMS} resourceclaims/status", _READ),
)

DEFAULTS: Final[Mapping[str, DefaultRole]] = MappingProxyType(
    {
        "cluster-admin": DefaultRole(
            (
                PolicyRule((EVERY,), (EVERY,), (EVERY,)),
                PolicyRule((EVERY,), non_resource_urls=(EVERY,)),
            )
        ),
        "admin": _aggregated("admin"),
        "edit": _aggregated("edit", "admin"),
        "view": _aggregated("view", "edit"),
        "system:aggregate-to-admin": DefaultRole(_TO_ADMIN, _of("admin")),
        "system:aggregate-to-edit": DefaultRole(_TO_EDIT, _of("edit")),
        "system:aggregate-to-view": DefaultRole(_TO_VIEW, _of("view")),
    }
)
"""By name; each is a ClusterRole."""
