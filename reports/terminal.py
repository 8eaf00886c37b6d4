"""The screen: the verdict first, then what was not read, then findings by rule, then what to do.

The last line starts with ``RESULT`` and is made for ``grep``.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from typing import Final

from msgspec.structs import astuple

from auditor.model.enums import Decision, Severity, TargetState, Verdict
from auditor.model.finding import Report, TargetReport
from auditor.model.resource import OF_FILES
from auditor.model.results_finding import Finding
from reports import answers, controls, delta, fleet, gpus, isolation, reach, scope, waivers
from reports.by_object import ByObject
from reports.by_rule import ByRule
from reports.details import configured
from reports.folders import by_folder, told_folders
from reports.gaps import SHOWN_GAPS, causes, in_a_line, some, told
from reports.room import Block, capped, cut, fitted
from reports.style import Style
from reports.text import cells, safe, wrap

DEFAULT_PROFILE = "ai-platform"
MOST_HEADLINE: Final = 6
MOST_COVERAGE: Final = 12
CAUSES_IN_A_LINE: Final = 4
OBJECTS_IN_A_LINE: Final = 4
MOST_FINDINGS: Final = 3
RULES_IN_A_LINE: Final = 14
MOST_TABLE: Final = 22
SHOWN_TARGETS = 3
SHOWN_KNOWN: Final = 8


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
        self._by_rule = ByRule(report, style)

    def lines(self) -> Iterator[str]:
        whole = [*self._coverage(), *self._gaps()]
        if self._style.everything or self._style.lines is None:
            yield from (*self._headline(), *whole)
            yield from self._findings()
            yield from self._end()
            return
        head, end = capped(self._headline(), MOST_HEADLINE), list(self._end())
        blocks = list(self._blocks())
        room = self._style.lines - len(head) - len(whole) - len(end)
        if sum(len(block.full) + 1 for block in blocks) > room:
            whole = [*capped(self._coverage(), MOST_COVERAGE), *self._gaps_in_lines()]
            more = ["", *self._wrap(_SHORTENED, "  ")]
            end = [*more, *self._end(folders=True)]
            room = self._style.lines - len(head) - len(whole) - len(end)
            blocks = list(self._blocks(most=1))
        yield from (*head, *whole, *fitted(blocks, room, self._in_a_line()), *end)

    def _in_a_line(self) -> int:
        """Say how many blocks there is a line for before any is told in full."""
        return OBJECTS_IN_A_LINE if self._style.by_object else RULES_IN_A_LINE

    def _gaps_in_lines(self) -> Iterator[str]:
        """Tell of gaps in a line a cause, the most frequent causes first."""
        yield from islice(self._gaps(), 1)
        found = causes(self._report.gaps, many_targets=self._many_targets)
        found.sort(key=lambda cause: -cause.number)
        for cause in found[:CAUSES_IN_A_LINE]:
            yield cut(safe(in_a_line(cause)), self._style.width)
        more = sum(cause.number for cause in found[CAUSES_IN_A_LINE:])
        if more:
            yield f"    {more:>4}  more"

    def _end(self, *, folders: bool = False) -> Iterator[str]:
        table = self._table()
        bounded = self._style.lines is not None and not self._style.everything
        if bounded:
            table = iter(capped(table, MOST_TABLE))
        yield from controls.section(self._report, self._style, short=bounded)
        yield from answers.section(self._report, self._style, short=bounded)
        yield from fleet.section(self._report, self._style, short=bounded)
        yield from waivers.section(self._report, self._style, short=bounded)
        yield from gpus.section(self._report, self._style, short=bounded)
        yield from isolation.section(self._report, self._style, short=bounded)
        yield from reach.section(self._report, self._style)
        yield from table
        if folders:
            yield from self._folders()
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
        for text in delta.told(report):
            yield from self._wrap(text, "  ")
        files = sum(target.files for target in report.targets)
        unit = "file" if any(target.uid == OF_FILES for target in report.targets) else "answer"
        where = ", ".join(target.uri for target in report.targets[:SHOWN_TARGETS])
        if len(report.targets) > SHOWN_TARGETS:
            where += f" and {len(report.targets) - SHOWN_TARGETS} more"
        objects = sum(kind.seen for kind in report.coverage.kinds if not kind.derived)
        scope = (
            f"profile {report.profile}, {len(report.counts)} rules{configured(report)}; "
            f"{where}: {_count(objects, 'object')} in {_count(files, unit)}"
        )
        yield from self._wrap(scope, "  ")

    def _coverage(self) -> Iterator[str]:
        report, style = self._report, self._style
        yield ""
        yield style.paint("Coverage", "bold")
        yield from self._wrap(_decided(report), "  ")
        for text in (*scope.not_assessed(report), *scope.told(report)):
            yield from self._wrap(text, "  ")
        for target in report.targets:
            yield from self._as_whom(target)
        if not report.gaps and any(kind.seen for kind in report.coverage.kinds):
            yield from self._wrap(f"{scope.everything(report)} in scope was read", "  ")

    def _gaps(self) -> Iterator[str]:
        report, style = self._report, self._style
        if not report.gaps:
            return
        blinded = {rule for item in report.gaps for rule in item.rules}
        text = f"{_count(len(report.gaps), 'gap')}: not read, so not judged"
        if blinded:
            text += f"; {_count(len(blinded), 'rule')} blinded"
        yield from self._wrap(text, "  " + style.glyph("unknown"))
        found = causes(report.gaps, many_targets=self._many_targets)
        shown = found if style.everything else found[:SHOWN_GAPS]
        for cause in shown:
            for line, indent in told(cause):
                yield from self._wrap(line, indent)
        more = sum(cause.number for cause in found[len(shown) :])
        if more:
            yield from self._wrap(f"and {_count(more, 'gap')} more: --all lists them", "    ")

    def _as_whom(self, target: TargetReport) -> Iterator[str]:
        if target.principal:
            yield from self._wrap(f"{target.uri} was read as {target.principal}", "  ")
        for note in target.notes:
            yield from self._wrap(f"{target.uri}: {note}", "  ")
        for item in target.excluded:
            yield from self._wrap(f"not read: {item.kind}, {item.reason}", "  ")
            if item.rules:
                yield from self._wrap(f"so not judged: {some(item.rules)}", "    ")

    def _findings(self) -> Iterator[str]:
        """Tell findings without a limit of lines."""
        style = self._style
        if style.everything and not style.by_object:
            listed = frozenset(Verdict) if style.passes else _LISTED
            for heading, found in delta.parts(self._report):
                if heading:
                    yield from ("", style.paint(heading, "bold"))
                yield from self._by_rule.everything(listed, found)
            return
        for block in self._blocks():
            yield from ("", *block.full)

    def _blocks(self, most: int = MOST_FINDINGS) -> Iterator[Block]:
        """Make the blocks of what fails, is undecided, or has to be looked at by a person."""
        report = self._report
        if self._style.by_object:
            yield from ByObject(report, self._style).blocks()
        listed = waivers.counted(report.findings)
        yield from self._told((each for each in listed if not delta.known(report, each)), most)
        if report.baseline is not None:
            yield from self._known()

    def _known(self) -> Iterator[Block]:
        """Make one block of what the baseline has: a line a rule, for it asks nobody to act."""
        report, style = self._report, self._style
        listed = waivers.counted(report.findings)
        found = list(self._told((each for each in listed if delta.known(report, each)), 1))
        if not found:
            return
        lines = [block.short for block in found[:SHOWN_KNOWN]]
        rest = found[SHOWN_KNOWN:]
        if rest:
            number = _count(sum(block.findings for block in rest), "finding")
            lines.append(f"  and {len(rest):,} more lines, {number}: --all lists them")
        total = sum(block.findings for block in found)
        short = f"  {delta.KNOWN}: {_count(total, 'finding')}"
        yield Block((style.paint(delta.KNOWN, "bold"), *lines), short, total)

    def _told(self, listed: Iterable[Finding], most: int) -> Iterator[Block]:
        for verdict, members in groupby(listed, key=lambda finding: finding.verdict):
            if verdict == "unknown":
                yield from self._by_rule.undecided(members)
            elif verdict == "manual" or (verdict == "fail" and not self._style.by_object):
                yield from self._by_rule.blocks(members, most)

    def _table(self) -> Iterator[str]:
        report, style = self._report, self._style
        yield ""
        yield style.paint("Findings", "bold")
        standings = fleet.standings(report) if self._many_targets else ()
        columns = standings if fleet.fits(style, len(standings)) else ()
        if columns:
            yield f"  {'':<10} {'all':>6}{''.join(f'{each.head:>8}' for each in columns)}"
        for name in _ROWS:
            number = _tally(report, name)
            mark = style.paint(f"{name:<10}", name if number else "dim")
            parts = "".join(f"{each.counts[name]:>8}" for each in columns)
            yield f"  {mark} {number:>6}{parts}"
        if self._many_targets:
            limited = style.lines is not None and not style.everything
            yield from fleet.named(standings, style, short=limited)
        elif report.targets and report.targets[0].state is not TargetState.COMPLETE:
            (target,) = report.targets
            yield from self._wrap(f"{target.uri} is {target.state.value}", "  ")

    def _folders(self) -> Iterator[str]:
        """Say in which folders most failing findings are, where there are several."""
        if self._many_targets:
            return
        found = by_folder(waivers.counted(self._report.findings))
        if len(found) > 1:
            yield from self._wrap(f"most are in: {told_folders(found)}", "  ")

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
        if report.waivers is not None:
            parts.append(f"waived={sum(report.waived.values())}")
        parts.append(f"gaps={len(report.gaps)}")
        parts.append(f"coverage={_percent(report.coverage.ratio)}%")
        parts.append(f"report={report.digest}")
        return " ".join(parts)


_JUDGED_BY: Final = {"images": "images"}
"""Schemes of targets that profiles for platforms have no rule about, and the profile that has."""
_SHORTENED: Final = "shortened: --all lists every finding, --group-by object tells them by object"
_SEVERITIES = tuple(reversed(Severity))
_LISTED = frozenset({"fail", "unknown", "manual"})


_ROWS = (*(severity.value for severity in _SEVERITIES), "unknown")


def _commands(report: Report) -> Iterator[str]:
    """Three commands that are worth running next; more where several clusters are out of reach."""
    out_of_reach = [
        f"auditor doctor {shlex.quote(target.uri)}"
        for target in report.targets
        if target.state is TargetState.UNREACHABLE and "://" in target.uri and not target.place
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
    first = next(waivers.counted(delta.new_first(report)), None)
    if first is not None and first.verdict in _LISTED:
        yield f"auditor explain {first.rule}"
    if report.configuration is not None:
        command = f"auditor scan --config {shlex.quote(report.configuration.file)}"
        yield f"{command} -o json=results.json"
        return
    command = f"auditor scan {_targets(report)}"
    globs = [each.glob for target in report.targets for each in target.passed.excluded]
    for glob in dict.fromkeys(globs):
        command += f" --exclude {shlex.quote(glob)}"
    profile = _other_profile(report) or report.profile
    if profile != DEFAULT_PROFILE:
        command += f" --profile {profile}"
    gate = "high" if report.gate.expression == "never" else report.gate.expression
    yield f"{command} -o json=results.json"
    yield f"{command} --quiet --fail-on {shlex.quote(gate)}"


def _other_profile(report: Report) -> str:
    """A profile that judges what was read, where this one judged nothing; "" for none."""
    if any(any(astuple(count)[1:]) for count in report.counts):
        return ""
    schemes = [target.uri.partition("://")[0] for target in report.targets]
    return next((_JUDGED_BY[each] for each in schemes if each in _JUDGED_BY), "")


def _targets(report: Report) -> str:
    """The targets as they are typed, when they are few; of a recorded folder its path, once."""
    typed = dict.fromkeys(target.place or target.uri for target in report.targets)
    if len(typed) > SHOWN_TARGETS:
        return "TARGET..."
    return " ".join(map(shlex.quote, typed))


def _decided(report: Report) -> str:
    decided = sum(count.passed + count.failed + count.not_applicable for count in report.counts)
    total = decided + sum(count.unknown + count.manual for count in report.counts)
    if not total:
        return "nothing was found that a rule of this profile applies to"
    percent = _percent(report.coverage.ratio)
    which = "checks" if report.coverage.excluded else "checks on what was read"
    return f"{percent} % of the {which} were decided: {decided:,} of {total:,}"


def _tally(report: Report, row: str) -> int:
    """Failing findings of a severity that nobody accepted, or all that are unknown."""
    if row == "unknown":
        return sum(n for (verdict, _), n in report.tallies.items() if verdict == row)
    return report.tallies.get(("fail", row), 0) - report.waived.get(("fail", row), 0)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _percent(ratio: float) -> str:
    """Never round up to 100 %: that would hide the one check that was not decided."""
    percent = int(ratio * 1000) / 10
    return f"{percent:.1f}"
