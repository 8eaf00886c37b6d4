"""Admission policies and bindings as values, of the documents that hold them.

Of both kinds, validating and mutating; v1 and the versions before it have the same fields. What is
of a type that no server takes says nothing.

Source: admissionregistration.k8s.io/v1 (k8s.io/api v0.37.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from auditor.analysis.admission.matching import ANY, AskedOf, Match
from auditor.analysis.label_selectors import Requirements, of_selector
from auditor.analysis.loose import mapping, mappings, string, strings

VALIDATING: Final = "Validating"
MUTATING: Final = "Mutating"
DENY: Final = "Deny"
ALLOW: Final = "Allow"
FAIL: Final = "Fail"
IGNORE: Final = "Ignore"


class Policy(msgspec.Struct, frozen=True):
    """A policy: what it is about, and the kind of its parameters, "" for none."""

    match: Match
    failure: str
    parameters: str
    live: bool
    spec: dict[str, object]


class Parameters(msgspec.Struct, frozen=True):
    """Which parameters a binding takes: by name, or by labels; ``named`` false for neither.

    ``namespace`` "" is that of the request, where parameters have one. ``missing`` says what is to
    be done where there are none.
    """

    named: bool = False
    name: str = ""
    namespace: str = ""
    labels: Requirements | None = None
    missing: str = ALLOW


class Binding(msgspec.Struct, frozen=True):
    """What puts a policy into effect; a mutating one has no actions."""

    policy: str
    match: Match
    actions: tuple[str, ...]
    parameters: Parameters
    live: bool
    spec: dict[str, object]


def policy_of(body: object, *, live: bool) -> Policy:
    """Read a policy."""
    spec = mapping(mapping(body).get("spec"))
    kind = mapping(spec.get("paramKind"))
    name, version = string(kind.get("kind")), string(kind.get("apiVersion"))
    return Policy(
        match=match_of(spec.get("matchConstraints")),
        failure=string(spec.get("failurePolicy")) or FAIL,
        parameters=f"{version} {name}" if name else "",
        live=live,
        spec=dict(spec),
    )


def binding_of(body: object, *, live: bool) -> Binding:
    """Read a binding."""
    spec = mapping(mapping(body).get("spec"))
    return Binding(
        policy=string(spec.get("policyName")),
        match=match_of(spec.get("matchResources")),
        actions=tuple(strings(spec.get("validationActions"))),
        parameters=_parameters(spec.get("paramRef")),
        live=live,
        spec=dict(spec),
    )


def match_of(found: object) -> Match:
    """Read ``matchConstraints`` of a policy, ``matchResources`` of a binding."""
    match = mapping(found)
    return Match(
        rules=_rules(match.get("resourceRules")),
        excluded=_rules(match.get("excludeResourceRules")),
        namespaces=of_selector(match.get("namespaceSelector")),
        objects=of_selector(match.get("objectSelector")),
        exact=match.get("matchPolicy") == "Exact",
    )


def _parameters(found: object) -> Parameters:
    reference = mapping(found)
    if not reference:
        return Parameters()
    name = string(reference.get("name"))
    return Parameters(
        named=True,
        name=name,
        namespace=string(reference.get("namespace")),
        labels=None if name else of_selector(reference.get("selector")),
        missing=string(reference.get("parameterNotFoundAction")) or ALLOW,
    )


def _rules(found: object) -> tuple[AskedOf, ...]:
    return tuple(map(_rule, mappings(found)))


def _rule(found: Mapping[str, object]) -> AskedOf:
    return AskedOf(
        groups=tuple(strings(found.get("apiGroups"))),
        versions=tuple(strings(found.get("apiVersions"))),
        resources=tuple(strings(found.get("resources"))),
        operations=tuple(strings(found.get("operations"))),
        scope=string(found.get("scope")) or ANY,
        names=tuple(strings(found.get("resourceNames"))),
    )
