"""The least role that reads what rules rest on, with the reason of each verb, ready to apply."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.ports import RolePlan
from collectors.kubernetes.live.unread import UNREAD
from collectors.kubernetes.resources import Named, named

_NAME = "auditor"
_MOST = 3


def role(plan: RolePlan) -> Iterator[str]:
    """Lines of YAML: a service account, a role, its binding; for each namespace where limited."""
    account_namespace, account = plan.account
    yield f"# What the rules of the profile {plan.profile} rest on, and nothing else."
    yield "# Self reviews and discovery need no rule: every authenticated user may do that."
    for kind in sorted(plan.reasons.keys() & UNREAD.keys()):
        yield f"# Not in it: {kind}, {UNREAD[kind]}."
    yield "apiVersion: v1"
    yield "kind: ServiceAccount"
    yield f"metadata: {{name: {account}, namespace: {account_namespace}}}"
    if not plan.namespaces:
        yield from _granted(plan, "Cluster", "")
        return
    for namespace in plan.namespaces:
        yield from _granted(plan, "", namespace)


def _granted(plan: RolePlan, scope: str, namespace: str) -> Iterator[str]:
    inside = f", namespace: {namespace}" if namespace else ""
    yield "---"
    yield "apiVersion: rbac.authorization.k8s.io/v1"
    yield f"kind: {scope}Role"
    yield f"metadata: {{name: {_NAME}{inside}}}"
    yield "rules:"
    if namespace:
        yield "  # the namespace itself: its labels, and that it is there"
        yield '  - {apiGroups: [""], resources: [namespaces], verbs: [get]}'
    else:
        yield "  # which cluster it is: the uid of kube-system"
        one = "resourceNames: [kube-system]"
        yield f'  - {{apiGroups: [""], resources: [namespaces], {one}, verbs: [get]}}'
    for kind, found in _kinds(plan):
        if namespace and not found.namespaced:
            continue
        yield f"  # {_because(plan.reasons[kind])}"
        group = found.group or '""'
        yield f"  - {{apiGroups: [{group}], resources: [{found.resource}], verbs: [list]}}"
    account_namespace, account = plan.account
    yield "---"
    yield "apiVersion: rbac.authorization.k8s.io/v1"
    yield f"kind: {scope}RoleBinding"
    yield f"metadata: {{name: {_NAME}{inside}}}"
    yield f"roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {scope}Role, name: {_NAME}}}"
    yield "subjects:"
    yield f"  - {{kind: ServiceAccount, name: {account}, namespace: {account_namespace}}}"


def _kinds(plan: RolePlan) -> Iterator[tuple[str, Named]]:
    found = [(kind, named(kind)) for kind in plan.reasons if kind not in UNREAD]
    known = [(kind, name) for kind, name in found if name is not None]
    yield from sorted(known, key=lambda item: (item[1].group, item[1].resource))


def _because(rules: tuple[str, ...]) -> str:
    shown = ", ".join(rules[:_MOST])
    more = len(rules) - _MOST
    return f"{shown}, and {more} more" if more > 0 else shown
