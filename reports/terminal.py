"""The screen: the verdict first, then what was not read, then findings by rule, then what to do.

The last line starts with ``RESULT`` and is made for ``grep``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice

import msgspec

from auditor.model.enums import Decision, Severity, TargetState
from auditor.model.finding import Finding, Observed, Report, RuleInfo
from reports.text import cells, safe, wrap

SHOWN_PER_RULE = 3
SHOWN_GAPS = 10
SHOWN_RULES = 4

_COLOURS = {
    "critical": "1;38;5;161",
    "high": "38;5;166",
    "medium": "38;5;178",
    "low": "38;5;74",
    "info": "2",
    "pass": "38;5;36",
    "fail": "1;38;5;161",
    "incomplete": "38;5;178",
    "unknown": "38;5;178",
    "dim": "2",
    "bold": "1",
}
_GLYPHS = {"fail": "✗ ", "pass": "✓ ", "incomplete": "? ", "unknown": "? "}


@dataclass(frozen=True, slots=True)
class Style:
    """How to draw. ``width`` in columns, None: never wrap; ``plain``: words only, no glyphs."""

    width: int | None = None
    colour: bool = False
    plain: bool = False

    def paint(self, text: str, role: str) -> str:
        """Colour ``text`` for its role; colour never carries meaning alone."""
        if not self.colour or role not in _COLOURS:
            return text
        return f"\x1b[{_COLOURS[role]}m{text}\x1b[0m"

    def glyph(self, role: str) -> str:
        """The sign of a role, nothing in plain mode."""
        return "" if self.plain else _GLYPHS.get(role, "")


def renderer(style: Style) -> Callable[[Report], Iterator[bytes]]:
    """The format with its style."""

    def render(report: Report) -> Iterator[bytes]:
        screen = _Screen(report, style)
        for line in screen.lines():
            yield line.encode("utf-8", "backslashreplace") + b"\n"

    return render


class _Screen:
    def __init__(self, report: Report, style: Style) -> None:
        self._report = report
        self._style = style
        self._many_targets = len(report.targets) > 1

    def lines(self) -> Iterator[str]:
        yield from self._headline()
        yield from self._coverage()
        yield from self._findings()
        yield from self._table()
        yield from self._what_now()
        yield ""
        yield self._result()

    def _wrap(self, text: str, indent: str = "") -> Iterator[str]:
        return wrap(safe(text), self._style.width, indent)

    def _headline(self) -> Iterator[str]:
        report, style = self._report, self._style
        decision = report.gate.decision
        word = {
            Decision.PASS: "PASS",
            Decision.FAIL: "FAIL",
            Decision.INCOMPLETE: "INCOMPLETE",
        }[decision]
        reasons = (
            "; ".join(report.gate.reasons) or f"nothing at the gate ({report.gate.expression})"
        )
        title = style.paint(f"{style.glyph(decision.value)}{word}", decision.value)
        head, *rest = self._wrap(reasons, " " * (cells(word) + 4 if not style.plain else 2))
        if style.plain:
            yield word
            yield head
        else:
            yield f"{title}  {head.strip()}"
        yield from rest
        files = sum(target.files for target in report.targets)
        where = ", ".join(target.uri for target in report.targets[:3])
        if len(report.targets) > SHOWN_RULES - 1:
            where += f" and {len(report.targets) - 3} more"
        objects = sum(kind.seen for kind in report.coverage.kinds if not kind.derived)
        scope = (
            f"profile {report.profile}, {len(report.counts)} rules; "
            f"{where}: {_count(objects, 'object')} in {_count(files, 'file')}"
        )
        yield from self._wrap(scope, "  ")

    def _coverage(self) -> Iterator[str]:
        report, style = self._report, self._style
        yield ""
        decided = sum(count.passed + count.failed + count.not_applicable for count in report.counts)
        unknown = sum(count.unknown + count.manual for count in report.counts)
        percent = _percent(report.coverage.ratio)
        yield style.paint("Coverage", "bold")
        yield from self._wrap(f"{percent} decided: {decided} of {decided + unknown} checks", "  ")
        skipped = sum(target.skipped for target in report.targets)
        if skipped:
            yield from self._wrap(f"{_count(skipped, 'document')} held no Kubernetes object", "  ")
        if not report.gaps:
            yield from self._wrap("everything in scope was read", "  ")
            return
        blinded = {rule for item in report.gaps for rule in item.rules}
        text = f"{_count(len(report.gaps), 'gap')}: not read, so not judged"
        if blinded:
            text += f"; {_count(len(blinded), 'rule')} blinded"
        yield from self._wrap(text, "  " + style.glyph("unknown"))
        for item in report.gaps[:SHOWN_GAPS]:
            gap = item.gap
            place = f"{gap.scope}:{gap.line}" if gap.line else gap.scope
            yield from self._wrap(f"{place}  {gap.cause.value}: {gap.detail}", "    ")
            if gap.hint:
                yield from self._wrap(gap.hint, "      try: ")
            if item.rules:
                yield from self._wrap(f"blinds {_some(item.rules)}", "      ")
        if len(report.gaps) > SHOWN_GAPS:
            more = len(report.gaps) - SHOWN_GAPS
            yield from self._wrap(
                f"and {_count(more, 'gap')} more: --format json lists them", "    "
            )

    def _findings(self) -> Iterator[str]:
        listed = (finding for finding in self._report.findings if finding.verdict in _LISTED)
        for (verdict, severity, rule), members in groupby(listed, key=_group_key):
            yield ""
            group = iter(members)
            shown = list(islice(group, SHOWN_PER_RULE))
            more = sum(1 for _ in group)
            yield from self._rule(verdict, severity, rule, len(shown) + more)
            for finding in shown:
                yield from self._finding(finding)
            if more:
                text = f"and {more} more: -o json=results.json lists them"
                yield from self._wrap(text, "    ")
            info = self._report.rules.get(rule)
            if info is not None and verdict == "fail":
                yield from self._fix(info)

    def _rule(self, verdict: str, severity: str, rule: str, total: int) -> Iterator[str]:
        style = self._style
        info = self._report.rules.get(rule)
        title = safe(info.title if info is not None else rule)
        word = severity.upper() if verdict == "fail" else f"{verdict.upper()} ({severity})"
        role = severity if verdict == "fail" else verdict
        head = f"{word}  {title}"
        tail = f"{rule}, {_count(total, 'finding')}"
        if style.width is None or cells(head) + cells(tail) + 4 <= style.width:
            name = style.paint(title, "bold")
            yield f"{style.paint(word, role)}  {name}  {style.paint(tail, 'dim')}"
            return
        first, *rest = wrap(head, style.width, "")
        yield style.paint(first, role)
        yield from rest
        yield from wrap(tail, style.width, "  ")

    def _finding(self, finding: Finding) -> Iterator[str]:
        resource = finding.resource
        kind = resource.kind.rpartition("/")[2].partition(".")[0]
        name = f"{resource.namespace}/{resource.name}" if resource.namespace else resource.name
        where = f"{kind} {name}"
        if finding.element:
            where += f", {finding.element}"
        if finding.covers > 1:
            where += f" (covers {finding.covers})"
        if finding.heuristic:
            where += " (heuristic)"
        place = resource.source
        if self._many_targets:
            place = f"{resource.target} {place}"
        style = self._style
        line = f"  {safe(where)}  {safe(place)}"
        if style.width is None or cells(line) <= style.width:
            yield f"  {safe(where)}  {style.paint(safe(place), 'dim')}"
        else:
            yield from self._wrap(where, "  ")
            yield from self._wrap(place, "    ")
        yield from self._wrap(finding.message, "    ")
        for item in finding.observed[:SHOWN_PER_RULE]:
            for text in self._wrap(f"{item.path} {_value(item)}", "    "):
                yield style.paint(text, "dim")

    def _fix(self, info: RuleInfo) -> Iterator[str]:
        first = next((line for line in info.remediation.splitlines() if line.strip()), "")
        if first:
            yield from self._wrap(f"fix: {first.strip()}", "  ")
        yield from self._wrap(f"more: auditor explain {info.id}", "  ")

    def _table(self) -> Iterator[str]:
        report, style = self._report, self._style
        yield ""
        yield style.paint("Findings", "bold")
        rows = [
            (severity.value, report.tallies.get(("fail", severity.value), 0))
            for severity in _SEVERITIES
        ]
        rows.append(("unknown", sum(n for (v, _), n in report.tallies.items() if v == "unknown")))
        for name, number in rows:
            mark = style.paint(f"{name:<10}", name if number else "dim")
            yield f"  {mark} {number:>6}"
        states = [target for target in report.targets if target.state is not TargetState.COMPLETE]
        for target in states[:SHOWN_GAPS]:
            yield from self._wrap(f"{target.uri} is {target.state.value}", "  ")

    def _what_now(self) -> Iterator[str]:
        report, style = self._report, self._style
        yield ""
        yield style.paint("What now?", "bold")
        first = next(iter(report.findings), None)
        if first is not None:
            yield from self._wrap(f"auditor explain {first.rule}", "  ")
        target = report.targets[0].uri if report.targets else "."
        yield from self._wrap(f"auditor scan {target} -o json=results.json", "  ")
        gate = "high" if report.gate.expression == "never" else report.gate.expression
        yield from self._wrap(f"auditor scan {target} --fail-on '{gate}' --quiet   # in CI", "  ")

    def _result(self) -> str:
        report = self._report
        parts = [f"RESULT {report.gate.decision.value}"]
        parts += [
            f"{severity.value}={report.tallies.get(('fail', severity.value), 0)}"
            for severity in _SEVERITIES
        ]
        unknown = sum(n for (verdict, _), n in report.tallies.items() if verdict == "unknown")
        parts.append(f"unknown={unknown}")
        parts.append(f"gaps={len(report.gaps)}")
        parts.append(f"coverage={report.coverage.ratio * 100:.1f}%")
        parts.append(f"report={report.digest}")
        return " ".join(parts)


_SEVERITIES = tuple(reversed(Severity))
_LISTED = frozenset({"fail", "unknown", "manual"})


def _group_key(finding: Finding) -> tuple[str, str, str]:
    return finding.verdict, finding.severity, finding.rule


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _percent(ratio: float) -> str:
    """Never round up to 100 %: that would hide the one check that was not decided."""
    percent = int(ratio * 1000) / 10
    return f"{percent:.1f} %"


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:SHOWN_RULES])
    more = len(names) - SHOWN_RULES
    return f"{shown} and {more} more" if more > 0 else shown


def _value(item: Observed) -> str:
    if item.value is msgspec.UNSET:
        return "is not set"
    text = msgspec.json.encode(item.value).decode()
    return f"= {text if len(text) <= 100 else text[:97] + '...'}"
