"""What an audit policy comes to: of one request, or the matrix of all that matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from auditor.model.auditing import Answered, Column, PolicyShown, Row
from reports.style import Style
from reports.text import safe, wrap

SCHEMA: Final = "audit-policy/v1"
_WHO: Final = 8


def screen(policies: Sequence[PolicyShown], style: Style) -> Iterator[str]:
    """Yield what people read."""
    for at, policy in enumerate(policies):
        if at:
            yield "\n"
        for line in _policy(policy, style):
            yield line + "\n"


def as_json(policies: Sequence[PolicyShown], style: Style) -> Iterator[str]:
    """Yield one JSON object."""
    del style
    made = {"schema": SCHEMA, "policies": msgspec.to_builtins(policies)}
    yield msgspec.json.format(msgspec.json.encode(made), indent=1).decode() + "\n"


def _policy(policy: PolicyShown, style: Style) -> Iterator[str]:
    head = f"{policy.place}: {_count(policy.rules, 'rule')}"
    if policy.refused:
        head = f"{policy.place}: the API server does not start with this policy"
    elif policy.omitted:
        head += f", no events at {', '.join(policy.omitted)}"
    first, *rest = wrap(safe(head), style.width, "")
    yield style.paint(first, "bold")
    yield from rest
    for each in policy.refused:
        yield from _hanging(each, style, style.glyph("fail") or "  ")
    for each in policy.ignored:
        text = f"ignored by the API server: {each}"
        yield from _hanging(text, style, style.glyph("incomplete") or "  ")
    if policy.answer is not None:
        yield from _answer(policy.answer, style)
    elif not policy.refused:
        yield from _matrix(policy, style)


def _answer(answer: Answered, style: Style) -> Iterator[str]:
    who = answer.user or "a login that is refused"
    groups = f" (groups {', '.join(answer.groups)})" if answer.groups else ""
    yield from wrap(safe(f"{answer.asked}, by {who}{groups}"), style.width, "")
    yield style.paint(f"  {answer.level}", "bold") + f": {_LEVELS[answer.level]}"
    by = f"by {answer.rule}" if answer.rule.number else "no rule matches, which is None"
    yield from wrap(safe(by), style.width, "  ")
    if answer.level != "None":
        if answer.omitted:
            text = f"no events at {', '.join(answer.omitted)}"
            yield from wrap(text, style.width, "  ")
        if answer.omit_managed_fields:
            yield from wrap("managed fields are left out of the bodies", style.width, "  ")
    if answer.later:
        text = f"not asked any more: {', '.join(map(str, answer.later))}"
        yield from wrap(safe(text), style.width, "  ")


_LEVELS: Final = {
    "None": "nothing is written",
    "Metadata": "who, what, when and how it ended",
    "Request": "the same, with what was sent",
    "RequestResponse": "the same, with what was sent and answered",
}


def _matrix(policy: PolicyShown, style: Style) -> Iterator[str]:
    for row in policy.rows:
        yield ""
        yield from _row(row, style)
    yield ""
    for text in policy.unreached:
        yield from _hanging(f"decides nothing: {text}", style, "")
    if policy.left_out:
        text = f"{policy.left_out:,} more callers that the policy names were not asked about"
        yield from wrap(text, style.width, style.glyph("unknown"))
    yield from wrap(
        "--as USER --verb VERB --resource RESOURCE asks about one request; auditor scan "
        "--profile audit-logging judges the policy.",
        style.width,
        "",
    )


def _row(row: Row, style: Style) -> Iterator[str]:
    for column in row.columns:
        for line in _hanging(_column(column, alone=len(row.columns) == 1), style, ""):
            yield style.paint(line, "bold")
    for what in row.what:
        yield from _hanging(what, style, "  ")


def _hanging(text: str, style: Style, first: str) -> Iterator[str]:
    """Wrap a text so that its first line stands out."""
    indent = first + "  "
    for at, line in enumerate(wrap(safe(text), style.width, indent)):
        yield line if at else first + line.removeprefix(indent)


def _column(column: Column, *, alone: bool) -> str:
    more = len(column.who) - _WHO
    shown = ", ".join(column.who[:_WHO]) + (f" and {more} more" if more > 0 else "")
    if not column.rule.number:
        return "None, no rule matches" + ("" if alone else f": {shown}")
    return f"{column.level} by {column.rule}: {'everybody' if alone else shown}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
