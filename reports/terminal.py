"""The screen: the verdict first, then what was not read, then findings by rule, then what to do.

The last line starts with ``RESULT`` and is made for ``grep``.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from itertools import groupby, islice
from types import MappingProxyType

from auditor.model.enums import Decision, Severity, TargetState
from auditor.model.finding import Report, RuleInfo, TargetReport
from auditor.model.results_finding import Finding
from reports import scope
from reports.remedy import short_remedy
from reports.style import Style
from reports.subjects import observed, related, subject
from reports.subjects import place as place_of
from reports.text import cells, safe, wrap

DEFAULT_PROFILE = "ai-platform"
SHOWN = MappingProxyType(
    {
        Severity.CRITICAL: 3,
        Severity.HIGH: 3,
        Severity.MEDIUM: 2,
        Severity.LOW: 1,
        Severity.INFO: 1,
    }
)
"""How many findings of one rule are shown, by its severity."""

SHOWN_VALUES = 3
SHOWN_GAPS = 10
SHOWN_RULES = 4
SHOWN_TARGETS = 3


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
        unit = "file" if any(target.uid == "files" for target in report.targets) else "answer"
        where = ", ".join(target.uri for target in report.targets[:SHOWN_TARGETS])
        if len(report.targets) > SHOWN_TARGETS:
            where += f" and {len(report.targets) - SHOWN_TARGETS} more"
        objects = sum(kind.seen for kind in report.coverage.kinds if not kind.derived)
        scope = (
            f"profile {report.profile}, {len(report.counts)} rules; "
            f"{where}: {_count(objects, 'object')} in {_count(files, unit)}"
        )
        yield from self._wrap(scope, "  ")
        if report.baseline is not None:
            known, fresh = report.baseline.known, report.baseline.new
            earlier = (
                f"against the baseline of run {report.baseline.run}: {known:,} known and not "
                f"counted, {fresh:,} new"
            )
            yield from self._wrap(earlier, "  ")

    def _coverage(self) -> Iterator[str]:
        report, style = self._report, self._style
        yield ""
        yield style.paint("Coverage", "bold")
        yield from self._wrap(_decided(report), "  ")
        for text in (*scope.not_assessed(report), *scope.told(report)):
            yield from self._wrap(text, "  ")
        for target in report.targets:
            yield from self._as_whom(target)
        if not report.gaps:
            if any(kind.seen for kind in report.coverage.kinds):
                yield from self._wrap(f"{scope.everything(report)} in scope was read", "  ")
            return
        blinded = {rule for item in report.gaps for rule in item.rules}
        text = f"{_count(len(report.gaps), 'gap')}: not read, so not judged"
        if blinded:
            text += f"; {_count(len(blinded), 'rule')} blinded"
        yield from self._wrap(text, "  " + style.glyph("unknown"))
        for item in report.gaps[:SHOWN_GAPS]:
            gap = item.gap
            place = f"{gap.scope}:{gap.line}" if gap.line else gap.scope
            if self._many_targets and gap.scope != gap.target:
                place = f"{gap.target} {place}"
            detail = gap.detail.removeprefix(f"{place}: ")
            yield from self._wrap(f"{place}  {gap.cause.value}: {detail}", "    ")
            if gap.hint:
                yield from self._wrap(gap.hint, "      try: ")
            if item.rules:
                yield from self._wrap(f"no verdict: {_some(item.rules)}", "      ")
        if len(report.gaps) > SHOWN_GAPS:
            more = len(report.gaps) - SHOWN_GAPS
            yield from self._wrap(
                f"and {_count(more, 'gap')} more: --format json lists them", "    "
            )

    def _as_whom(self, target: TargetReport) -> Iterator[str]:
        if target.principal:
            yield from self._wrap(f"{target.uri} was read as {target.principal}", "  ")
        for note in target.notes:
            yield from self._wrap(f"{target.uri}: {note}", "  ")
        for item in target.excluded:
            yield from self._wrap(f"not read: {item.kind}, {item.reason}", "  ")
            if item.rules:
                yield from self._wrap(f"so not judged: {_some(item.rules)}", "    ")

    def _findings(self) -> Iterator[str]:
        everything = self._style.everything
        listed = (
            finding for finding in self._report.findings if everything or finding.verdict in _LISTED
        )
        for (verdict, severity, rule), members in groupby(listed, key=_group_key):
            yield ""
            group = iter(members)
            shown = [] if everything else list(islice(group, SHOWN[Severity(severity)]))
            rest = list(group) if everything else []
            more = sum(1 for _ in group)
            yield from self._rule(verdict, severity, rule, len(shown) + len(rest) + more)
            for finding in (*shown, *rest):
                yield from self._finding(finding)
            if more:
                yield from self._wrap(f"and {more:,} more: --all lists them", "    ")
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
        where = subject(finding)
        place = place_of(finding.resource, many_targets=self._many_targets)
        style = self._style
        line = f"  {safe(where)}  {safe(place)}"
        if style.width is None or cells(line) <= style.width:
            yield f"  {safe(where)}  {style.paint(safe(place), 'dim')}"
        else:
            yield from self._wrap(where, "  ")
            yield from self._wrap(place, "    ")
        yield from self._wrap(finding.message, "    ")
        for other in related(finding, many_targets=self._many_targets):
            yield from self._wrap(other, "    ")
        for item in finding.observed[:SHOWN_VALUES]:
            for text in self._wrap(observed(finding, item), "    "):
                yield style.paint(text, "dim")

    def _fix(self, info: RuleInfo) -> Iterator[str]:
        sentence, snippet = short_remedy(info.remediation)
        if sentence or snippet:
            yield from self._wrap(f"fix: {sentence}".rstrip(), "  ")
        for line in snippet:
            indent = " " * (len(line) - len(line.lstrip()) + 6)
            yield from self._wrap(line.strip(), indent)
        yield from self._wrap(f"more: auditor explain {info.id}", "  ")

    def _table(self) -> Iterator[str]:
        report, style = self._report, self._style
        yield ""
        yield style.paint("Findings", "bold")
        counts = _by_target(report) if self._many_targets else {}
        rows = [(name, _tally(report, name)) for name in _ROWS]
        columns = "".join(f"{f'[{number}]':>8}" for number in range(1, len(counts) + 1))
        if counts:
            yield f"  {'':<10} {'all':>6}{columns}"
        for name, number in rows:
            mark = style.paint(f"{name:<10}", name if number else "dim")
            parts = "".join(f"{tally.get(name, 0):>8}" for tally in counts.values())
            yield f"  {mark} {number:>6}{parts}"
        for number, uri in enumerate(counts, 1):
            yield from self._wrap(f"[{number}] {uri}", "  ")
        states = [target for target in report.targets if target.state is not TargetState.COMPLETE]
        for target in states[:SHOWN_GAPS]:
            yield from self._wrap(f"{target.uri} is {target.state.value}", "  ")
        if len(states) > SHOWN_GAPS:
            yield from self._wrap(f"and {len(states) - SHOWN_GAPS} more targets", "  ")

    def _what_now(self) -> Iterator[str]:
        report, style = self._report, self._style
        yield ""
        yield style.paint("Next steps", "bold")
        # commands stay on one line, so that they can be copied
        yield from (f"  {safe(command)}" for command in _commands(report))

    def _result(self) -> str:
        report = self._report
        parts = [f"RESULT {report.gate.decision.value}"]
        parts += [f"{severity.value}={_tally(report, severity.value)}" for severity in _SEVERITIES]
        parts.append(f"unknown={_tally(report, 'unknown')}")
        parts.append(f"gaps={len(report.gaps)}")
        parts.append(f"coverage={_percent(report.coverage.ratio)}%")
        parts.append(f"report={report.digest}")
        return " ".join(parts)


_SEVERITIES = tuple(reversed(Severity))
_LISTED = frozenset({"fail", "unknown", "manual"})


_ROWS = (*(severity.value for severity in _SEVERITIES), "unknown")


def _commands(report: Report) -> Iterator[str]:
    """Three commands that are worth running next; more where several clusters are out of reach."""
    out_of_reach = [
        f"auditor doctor {shlex.quote(target.uri)}"
        for target in report.targets
        if target.state is TargetState.UNREACHABLE and "://" in target.uri
    ]
    yield from out_of_reach[:SHOWN_TARGETS]
    if not any(kind.seen for kind in report.coverage.kinds):
        if any(target.passed.excluded_files for target in report.targets):
            yield f"auditor scan {_targets(report)}"
        elif not out_of_reach:
            yield "helm template . | auditor scan -"
        yield "auditor scan --help"
        yield "auditor demo"
        return
    first = next(iter(report.findings), None)
    if first is not None and first.verdict in _LISTED:
        yield f"auditor explain {first.rule}"
    command = f"auditor scan {_targets(report)}"
    globs = [each.glob for target in report.targets for each in target.passed.excluded]
    for glob in dict.fromkeys(globs):
        command += f" --exclude {shlex.quote(glob)}"
    if report.profile != DEFAULT_PROFILE:
        command += f" --profile {report.profile}"
    gate = "high" if report.gate.expression == "never" else report.gate.expression
    yield f"{command} -o json=results.json"
    yield f"{command} --quiet --fail-on {shlex.quote(gate)}"


def _targets(report: Report) -> str:
    """The targets as they are typed, when they are few."""
    if len(report.targets) > SHOWN_TARGETS:
        return "TARGET..."
    return " ".join(shlex.quote(target.uri) for target in report.targets)


def _decided(report: Report) -> str:
    decided = sum(count.passed + count.failed + count.not_applicable for count in report.counts)
    total = decided + sum(count.unknown + count.manual for count in report.counts)
    if not total:
        return "nothing was found that a rule of this profile applies to"
    percent = _percent(report.coverage.ratio)
    which = "checks" if report.coverage.excluded else "checks on what was read"
    return f"{percent} % of the {which} were decided: {decided:,} of {total:,}"


def _tally(report: Report, row: str) -> int:
    """Failing findings of a severity, or all that are unknown."""
    if row == "unknown":
        return sum(n for (verdict, _), n in report.tallies.items() if verdict == row)
    return report.tallies.get(("fail", row), 0)


def _by_target(report: Report) -> dict[str, dict[str, int]]:
    """The rows of the table for each target, in their order."""
    counts: dict[str, dict[str, int]] = {target.uri: {} for target in report.targets}
    for finding in report.findings:
        if finding.verdict in {"fail", "unknown"}:
            row = finding.severity if finding.verdict == "fail" else finding.verdict
            tally = counts.setdefault(finding.resource.target, {})
            tally[row] = tally.get(row, 0) + 1
    return counts


def _group_key(finding: Finding) -> tuple[str, str, str]:
    return finding.verdict, finding.severity, finding.rule


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _percent(ratio: float) -> str:
    """Never round up to 100 %: that would hide the one check that was not decided."""
    percent = int(ratio * 1000) / 10
    return f"{percent:.1f}"


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:SHOWN_RULES])
    more = len(names) - SHOWN_RULES
    return f"{shown} and {more} more" if more > 0 else shown
