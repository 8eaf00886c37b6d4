"""An audit policy as it is shown to people: what becomes of a request, or of all that matter.

All that matter are many, and most are written down alike: callers whom no rule tells apart are one
column, and requests whose columns are the same are one row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from auditor.analysis.auditing.actors import actors
from auditor.analysis.auditing.coverage import NOBODY, Cell, cells
from auditor.analysis.auditing.facts import Found, problem_text, unreached_text
from auditor.analysis.auditing.matching import Matcher
from auditor.analysis.auditing.policy import STAGES, Request
from auditor.analysis.auditing.reachable import reached
from auditor.analysis.auditing.requests import ANY_NAME, place_text
from auditor.model.auditing import Answered, Column, PolicyShown, Row, RuleAt

Place = Callable[[str], str]
"""Says where a JSON pointer of the object stands: ``audit.yaml:12``."""

_LATER: Final = 3


def shown(found: Found, place: Place, request: Request | None) -> PolicyShown:
    """Show a policy, and what becomes of a request where one is asked about."""
    refused, ignored = (
        tuple(f"{problem_text(each)}{_where(place, found, each.pointer)}" for each in problems)
        for problems in (found.read.refused, found.read.ignored)
    )
    if found.read.policy is None:
        return PolicyShown(place(found.base), 0, (), refused, ignored)
    matcher = Matcher(found.read.policy)
    made = PolicyShown(
        place(found.base),
        len(found.read.policy.rules),
        _stages(found.read.policy.omit_stages),
        refused,
        ignored,
    )
    at = _Rules(found, place)
    if request is not None:
        return msgspec.structs.replace(made, answer=_answered(matcher, at, request))
    return msgspec.structs.replace(
        made,
        rows=tuple(_rows(matcher, at)),
        unreached=tuple(unreached_text(each) for each in reached(matcher).unreached),
        left_out=actors(matcher.policy)[1],
    )


class _Rules:
    """Says where each rule stands."""

    def __init__(self, found: Found, place: Place) -> None:
        self._found = found
        self._place = place

    def at(self, number: int) -> RuleAt:
        """A rule by its number from 0, -1 for none."""
        if number < 0:
            return RuleAt(0)
        return RuleAt(number + 1, self._place(self._found.pointer(number)))


def _where(place: Place, found: Found, pointer: str) -> str:
    return f" ({place(found.base or pointer)})"


def _stages(omitted: frozenset[str]) -> tuple[str, ...]:
    return tuple(stage for stage in STAGES if stage in omitted)


def _answered(matcher: Matcher, rules: _Rules, request: Request) -> Answered:
    matching = matcher.matching(request)
    numbers = [at for at in range(matching.bit_length()) if matching >> at & 1]
    decision = matcher.decide(request)
    return Answered(
        request_text(request),
        request.user,
        request.groups,
        decision.level.title,
        rules.at(decision.rule),
        _stages(decision.omit_stages),
        decision.omit_managed_fields,
        tuple(rules.at(number) for number in numbers[1 : _LATER + 1]),
    )


def request_text(request: Request) -> str:
    """Say what is asked for: ``create pods/exec a in ml``."""
    if request.url:
        return f"{request.verb} {request.url}"
    below = f"/{request.subresource}" if request.subresource else ""
    group = f".{request.group}" if request.group else ""
    name = f" {request.name}" if request.name else ""
    where = f" in namespace {request.namespace}" if request.namespace else ""
    return f"{request.verb} {request.resource}{group}{below}{name}{where}"


def _rows(matcher: Matcher, rules: _Rules) -> Iterator[Row]:
    everyone = (*actors(matcher.policy)[0], NOBODY)
    by_request: dict[Request, list[Cell]] = {}
    for cell in cells(matcher, everyone):
        by_request.setdefault(cell.request, []).append(cell)
    alike: dict[tuple[tuple[int, tuple[str, ...]], ...], list[Cell]] = {}
    for every in by_request.values():
        columns: dict[int, list[str]] = {}
        for cell in every:
            columns.setdefault(cell.decision.rule, []).append(cell.actor.title)
        key = tuple((rule, tuple(dict.fromkeys(who))) for rule, who in columns.items())
        alike.setdefault(key, []).append(every[0])
    for key, requests in alike.items():
        columns_of = (
            Column(matcher.decided(rule).level.title, rules.at(rule), who) for rule, who in key
        )
        yield Row(tuple(_what(requests)), tuple(columns_of))


def _what(found: list[Cell]) -> Iterator[str]:
    """Say what is done to what, with the namespace and the names where they matter."""
    at: dict[tuple[str, str, str], list[Request]] = {}
    for cell in found:
        title = cell.asked.title if cell.asked is not None else cell.request.url
        name = "" if cell.request.name == ANY_NAME else cell.request.name
        at.setdefault((title, cell.request.namespace, name), []).append(cell.request)
    places: dict[tuple[str, str], list[Request]] = {}
    for (title, *_), requests in at.items():
        done = ", ".join(dict.fromkeys(each.verb for each in requests))
        places.setdefault((done, title), []).extend(requests)
    alike: dict[tuple[str, str], list[str]] = {}
    for (done_to, title), requests in places.items():
        alike.setdefault((done_to, place_text(requests)), []).append(title)
    for (done_to, inside), titles in alike.items():
        yield f"{done_to} {', '.join(titles)}{inside}"
