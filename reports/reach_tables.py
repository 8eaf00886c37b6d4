"""What can reach what as a table and as JSON, for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from auditor.model.finding import Report
from auditor.model.reach import ReachFact
from reports.reach_facts import answers, enforcements, reaches
from reports.reach_words import ReachRow, accepting, step_in_words

COLUMNS: Final = (
    *("target", "namespace", "tenant", "workloads", "pods", "direction", "default", "other"),
    *("names", "ports", "perhaps", "by"),
)
"""The columns of the table: a row for each zone and place of each direction."""
ANSWER_COLUMNS: Final = ("target", "source", "destination", "ports", "verdict", "pairs", "steps")


def as_csv(report: Report, *, asked: bool) -> Iterator[str]:
    """Yield the matrix, or the answers to what was ``asked``, as a table (RFC 4180)."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    told = answers(report) if asked else []
    writer.writerow(ANSWER_COLUMNS if asked else COLUMNS)
    for target, answer in told:
        steps = "; ".join(f"{each.direction}: {step_in_words(each)}" for each in answer.steps)
        cell = (
            answer.source,
            answer.destination,
            " ".join(answer.ports),
            answer.verdict,
            answer.covers,
        )
        writer.writerow([_cell(each) for each in (target, *cell, steps)])
    for target, fact in reaches(report) if not asked else ():
        writer.writerows(_table_rows(target, fact))
    yield buffer.getvalue()


def _table_rows(target: str, fact: ReachFact) -> Iterator[Sequence[object]]:
    names = ", ".join(fact.workloads)
    for direction, side in (("ingress", fact.ingress), ("egress", fact.egress)):
        head = (target, fact.namespace, fact.tenant, names, fact.pods, direction, side.default)
        rows = [
            ReachRow(x.zone, x.ports, x.perhaps, x.steps, ", ".join(x.names)) for x in side.peers
        ]
        rows += [ReachRow(x.place, x.ports, x.perhaps, x.steps) for x in side.places]
        for each in rows or [ReachRow("", (), (), ())]:
            tail = (", ".join(each.ports), ", ".join(each.perhaps), accepting(each.steps))
            yield tuple(map(_cell, (*head, each.name, each.more, *tail)))


def _cell(value: object) -> object:
    """Keep a spreadsheet from taking what somebody wrote for a formula."""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return "'" + value
    return value


def as_json(report: Report, *, asked: bool) -> Iterator[str]:
    """Yield the facts of ``results.json`` alone, the answers to what was ``asked``, and gaps."""
    made = {
        "schema": "reach/v1",
        **{
            name: [{"target": target, **msgspec.to_builtins(fact)} for target, fact in found]
            for name, found in (
                ("enforcement", enforcements(report)),
                ("workloads", reaches(report)),
                ("answers", answers(report) if asked else []),
            )
        },
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
