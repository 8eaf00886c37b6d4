"""How whoever writes an object gets it past a policy that is in effect.

Of several bindings that refuse one is enough, so what only some of them leave out is no way past::

    policy      objectSelector: policy/ignore DoesNotExist      the label is a way past, for all
    binding a   objectSelector: mode notin (debug)              no way past, as b has no selector
    binding b

The name of an object is its writer's to choose, so names that are excluded are a way past where
somebody may write such objects at all. What is asked about when it is created, and not when it is
changed, is created right and changed then.

``mentions`` are the lists of containers, and images, that expressions of a policy speak of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from auditor.analysis.admission.matching import CREATE, UPDATE, Match, Request
from auditor.analysis.admission.reading import Binding, Policy
from auditor.analysis.admission.scope import NAME_LABEL
from auditor.analysis.label_selectors import Operator, Requirement, Requirements
from auditor.analysis.loose import elements, mapping, string
from auditor.late import late

_WORDS: Final = late(r"\b(?:c|initC|ephemeralC)ontainers\b|\bimage\b|Probe\b|\blifecycle\b")
_CARRIED: Final = late(r"\b(?:object|oldObject)\.metadata\.\??(?:labels|annotations)\b")
_AWAY: Final = frozenset({Operator.NOT_IN, Operator.DOES_NOT_EXIST})


def unchanged(
    policy: Policy, refusing: Sequence[Binding], requests: Sequence[Request]
) -> list[str]:
    """The resources that are asked about when they are created, and not when they are changed."""
    return [
        each.resource
        for each in requests
        if _asked(policy, refusing, each, CREATE) and not _asked(policy, refusing, each, UPDATE)
    ]


def labels(policy: Policy, refusing: Sequence[Binding]) -> list[str]:
    """The requirements by which a label on an object keeps it from being asked about."""
    found = {*_left_out(policy.match.objects)}
    of_each = [tuple(_left_out(each.match.objects)) for each in refusing]
    if of_each and all(of_each):
        found |= {each for some in of_each for each in some}
    return sorted(map(str, found))


def namespace_labels(policy: Policy, refusing: Sequence[Binding]) -> list[str]:
    """The requirements by which a label on a namespace keeps it out, but for its name."""
    found = {*_left_out(policy.match.namespaces)}
    of_each = [tuple(_left_out(each.match.namespaces)) for each in refusing]
    if of_each and all(of_each):
        found |= {each for some in of_each for each in some}
    return sorted(str(each) for each in found if each.key != NAME_LABEL)


def names(policy: Policy, refusing: Sequence[Binding], requests: Sequence[Request]) -> list[str]:
    """The names by which objects in namespaces are not asked about when they are created."""
    inside = [each for each in requests if each.namespaced and policy.match.asks(each)]
    found = {*_excluded(policy.match, inside)}
    of_each = [{*_excluded(each.match, inside)} for each in refusing]
    if of_each and all(of_each):
        found |= set().union(*of_each)
    return sorted(found)


def mentions(policy: Policy) -> list[str]:
    """What of containers the expressions of a policy speak of."""
    return sorted({word for each in _expressions(policy.spec) for word in _WORDS.findall(each)})


def carried(policy: Policy) -> list[str]:
    """The conditions that look at what an object carries: its labels and annotations."""
    return [
        string(condition.get("name"))
        for condition in map(mapping, elements(policy.spec.get("matchConditions")))
        if _CARRIED.search(string(condition.get("expression")))
    ]


def left_out_by_name(policy: Policy, bound: Sequence[Binding]) -> frozenset[str]:
    """The namespaces that selectors leave out by their names: somebody meant to."""
    every = (policy.match, *(each.match for each in bound))
    return frozenset(
        name
        for match in every
        for each in _left_out(match.namespaces)
        if each.key == NAME_LABEL
        for name in each.values
    )


def _asked(policy: Policy, refusing: Sequence[Binding], request: Request, operation: str) -> bool:
    """Whether a policy is asked, and by what binds it where something does."""
    wanted = msgspec.structs.replace(request, operation=operation)
    asked = policy.match.asks(wanted)
    return asked and (not refusing or any(each.match.asks(wanted) for each in refusing))


def _left_out(requirements: Requirements | None) -> Iterator[Requirement]:
    return (each for each in requirements or () if each.operator in _AWAY)


def _excluded(match: Match, requests: Sequence[Request]) -> Iterator[str]:
    """The names that an exclusion has for one of some requests."""
    for rule in match.excluded:
        for name in rule.names:
            named = (msgspec.structs.replace(each, name=name) for each in requests)
            if any(rule.takes(each, exact=match.exact) for each in named):
                yield name


def _expressions(spec: Mapping[str, object]) -> Iterator[str]:
    for field in ("validations", "variables"):
        for each in map(mapping, elements(spec.get(field))):
            yield string(each.get("expression"))
