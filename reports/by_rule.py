"""Findings by rule, the worst first, each with where it is, what was read, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from itertools import groupby, islice
from types import MappingProxyType
from typing import Final

from auditor.model.enums import Severity
from auditor.model.finding import Report, RuleInfo
from auditor.model.results_finding import Finding
from reports.alike import Reason, Same, joined, reasons
from reports.delta import Part
from reports.gaps import some
from reports.remedy import short_remedy
from reports.room import Block, cut
from reports.style import Style
from reports.subjects import location_of, observed, related, subject
from reports.text import cells, safe, wrap
from reports.waivers import told as accepted

SHOWN: Final = MappingProxyType(
    {
        Severity.CRITICAL: 3,
        Severity.HIGH: 3,
        Severity.MEDIUM: 2,
        Severity.LOW: 1,
        Severity.INFO: 1,
    }
)
"""How many findings of one rule are shown, by its severity."""
SHOWN_VALUES: Final = 3


class ByRule:
    """Tells findings of a report by their rules."""

    def __init__(self, report: Report, style: Style) -> None:
        self._report = report
        self._style = style
        self._many_targets = len(report.targets) > 1

    def everything(self, verdicts: Container[str], found: Part) -> Iterator[str]:
        """Tell every finding of some verdicts, as they come: there may be a million.

        ``found`` takes those out of the report that are told, each time it is asked.
        """
        totals = Counter(map(_group_key, found(self._report)))
        for key, members in groupby(found(self._report), key=_group_key):
            verdict, severity, rule = key
            if verdict not in verdicts:
                continue
            yield ""
            yield from self._rule(verdict, severity, rule, totals[key])
            for each in joined(members):
                yield from self._finding(each)
            if verdict == "fail":
                yield from self._fix(rule)

    def blocks(self, findings: Iterable[Finding], most: int) -> Iterator[Block]:
        """Make a block of each rule: the first findings, ``most`` of them, and how many more."""
        for (verdict, severity, rule), members in groupby(findings, key=_group_key):
            entries = joined(members)
            first = list(islice(entries, min(most, SHOWN[Severity(severity)])))
            more = sum(each.number for each in entries)
            total = more + sum(each.number for each in first)
            lines = list(self._rule(verdict, severity, rule, total))
            for each in first:
                lines += self._finding(each)
            if more:
                lines += self._wrap(f"and {more:,} more: --all lists them", "    ")
            if verdict == "fail":
                lines += self._fix(rule)
            yield Block(tuple(lines), self._short(verdict, severity, total, rule), total)

    def undecided(self, findings: Iterable[Finding]) -> Iterator[Block]:
        """Make a block of each reason why findings are not decided."""
        titles = {rule: info.title for rule, info in self._report.rules.items()}
        for reason in reasons(findings, titles):
            lines = [*self._reason(reason), *self._finding(Same(reason.first), said=True)]
            if reason.number > 1:
                lines += self._wrap(f"and {reason.number - 1:,} more: --all lists them", "    ")
            short = self._short("unknown", reason.severity, reason.number, reason.text)
            yield Block(tuple(lines), short, reason.number)

    def _wrap(self, text: str, indent: str = "") -> Iterator[str]:
        return wrap(safe(text), self._style.width, indent)

    def _short(self, verdict: str, severity: str, number: int, name: str) -> str:
        word = severity.upper() if verdict == "fail" else verdict.upper()
        start = f"  {word:<9}{number:>6}  "
        text = cut(f"{start}{safe(name)}", self._style.width)
        role = severity if verdict == "fail" else verdict
        painted = self._style.paint(word, role)
        return f"  {painted}{text[2 + len(word) :]}"

    def _rule(self, verdict: str, severity: str, rule: str, total: int) -> Iterator[str]:
        info = self._report.rules.get(rule)
        title = safe(info.title if info is not None else rule)
        word = severity.upper() if verdict == "fail" else f"{verdict.upper()} ({severity})"
        role = severity if verdict == "fail" else verdict
        yield from self._head(word, role, title, f"{safe(rule)}, {_count(total, 'finding')}")

    def _head(self, word: str, role: str, title: str, tail: str) -> Iterator[str]:
        style = self._style
        head = f"{word}  {title}"
        if style.width is None or cells(head) + cells(tail) + 4 <= style.width:
            name = style.paint(title, "bold")
            yield f"{style.paint(word, role)}  {name}  {style.paint(tail, 'dim')}"
            return
        first, *rest = wrap(head, style.width, "")
        yield style.paint(first, role)
        yield from rest
        yield from wrap(tail, style.width, "  ")

    def _reason(self, reason: Reason) -> Iterator[str]:
        tail = _count(reason.number, "finding")
        yield from self._head(f"UNKNOWN ({reason.severity})", "unknown", safe(reason.text), tail)
        yield from self._wrap(f"no verdict: {some(reason.rules)}", "  ")

    def _finding(self, same: Same, *, said: bool = False) -> Iterator[str]:
        """Tell a finding; ``said``: its message was told before."""
        finding, style = same.finding, self._style
        where = subject(finding)
        place = location_of(finding.resource, many_targets=self._many_targets)
        line = f"  {safe(where)}  {safe(place)}"
        if style.width is None or cells(line) <= style.width:
            yield f"  {safe(where)}  {style.paint(safe(place), 'dim')}"
        else:
            yield from self._wrap(where, "  ")
            yield from self._wrap(place, "    ")
        if same.others:
            yield from self._wrap(f"the same in {self._places(same)}", "    ")
        if finding.message and not said:
            yield from self._wrap(finding.message, "    ")
        for line in accepted(finding):
            yield from self._wrap(line, "    ")
        for other in related(finding, many_targets=self._many_targets):
            yield from self._wrap(other, "    ")
        for item in finding.observed[:SHOWN_VALUES]:
            for text in self._wrap(observed(finding, item), "    "):
                yield style.paint(text, "dim")

    def _places(self, same: Same) -> str:
        places = [location_of(each.resource, many_targets=False) for each in same.others]
        more = same.number - 1 - len(places)
        return ", ".join(places) + (f" and {more:,} more" if more else "")

    def _fix(self, rule: str) -> Iterator[str]:
        info: RuleInfo | None = self._report.rules.get(rule)
        if info is None:
            return
        sentence, snippet = short_remedy(info.remediation)
        if sentence or snippet:
            yield from self._wrap(f"fix: {sentence}" if sentence else "fix, for example:", "  ")
        for line in snippet:
            indent = " " * (len(line) - len(line.lstrip()) + 6)
            yield from self._wrap(line.strip(), indent)
        yield from self._wrap(f"more: auditor explain {info.id}", "  ")


def _group_key(finding: Finding) -> tuple[str, str, str]:
    return finding.verdict, finding.severity, finding.rule


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
