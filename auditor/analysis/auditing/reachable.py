"""Which rules of an audit policy decide about anything at all.

A rule decides about a request where no earlier one matches it. Whether there is such a request is
tried with few: where a rule names values, with each of them; where it names none, with a value that
no rule names, since whatever matches that matches any other. Verbs are all known, and callers have
the groups that the server gives them::

    0  Metadata  userGroups [system:authenticated]
    1  None      users [bob], verbs [watch]
    2  Request   verbs [GET]

Rule 1 is never reached: bob has logged in, so rule 0 decides. Rule 2 matches nothing: verbs are
written small. A rule that would take more questions than :data:`BUDGET` is not decided about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Final

import msgspec

from auditor.analysis.auditing.actors import (
    ANONYMOUS,
    AUTHENTICATED,
    EVERYWHERE,
    SOMEBODY,
    UNAUTHENTICATED,
    of_group,
    of_user,
)
from auditor.analysis.auditing.matching import Matcher, first
from auditor.analysis.auditing.policy import Request, Resources, Rule
from auditor.analysis.auditing.requests import METHODS, VERBS

BUDGET: Final = 4096
"""Questions about one rule."""
_TOTAL: Final = 400_000
_GROUP: Final = "unheard-of.example.com"
_ANY: Final = "unheard-of"

Caller = tuple[str, tuple[str, ...]]


class Unreached(msgspec.Struct, frozen=True):
    """A rule that decides nothing: ``behind`` are the rules that do, none if it matches nothing."""

    rule: int
    behind: tuple[int, ...]


class Reached(msgspec.Struct, frozen=True):
    """The rules that decide nothing, and how many it is not known of."""

    unreached: tuple[Unreached, ...]
    undecided: int


def reached(matcher: Matcher) -> Reached:
    """Find the rules that decide nothing."""
    found: list[Unreached] = []
    undecided, left = 0, _TOTAL
    for number, rule in enumerate(matcher.policy.rules):
        questions = list(islice(_questions(rule), min(BUDGET, left) + 1))
        behind: set[int] = set()
        for asked, question in enumerate(questions):
            deciding = first(matcher.matching(question))
            left -= 1
            if deciding == number:
                break
            if asked == BUDGET or left < 0:
                undecided += 1
                break
            if matcher.matching(question) >> number & 1:
                behind.add(deciding)
        else:
            found.append(Unreached(number, tuple(sorted(behind))))
    return Reached(tuple(found), undecided)


def _questions(rule: Rule) -> Iterator[Request]:
    for (user, groups), verb, about in product(_callers(rule), rule.verbs or (None,), _about(rule)):
        known = METHODS if about.url else VERBS
        for each in (verb,) if verb else known:
            if each in known:
                yield msgspec.structs.replace(about, user=user, groups=groups, verb=each)


def _callers(rule: Rule) -> Sequence[Caller]:
    users = [of_user(user) for user in rule.users]
    if users and rule.groups:
        return [(each.user, (*each.groups, group)) for each in users for group in rule.groups]
    if users:
        return [(each.user, each.groups) for each in users]
    if rule.groups:
        return [(each.user, each.groups) for each in map(of_group, rule.groups)]
    everybody = [(each.user, each.groups) for each in EVERYWHERE]
    return [
        *((SOMEBODY, (AUTHENTICATED,)), (ANONYMOUS, (UNAUTHENTICATED,)), ("", ())),
        *everybody,
    ]


def _about(rule: Rule) -> Iterator[Request]:
    """Make the requests by what they are about; their callers and verbs come later."""
    if rule.of_resources:
        for namespace in rule.namespaces or (_ANY,):
            for each in rule.resources or (Resources("*"),):
                yield from _of_group(each, namespace)
        return
    for url in rule.urls:
        for end in ("", f"/{_ANY}") if url.endswith("*") else ("",):
            yield Request("", (), "", url=(url.rstrip("*") + end) or f"/{_ANY}")
    if not rule.urls:
        yield Request("", (), "", _GROUP, _ANY, "", _ANY, _ANY)
        yield Request("", (), "", url=f"/{_ANY}")


def _of_group(each: Resources, namespace: str) -> Iterator[Request]:
    group = _GROUP if each.group == "*" else each.group
    for written in each.resources or ("*",):
        resource, slash, subresource = written.partition("/")
        resource = _ANY if resource == "*" else resource
        for sub in (
            ("", _ANY) if written == "*" or (slash and subresource == "*") else (subresource,)
        ):
            for name in each.names or (_ANY,):
                yield Request("", (), "", group, resource, sub, namespace, name)
