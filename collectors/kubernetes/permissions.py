"""The least role that reads what rules rest on, with the reason of each verb, ready to apply."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from auditor.errors import UsageError
from auditor.platforms.kubernetes import KUBELET_CONFIGURATION, PREFIX, PRINTED
from auditor.ports import RolePlan
from collectors.documents.scalars import plain
from collectors.kubernetes.live.unread import BY_NAME, UNREAD
from collectors.kubernetes.resources import Named, named

_NAME: Final = "auditor"
_CONFIGURATION: Final = "auditor-gpu-configuration"
_MOST: Final = 3
_WIDTH: Final = 100
_NAMESPACE: Final = f"{PREFIX}Namespace"
_RBAC: Final = "rbac.authorization.k8s.io"
_ALWAYS_THERE: Final = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
"""Namespaces that every API server makes (SystemNamespaces of kube-apiserver, and default)."""


def role(plan: RolePlan) -> Iterator[str]:
    """Lines of YAML: a service account, a role, its binding; for each namespace where limited."""
    place, account = plan.account
    yield f"# What the rules of the profile {plan.profile} rest on, and nothing else."
    yield "# Self reviews and discovery need no rule: every authenticated user may do that."
    asked = {KUBELET_CONFIGURATION} if plan.kubelets else set()
    for kind in sorted(plan.reasons.keys() & UNREAD.keys() - asked):
        yield f"# Not in it: {kind}, {UNREAD[kind]}."
    if not plan.reasons.keys().isdisjoint(BY_NAME) and not plan.config_maps:
        yield "# Where rules need one (how GPUs are shared, what kubeadm keeps), a scan says which:"
        yield "# auditor permissions k8s --config-map NAMESPACE/NAME allows for it by its name"
    if plan.namespaces:
        yield from _missing(plan)
    if place not in _ALWAYS_THERE and place not in plan.namespaces:
        yield f"# Leave this out where the namespace {place} is there already and not yours."
        yield "apiVersion: v1"
        yield "kind: Namespace"
        yield f"metadata: {{name: {_text(place)}}}"
        yield "---"
    yield "apiVersion: v1"
    yield "kind: ServiceAccount"
    yield f"metadata: {{name: {_text(account)}, namespace: {_text(place)}}}"
    for namespace in plan.namespaces or ("",):
        yield from _role(plan, namespace)
        yield from _binding(plan, namespace)
    for namespace in dict.fromkeys(each for each, _ in plan.config_maps):
        yield from _of_config_maps(plan, namespace)


def _of_config_maps(plan: RolePlan, namespace: str) -> Iterator[str]:
    """A role for single ConfigMaps of a namespace, each by its name."""
    names = [name for each, name in plan.config_maps if each == namespace]
    yield from _head("Role", namespace, _CONFIGURATION)
    yield "rules:"
    yield "  # how GPUs are shared: read by name, as ClusterPolicy or the device plugin names it"
    yield _rule("", "configmaps", "get", ", ".join(map(_text, names)))
    yield from _binding(plan, namespace, _CONFIGURATION)


def _missing(plan: RolePlan) -> Iterator[str]:
    """What the role of a namespace can't grant, and what that costs."""
    without: dict[tuple[str, ...], list[str]] = {}
    for kind in sorted(plan.reasons.keys() & PRINTED.keys()):
        without.setdefault(plan.reasons[kind], []).append(f"{kind} ({PRINTED[kind]})")
    if plan.kubelets and (rules := plan.reasons.get(KUBELET_CONFIGURATION)):
        without.setdefault(rules, []).append(f"{KUBELET_CONFIGURATION} (nodes/configz)")
    for kind, found in _kinds(plan):
        if not found.namespaced and kind != _NAMESPACE:
            without.setdefault(plan.reasons[kind], []).append(kind)
    yield "#"
    if without:
        yield "# A Role can't grant what no namespace holds. Where a cluster serves one of these"
        yield "# kinds a scan is never complete (exit code 3), and these rules miss it:"
    for rules, kinds in without.items():
        yield from _wrapped(f"{', '.join(kinds)}:", "#   ")
        yield from _wrapped(", ".join(rules), "#     ")
    yield "# Nor can it be told which cluster it is: that is the uid of the namespace kube-system."
    yield f"# Scan with k8s://CONTEXT?namespace={','.join(plan.namespaces)}"
    yield "#"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )


def _role(plan: RolePlan, namespace: str) -> Iterator[str]:
    yield from _head("Role", namespace)
    yield "rules:"
    if namespace:
        yield "  # the namespace itself: its labels, and that it is there"
        yield _rule("", "namespaces", "get")
    elif _NAMESPACE in plan.reasons:
        yield "  # which cluster it is (the uid of kube-system), and the namespaces that a scan is"
        yield "  # limited to (k8s://CONTEXT?namespace=a): the list of all shows more than that"
        yield _rule("", "namespaces", "get")
    else:
        yield "  # which cluster it is: the uid of kube-system"
        yield _rule("", "namespaces", "get", "kube-system")
    for kind, found in _kinds(plan):
        if found.namespaced or not namespace:
            yield f"  # {_because(plan.reasons[kind])}"
            yield _rule(found.group, found.resource, "list")
    for kind in () if namespace else sorted(plan.reasons.keys() & PRINTED.keys()):
        yield f"  # what the API server prints of itself: {_because(plan.reasons[kind])}"
        yield f"  - {{nonResourceURLs: [{PRINTED[kind]}], verbs: [get]}}"
    if plan.kubelets and not namespace:
        yield from _of_kubelets(plan)


def _of_kubelets(plan: RolePlan) -> Iterator[str]:
    if rules := plan.reasons.get(KUBELET_CONFIGURATION):
        yield f"  # what each kubelet tells of its configuration: {_because(rules)}"
        yield _rule("", "nodes/configz", "get")
    else:
        yield "  # kubelets are asked for nothing: no rule of the profile rests on what they tell"


def _binding(plan: RolePlan, namespace: str, name: str = _NAME) -> Iterator[str]:
    place, account = plan.account
    yield from _head("RoleBinding", namespace, name)
    yield f"roleRef: {{apiGroup: {_RBAC}, kind: {_scope(namespace)}Role, name: {name}}}"
    yield "subjects:"
    yield f"  - {{kind: ServiceAccount, name: {_text(account)}, namespace: {_text(place)}}}"


def _head(kind: str, namespace: str, name: str = _NAME) -> Iterator[str]:
    inside = f", namespace: {_text(namespace)}" if namespace else ""
    yield "---"
    yield f"apiVersion: {_RBAC}/v1"
    yield f"kind: {_scope(namespace)}{kind}"
    yield f"metadata: {{name: {name}{inside}}}"


def _scope(namespace: str) -> str:
    return "" if namespace else "Cluster"


def _rule(group: str, resource: str, verb: str, name: str = "") -> str:
    only = f", resourceNames: [{name}]" if name else ""
    return f"  - {{apiGroups: [{_text(group)}], resources: [{resource}]{only}, verbs: [{verb}]}}"


def _kinds(plan: RolePlan) -> Sequence[tuple[str, Named]]:
    """What is read, by group and resource.

    Raises:
        UsageError: a rule rests on what no server has, such as a fact that it says it needs.
    """
    found = []
    for kind in plan.reasons.keys() - UNREAD.keys() - PRINTED.keys():
        name = named(kind)
        if name is None:
            raise UsageError(
                f"{kind}, which {_because(plan.reasons[kind])} rests on, is not a kind of the API",
                hint="a rule needs kinds that are read, not what is derived of them",
            )
        namespaced = name.namespaced and kind not in plan.of_the_cluster
        found.append((kind, Named(name.group, name.resource, namespaced)))
    return sorted(found, key=lambda item: (item[1].group, item[1].resource))


def _because(rules: tuple[str, ...]) -> str:
    shown = ", ".join(rules[:_MOST])
    more = len(rules) - _MOST
    return f"{shown}, and {more} more" if more > 0 else shown


def _text(name: str) -> str:
    """A name as YAML has it: what would be read as a number or as a word for true has quotes."""
    return name if name and plain(name) == name else json.dumps(name)
