"""Who may do something: the grants that answer a question, each with the binding that gives it.

A grant of a RoleBinding holds in its namespace, one of a ClusterRoleBinding everywhere::

    who can get secrets -n ml     ServiceAccount ml/bot    in ml, by RoleBinding ml/bot
                                  Group ops                everywhere, by ClusterRoleBinding ops

A resource that is in no namespace (nodes) is granted everywhere or not at all, and so are
addresses. A Namespace is asked for in the namespace of its own name. A rule with names answers a
question without one only for these names, and not at all for ``create``, which has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from auditor.analysis.rights.matching import PolicyRule, Request, allows, concerns
from auditor.analysis.rights.reading import UNSAID
from auditor.model.rights import BindingOfRole, Grant, RoleGrantsFact, RuleOfRole, Undecided

_NAMESPACES: Final = "namespaces"
_WITHOUT_NAME: Final = frozenset({"create", "deletecollection"})
_OF_MANY: Final = _WITHOUT_NAME | {"list", "watch"}
"""What is asked of all Namespaces is asked in none of them."""


class Question(msgspec.Struct, frozen=True):
    """What is asked: ``namespace`` is "" for every one; ``namespaced`` is of the resource."""

    request: Request
    namespace: str = ""
    namespaced: bool = True


def grants(facts: Iterable[RoleGrantsFact], question: Question) -> Iterator[Grant]:
    """Yield who may, in the order of roles and bindings; each subject of a binding once.

    Of the rules of a role that allow it, the first that does so for all names is told; else the
    names of all of them together.
    """
    for role in facts:
        telling = list(_telling(role.rules, question.request))
        for binding in role.bindings if telling else ():
            if reaches(binding, question):
                for rule, names in telling:
                    for subject in binding.subjects:
                        yield Grant(subject, binding.namespace, names, binding, role, rule)


def _telling(
    rules: Iterable[RuleOfRole], request: Request
) -> Iterator[tuple[RuleOfRole, tuple[str, ...]]]:
    """Choose the rules to tell: what is surely allowed, and what may be more than that."""
    found = [(each, names) for each in rules if (names := _names(each, request)) is not None]
    for settled in (True, False):
        these = [(each, names) for each, names in found if each.settled is settled]
        whole = next((each for each, names in these if not names), None)
        if whole is not None:
            yield whole, ()
            return
        if these:
            yield these[0][0], tuple(dict.fromkeys(name for _, names in these for name in names))


def undecided(facts: Iterable[RoleGrantsFact], question: Question) -> Iterator[Undecided]:
    """Yield the bindings that reach what is asked for and whose role is not known."""
    for role in facts:
        why = "; ".join(role.trouble) or ("" if role.known else "its role was not read")
        if not why or (role.live and not role.trouble):
            yield from _unplaced(role, question)
            continue
        for binding in role.bindings:
            if not binding.subjects:
                continue
            if reaches(binding, question):
                yield Undecided(binding, role, binding.trouble or why)


def _unplaced(role: RoleGrantsFact, question: Question) -> Iterator[Undecided]:
    """Yield the bindings of files that say no namespace, where one is asked about."""
    for binding in role.bindings if question.namespace else ():
        if binding.namespace == UNSAID and binding.subjects:
            there = msgspec.structs.replace(binding, namespace=question.namespace)
            one = msgspec.structs.replace(role, bindings=(there,))
            if next(grants((one,), question), None) is not None:
                yield Undecided(binding, role, "it says no namespace")


def reaches(binding: BindingOfRole, question: Question) -> bool:
    """Say whether a binding holds where a question asks."""
    if not binding.namespace:
        return True
    request = question.request
    if request.path:
        return False
    if not question.namespaced:
        own = request.group == "" and request.resource == _NAMESPACES
        return own and request.verb not in _OF_MANY and request.name in ("", binding.namespace)
    return question.namespace in ("", binding.namespace)


def _names(rule: RuleOfRole, request: Request) -> tuple[str, ...] | None:
    """For which names a rule allows what is asked, () for all; None where it does not."""
    policy = policy_of(rule)
    if allows(policy, request):
        return ()
    if request.path or request.name or request.verb in _WITHOUT_NAME:
        return None
    return policy.resource_names if concerns(policy, request) else None


def policy_of(rule: RuleOfRole) -> PolicyRule:
    """The rule as it is compared."""
    return PolicyRule(
        rule.verbs, rule.api_groups, rule.resources, rule.resource_names, rule.non_resource_urls
    )
