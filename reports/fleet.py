"""Several targets of one run beside each other, the worst first: what each is, what holds where.

A fleet is read from the top: which target needs a person first, and which control fails on most of
them. So targets are in the order of what fails there, then of what was not read, and controls in
the order of how many targets they do not hold on::

    Controls of pss-baseline by target, worst first
      x not satisfied, ? undetermined, w by a person's word, m for a person, + holds, . not assessed
                         [1] [2] [3]
      hostPath Volumes    x   x   +
      Capabilities        x   ?   +

A cell says less than the run does of its control; the reasons stand beside the controls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.model.enums import ControlState, Severity, TargetState
from auditor.model.finding import Report, TargetReport
from auditor.model.policy import Framework
from auditor.model.results import ControlResult
from reports import waivers
from reports.controls import NOT_LOOKED_AT, asked, of_framework
from reports.style import Style
from reports.text import cells, safe, wrap

SIGNS: Final[Mapping[ControlState, str]] = MappingProxyType(
    {
        ControlState.NOT_SATISFIED: "x",
        ControlState.UNDETERMINED: "?",
        ControlState.ATTESTED: "w",
        ControlState.MANUAL: "m",
        ControlState.SATISFIED: "+",
        ControlState.SUPPORTED: "+",
        ControlState.NOT_ASSESSED: ".",
        ControlState.NOT_COVERED: ".",
    }
)
"""What stands in a cell for each state of a control."""
LEGEND: Final = (
    "x not satisfied, ? undetermined, w by a person's word, m for a person, "
    "+ satisfied or supported, . not assessed"
)
SHOWN_TARGETS: Final = 10
SHOWN_CONTROLS: Final = 8
_OPEN: Final = (ControlState.NOT_SATISFIED, ControlState.UNDETERMINED)
_SEVERITIES: Final = tuple(each.value for each in reversed(Severity))
_CELL: Final = 5
_NAME: Final = 24
_USUAL_WIDTH: Final = 120


class Standing(msgspec.Struct, frozen=True):
    """A target with its place: how many findings fail by severity, and are undecided (unknown)."""

    number: int
    target: TargetReport
    counts: Mapping[str, int]
    gaps: int

    @property
    def head(self) -> str:
        """What a column is called."""
        return f"[{self.number}]"

    @property
    def labels(self) -> str:
        """What a person calls the target besides."""
        return ", ".join(f"{name}={value}" for name, value in self.target.labels.items())

    @property
    def told(self) -> str:
        """How many findings there are, in words."""
        names = (*_SEVERITIES, "unknown")
        return ", ".join(f"{self.counts[name]:,} {name}" for name in names if self.counts[name])


class Matrix(msgspec.Struct, frozen=True):
    """The controls of a framework that anything was looked at for, by target."""

    framework: Framework
    controls: tuple[ControlResult, ...]
    states: Mapping[str, Mapping[str, ControlState]]
    """By the id of a control, then by the URI of a target."""

    def state(self, control: ControlResult, target: TargetReport) -> ControlState:
        """The state of a control on a target."""
        return self.states[control.id].get(target.uri, ControlState.NOT_ASSESSED)

    def on(self, control: ControlResult, state: ControlState) -> int:
        """On how many targets a control is in a state."""
        return sum(each is state for each in self.states[control.id].values())

    def is_open(self, control: ControlResult) -> bool:
        """Whether a control is not satisfied, or undetermined, on any target."""
        return any(self.on(control, state) for state in _OPEN)


def standings(report: Report) -> tuple[Standing, ...]:
    """All targets, the worst first; of equal ones the one that was named first.

    Findings pass by once; not where there is one target, which has them all.
    """
    counts = _by_target(report) if len(report.targets) > 1 else _of_all(report)
    gaps = Counter(item.gap.target for item in report.gaps)
    found = sorted(
        report.targets, key=lambda each: _worst_first(each, counts[each.uri], gaps[each.uri])
    )
    return tuple(
        Standing(number, each, counts[each.uri], gaps[each.uri])
        for number, each in enumerate(found, 1)
    )


def _by_target(report: Report) -> dict[str, Counter[str]]:
    """Count what fails by severity, and what is undecided, and nothing that was accepted."""
    counts: dict[str, Counter[str]] = {each.uri: Counter() for each in report.targets}
    for finding in waivers.counted(report.findings):
        if finding.verdict in {"fail", "unknown"}:
            row = finding.severity if finding.verdict == "fail" else "unknown"
            counts.setdefault(finding.resource.target, Counter())[row] += 1
    return counts


def _of_all(report: Report) -> dict[str, Counter[str]]:
    counts = Counter[str]()
    for (verdict, severity), number in report.tallies.items():
        if verdict in {"fail", "unknown"}:
            open_ = number - report.waived.get((verdict, severity), 0)
            counts[severity if verdict == "fail" else "unknown"] += open_
    return {each.uri: counts for each in report.targets}


def _worst_first(target: TargetReport, counts: Counter[str], gaps: int) -> tuple[int, ...]:
    unread = (TargetState.COMPLETE, TargetState.PARTIAL, TargetState.UNREACHABLE)
    fails = (-counts[name] for name in _SEVERITIES)
    return (*fails, -unread.index(target.state), -counts["unknown"], -gaps)


def matrix(report: Report, framework: Framework) -> Matrix:
    """Lay out the controls of a framework, first those that do not hold on most targets."""
    states = {
        each.id: {on.target: on.state for on in each.targets}
        for each in of_framework(report, framework)
    }
    looked_at = [
        each
        for each in of_framework(report, framework)
        if any(state not in NOT_LOOKED_AT for state in states[each.id].values())
    ]
    made = Matrix(framework, tuple(looked_at), states)
    order = sorted(looked_at, key=lambda each: [-made.on(each, state) for state in _OPEN])
    return msgspec.structs.replace(made, controls=tuple(order))


def fits(style: Style, targets: int) -> bool:
    """Whether a screen has room for a column of numbers for each target."""
    return 19 + 8 * targets <= (style.width or _USUAL_WIDTH)


def named(found: tuple[Standing, ...], style: Style, *, short: bool) -> Iterator[str]:
    """Name the targets by their numbers, with what is to be said of each beside its columns."""
    shown = found[:SHOWN_TARGETS] if short else found
    yield "  targets, worst first:"
    for each in shown:
        state = each.target.state
        said = [] if fits(style, len(found)) else [each.told]
        said += ["" if state is TargetState.COMPLETE else state.value, each.labels]
        text = "; ".join(filter(None, said))
        line = f"{each.head} {each.target.uri}" + (f": {text}" if text else "")
        yield from wrap(safe(line), style.width, "  ")
    if len(found) > len(shown):
        yield f"  and {len(found) - len(shown):,} more targets: --all lists them"


def section(report: Report, style: Style, *, short: bool) -> Iterator[str]:
    """Show which controls hold on which targets, of the frameworks that the run is about."""
    if len(report.targets) < 2:
        return
    columns = standings(report)
    for framework in asked(report):
        found = matrix(report, framework)
        rows = [each for each in found.controls if style.everything or found.is_open(each)]
        if rows:
            yield from ("", style.paint(f"{safe(framework.id)} by target, worst first", "bold"))
            yield from wrap(LEGEND, style.width, "  ")
            yield from _rows(found, rows[:SHOWN_CONTROLS] if short else rows, columns, style)
            if short and len(rows) > SHOWN_CONTROLS:
                yield f"  and {len(rows) - SHOWN_CONTROLS:,} more: --all lists them"


def _rows(
    found: Matrix, rows: list[ControlResult], columns: tuple[Standing, ...], style: Style
) -> Iterator[str]:
    width = min(_NAME, max(cells(safe(each.id)) for each in rows))
    room = ((style.width or _USUAL_WIDTH) - width - 2) // _CELL
    shown = columns[: max(room, 1)]
    yield "  " + " " * width + "".join(f"{each.head:>{_CELL}}" for each in shown)
    for control in rows:
        name = _fitted(safe(control.id), width)
        line = "".join(
            f"{SIGNS[found.state(control, each.target)]:>{_CELL - 1}} " for each in shown
        )
        yield f"  {name}{line}".rstrip()
    if len(columns) > len(shown):
        left = len(columns) - len(shown)
        yield from wrap(
            f"and {left:,} more targets, which hold better: -o csv=FILE has all", style.width, "  "
        )


def _fitted(text: str, width: int) -> str:
    while cells(text) > width:
        text = text[:-1]
    return text + " " * (width - cells(text))
