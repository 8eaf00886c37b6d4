"""Who may do something: each subject, where, and by which binding, role and rule."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence

import msgspec

from auditor.model.finding import Report
from auditor.model.rights import (
    Answer,
    BindingOfRole,
    Grant,
    NamedSubject,
    RoleGrantsFact,
    Undecided,
)
from reports.style import Style
from reports.text import safe, wrap

SHOWN_NAMES = 5
_MASTERS = (
    "The group system:masters may do everything: the API server asks no role about it. Who is in a "
    "group, whoever logs people in knows."
)


class Asked(msgspec.Struct, frozen=True):
    """A question as people ask it and as roles are asked, and what the targets say of it.

    ``more`` says what else to ask, "" for nothing.
    """

    text: str
    request: msgspec.Struct
    namespace: str
    answers: tuple[Answer, ...]
    more: str = ""

    @property
    def open(self) -> bool:
        """Whether something that was read does not say whether it grants what is asked."""
        return any(
            each.undecided or not all(grant.rule.settled for grant in each.grants)
            for each in self.answers
        )


def screen(asked: Asked, report: Report, style: Style) -> Iterator[str]:
    """Yield the answer for people, by subject."""
    for line in _lines(asked, report, style):
        yield line + "\n"


def _lines(asked: Asked, report: Report, style: Style) -> Iterator[str]:
    several = len(asked.answers) > 1
    for answer in asked.answers:
        by_subject: dict[NamedSubject, list[Grant]] = {}
        for grant in answer.grants:
            by_subject.setdefault(grant.subject, []).append(grant)
        where = f"{answer.target}: " if several else ""
        count = _count(len(by_subject), "subject") if by_subject else "nobody by what was read"
        head = f"{where}{asked.text}: {count}"
        first, *rest = wrap(safe(head), style.width, "")
        yield style.paint(first, "bold")
        yield from rest
        for subject, grants in sorted(by_subject.items()):
            yield from wrap(safe(str(subject)), style.width, "  ")
            for grant in grants:
                yield from wrap(safe(_by(grant)), style.width, "    ")
        for each in answer.undecided:
            yield from wrap(safe(_open(each)), style.width, style.glyph("unknown"))
    yield from wrap(_MASTERS, style.width, "")
    if asked.more:
        yield from wrap(safe(asked.more), style.width, "")
    for item in report.gaps:
        gap = item.gap
        text = f"not read: {gap.scope}  {gap.cause.value}: {gap.detail}"
        yield from wrap(safe(text), style.width, style.glyph("unknown"))
        yield from wrap(safe(gap.hint), style.width, "  ") if gap.hint else ()


def _by(grant: Grant) -> str:
    where = f"in {grant.namespace}" if grant.namespace else "everywhere"
    if grant.names:
        more = len(grant.names) - SHOWN_NAMES
        names = ", ".join(grant.names[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
        where += f", only named {names}"
    if not grant.rule.settled:
        where = f"perhaps {where}, as roles aggregate one another"
    binding, role = _at(grant.binding), _at(grant.role)
    return f"{where}: by {binding}, {role}, {_rule(grant)}"


def _rule(grant: Grant) -> str:
    rule = grant.rule
    written = f" of {rule.written_in}" if rule.written_in != grant.role.name else ""
    return f"rule {rule.number}{written}" + (f" ({rule.place})" if rule.place else "")


def _at(thing: BindingOfRole | RoleGrantsFact) -> str:
    of_all = isinstance(thing, RoleGrantsFact) and thing.known and not thing.declared
    place = "of every cluster" if of_all else thing.place
    return f"{thing} ({place})" if place else str(thing)


def _open(each: Undecided) -> str:
    count = _count(len(each.binding.subjects), "subject")
    return f"not known: {_at(each.binding)} gives {each.role} to {count}: {each.why}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def as_json(asked: Asked, report: Report, style: Style) -> Iterator[str]:
    """Yield the answer as one JSON object."""
    del style
    made = {
        "schema": "who-can/v1",
        "question": {**msgspec.to_builtins(asked.request), "namespace": asked.namespace},
        "grants": [_grant(each.target, grant) for each in asked.answers for grant in each.grants],
        "undecided": [
            {
                "target": each.target,
                "binding": _named(found.binding),
                "role": _named(found.role),
                "subjects": [msgspec.to_builtins(one) for one in found.binding.subjects],
                "why": found.why,
            }
            for each in asked.answers
            for found in each.undecided
        ],
        "gaps": [
            {
                "target": each.gap.target,
                "scope": each.gap.scope,
                "cause": each.gap.cause.value,
                "detail": each.gap.detail,
                "hint": each.gap.hint,
            }
            for each in report.gaps
        ],
    }
    yield json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _grant(target: str, grant: Grant) -> dict[str, object]:
    rule = grant.rule
    return {
        "target": target,
        "subject": msgspec.to_builtins(grant.subject),
        "namespace": grant.namespace,
        "names": list(grant.names),
        "binding": _named(grant.binding),
        "role": _named(grant.role),
        "rule": {"writtenIn": rule.written_in, "number": rule.number, "place": rule.place},
        "certain": rule.settled,
    }


def _named(thing: BindingOfRole | RoleGrantsFact) -> dict[str, str]:
    return {
        "kind": thing.kind,
        "namespace": thing.namespace,
        "name": thing.name,
        "place": thing.place,
    }


COLUMNS = (
    *("target", "subject_kind", "subject_namespace", "subject", "namespace", "names", "certain"),
    *("binding", "binding_place", "role", "role_place", "rule_of", "rule", "rule_place"),
)
"""The columns of the table: a row for each subject, binding and rule."""


def as_csv(asked: Asked, report: Report, style: Style) -> Iterator[str]:
    """Yield the grants as a table (RFC 4180), its first line the names of the columns."""
    del report, style
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for each in asked.answers:
        writer.writerows(tuple(map(_cell, _row(each.target, grant))) for grant in each.grants)
        for found in each.undecided:
            role, binding = found.role, found.binding
            for subject in binding.subjects:
                head = (each.target, subject.kind, subject.namespace, subject.name)
                tail = (str(binding), binding.place, str(role), role.place, "", "", "")
                writer.writerow(tuple(map(_cell, (*head, binding.namespace, "", False, *tail))))
    yield buffer.getvalue()


def _row(target: str, grant: Grant) -> Sequence[object]:
    subject, binding, role, rule = grant.subject, grant.binding, grant.role, grant.rule
    return (
        *(target, subject.kind, subject.namespace, subject.name, grant.namespace),
        *(" ".join(grant.names), rule.settled, str(binding), binding.place),
        *(str(role), role.place, rule.written_in, rule.number, rule.place),
    )


def _cell(value: object) -> object:
    """Keep a spreadsheet from taking what somebody wrote for a formula."""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return "'" + value
    return value
