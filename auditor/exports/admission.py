"""A rule as a ValidatingAdmissionPolicy: the same expression, asked by the API server itself.

What a rule says of one object can be asked when that object is made. What it says of several
(namespaces and their policies), of facts that only an analysis has, or of values that were
redacted, can't: such a rule is refused, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Final

import msgspec

from auditor.cel import Program
from auditor.cel.ast import Ident, Node, Select
from auditor.cel.functions import NEVER
from auditor.cel.lexer import tokens
from auditor.cel.roots import shadowed_roots
from auditor.cel.unparse import literal
from auditor.cel.walk import walk
from auditor.errors import UsageError
from auditor.late import late
from auditor.policy.compiled import ActiveRule

OLDEST: Final = "1.30"
"""ValidatingAdmissionPolicy is ``v1`` since then."""

_TEMPLATE: Final = "k8s/PodTemplate"
_PATCH: Final = "k8s/PodTemplatePatch"
_POD: Final = "k8s/Pod"
_JOINED: Final = late(r"object\s*\.\s*(?P<optional>\??)\s*[A-Za-z]+")


class ApiResource(msgspec.Struct, frozen=True):
    """What the API calls a kind, with subresources that change it."""

    group: str
    resources: tuple[str, ...]


class Exported(msgspec.Struct, frozen=True):
    """The two objects to apply, and the oldest Kubernetes that has all that they use."""

    policy: Mapping[str, object]
    binding: Mapping[str, object]
    since: str


def export(
    active: ActiveRule,
    resource_of: Callable[[str], ApiResource | None],
    lists_of: Callable[[str], Mapping[str, str]],
    action: str,
) -> Exported:
    """Write a rule as a policy; ``action`` is ``Deny``, ``Warn`` or ``Audit``.

    ``lists_of`` tells of a kind which lists only a scan has by one name, as expressions.

    Raises:
        UsageError: admission can't decide it, with the reason.
    """
    rule = active.rule
    places = [_api_resource(active, kind, resource_of) for kind in _kinds(active)]
    programs = [active.check]
    programs += [program for program in (active.when, active.each) if program is not None]
    since = max((*(_since(active, program) for program in programs), OLDEST), key=_age)
    name = f"auditor-{rule.id}"
    lists = {name: text for kind in rule.applies_to for name, text in lists_of(kind).items()}
    variables = [{"name": each, "expression": text} for each, text in lists.items()]
    variables += [{"name": "params", "expression": _params(active.params)}]
    expression = _expression(active, frozenset(lists))
    used = [each for each in variables if f"variables.{each['name']}" in expression]
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "auditor"}},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [_matched(place) for place in places]},
            **({"variables": used} if used else {}),
            "validations": [
                {"expression": expression, "message": f"{rule.title} ({rule.id})"},
            ],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": [action]},
    }
    return Exported(policy, binding, since)


def _kinds(active: ActiveRule) -> tuple[str, ...]:
    """The kinds to match: a rule about templates is asked of the pods made by them."""
    kinds = dict.fromkeys(
        _POD if kind == _TEMPLATE else kind for kind in active.rule.applies_to if kind != _PATCH
    )
    return tuple(kinds)


def _api_resource(
    active: ActiveRule, kind: str, resource_of: Callable[[str], ApiResource | None]
) -> ApiResource:
    rule = active.rule
    if rule.about.of_files:
        raise _refused(active, "it is about how files are written")
    if rule.needs:
        raise _refused(active, f"it needs {', '.join(rule.needs)}, and admission sees one object")
    place = resource_of(kind)
    if place is None:
        raise _refused(active, f"it is about {kind}, which no API server has")
    if kind == _POD and place.resources == ("pods",):
        return ApiResource(place.group, ("pods", "pods/ephemeralcontainers"))
    return place


def _since(active: ActiveRule, program: Program) -> str:
    if "«redacted" in program.source:
        raise _refused(active, "it rests on values that are redacted where they are read")
    tree = program.reads.get("object")
    if tree is not None and _TEMPLATE in active.rule.applies_to and "owner" in tree.fields:
        raise _refused(active, "it reads the owner of the template, which a pod does not hold")
    if shadowed := shadowed_roots(program.tree()):
        name = shadowed[0].name
        raise _refused(active, f"API servers before 1.37 read {name} as the variable of a macro")
    since = program.since()
    if since == NEVER:
        raise _refused(active, "it uses a function that no API server has")
    return since


def _refused(active: ActiveRule, reason: str) -> UsageError:
    return UsageError(
        f"{active.rule.id} can't be asked at admission: {reason}",
        hint="auditor scan judges it; auditor rules list names the others",
    )


def _age(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split("."))) if version else ()


def _expression(active: ActiveRule, names: frozenset[str]) -> str:
    """True where the rule passes or does not apply; an error where it has no verdict.

    A list that an object was made without is null in what admission sees of some kinds (the rules
    of an aggregated role): to a scan, as to every reader of the API, that is not a list at all.
    """
    check = _written(active.check, names)
    if active.when is not None:
        check = f"!({_written(active.when, names)}) || ({check})"
    if active.each is not None:
        elements = f"optional.ofNonZeroValue({_written(active.each, names)}).orValue([])"
        check = f"{elements}.all(item, {check})"
    return check


def _written(program: Program, names: frozenset[str]) -> str:
    """The source as its author wrote it, with what only we have by that name replaced."""
    source = program.source
    for start, end, text in sorted(_replaced(source, program.tree(), names), reverse=True):
        source = source[:start] + text + source[end:]
    return source


def _replaced(source: str, tree: Node, names: frozenset[str]) -> Iterator[tuple[int, int, str]]:
    pairs = pairwise(tokens(source))
    dots = {after.position: dot.position for dot, after in pairs if dot.text == "."}
    for node in walk(tree):
        match node:
            case Select(Ident("object", position), field) if field in names:
                found = _JOINED.match(source, position)
                if found is not None:
                    whole = f"variables.{field}"
                    optional = f"optional.of({whole})" if found["optional"] else whole
                    yield found.start(), found.end(), optional
            case Ident("item", position) if position in dots:
                # There the macro over the elements is around it, and hides what it names.
                yield dots[position], dots[position] + 1, ""
            case Ident("params", position):
                yield position, position + len("params"), "variables.params"
            case _:
                pass


def _params(params: Mapping[str, object]) -> str:
    return "{" + ", ".join(f'"{name}": {_value(value)}' for name, value in params.items()) + "}"


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return literal(value)


def _matched(place: ApiResource) -> dict[str, object]:
    return {
        "apiGroups": [place.group],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": list(place.resources),
    }
