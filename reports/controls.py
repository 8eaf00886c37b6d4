"""Controls by framework: how many are in which state, what decided each, and whose mapping it is.

What every format says of them is put into words here, so that no format can leave out that a
mapping is our own or that nobody has reviewed it::

    nist-800-53 Rev. 5: 12 supported, 9 not satisfied, 4 undetermined, 8 for a person
    our own mapping, unreviewed: That our rules speak to these controls is our own reading.
    AC-6 not satisfied: Least Privilege: fails: k8s-rbac-wildcard and 3 more
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from auditor.model.enums import Basis, ControlState
from auditor.model.finding import Report
from auditor.model.policy import Framework
from auditor.model.results import ControlResult
from reports.style import Style
from reports.text import natural, safe, wrap

WORDS: Final[Mapping[ControlState, str]] = MappingProxyType(
    {
        ControlState.SATISFIED: "satisfied",
        ControlState.SUPPORTED: "supported",
        ControlState.ATTESTED: "by a person's word",
        ControlState.NOT_SATISFIED: "not satisfied",
        ControlState.UNDETERMINED: "undetermined",
        ControlState.MANUAL: "for a person",
        ControlState.NOT_ASSESSED: "not assessed",
        ControlState.NOT_COVERED: "not covered",
    }
)
"""Each state in words, in the order in which they are counted."""
NOT_LOOKED_AT: Final = frozenset(
    {ControlState.MANUAL, ControlState.NOT_ASSESSED, ControlState.NOT_COVERED}
)
"""States of controls that nothing in a run has spoken to."""
_OPEN: Final = (ControlState.NOT_SATISFIED, ControlState.UNDETERMINED)
_SHOWN: Final = 6
UNREVIEWED: Final = "unreviewed"
"""The mark of a mapping that nobody has compared with the text of its framework."""


def asked(report: Report) -> tuple[Framework, ...]:
    """The frameworks that the run is about: its profile asks for them."""
    return tuple(
        each for each in report.frameworks if each.selected_only or each.id == report.profile
    )


def of_framework(report: Report, framework: Framework) -> list[ControlResult]:
    """The controls of a framework in their order."""
    return [each for each in report.controls if each.framework == framework.id]


def in_order(report: Report) -> list[ControlResult]:
    """All controls, a framework after the other, in the order of its numbers: 5.2 before 5.10."""
    frameworks = [*dict.fromkeys(each.framework for each in report.controls)]
    return [
        control
        for name in frameworks
        for control in sorted(
            (each for each in report.controls if each.framework == name),
            key=lambda each: natural(each.id),
        )
    ]


def named(framework: Framework) -> str:
    """A framework by its id and edition."""
    return f"{framework.id} {framework.version}".strip()


def summary(controls: Iterable[ControlResult]) -> str:
    """How many controls are in which state."""
    counts = Counter(each.state for each in controls)
    return ", ".join(f"{counts[state]} {word}" for state, word in WORDS.items() if counts[state])


def mark(framework: Framework) -> str:
    """Whose mapping it is and whether anybody has reviewed it, in words; "" where it says both."""
    ours = framework.mapping is Basis.SUPPORTS
    words = ["our own mapping"] if ours else []
    return ", ".join([*words, UNREVIEWED] if framework.unreviewed else words)


def _counted(framework: Framework, controls: Collection[ControlResult]) -> str:
    number = sum(each.unreviewed for each in controls)
    some = f"{number} of them {UNREVIEWED}" if number and not framework.unreviewed else ""
    flags = ", ".join(each for each in (mark(framework), some) if each)
    return f"{summary(controls)} ({flags})" if flags else summary(controls)


def brief(report: Report) -> Iterator[str]:
    """Say in a line what each framework comes to that the run is about or whose mapping is marked.

    Findings name controls of other frameworks too: those that a benchmark itself maps to settings.
    """
    about = asked(report)
    for framework in report.frameworks:
        controls = of_framework(report, framework)
        marked = bool(mark(framework)) or any(each.unreviewed for each in controls)
        if framework in about or marked:
            yield safe(f"controls of {named(framework)}: {_counted(framework, controls)}")


def notes(framework: Framework, listed: int) -> Iterator[str]:
    """What a reader has to know of a framework before the states of its controls."""
    if framework.mapping is Basis.SUPPORTS:
        yield "The mapping is our own: supported says that the rules which speak to a control pass"
    if framework.unreviewed:
        yield f"{UNREVIEWED}: {framework.unreviewed}"
    if framework.total > listed:
        yield f"{framework.total - listed:,} of its {framework.total:,} controls are not listed"
    if framework.rest:
        yield framework.rest


def told(control: ControlResult, framework: Framework) -> str:
    """Say in a line which state a control is in, and why; of whole frameworks :func:`mark` does."""
    why = f": {control.why}" if control.why else ""
    flag = f" ({UNREVIEWED})" if control.unreviewed and not framework.unreviewed else ""
    return f"{WORDS[control.state]}{flag}: {control.title}{why}"


def lines(report: Report) -> Iterator[str]:
    """Tell each framework that the run is about, its marks, and each of its controls."""
    for framework in asked(report):
        controls = of_framework(report, framework)
        yield safe(f"{named(framework)}: {_counted(framework, controls)}")
        yield from (safe(each) for each in notes(framework, len(controls)))
        yield from (safe(f"{framework.id}:{each.id} {told(each, framework)}") for each in controls)


def section(report: Report, style: Style, *, short: bool) -> Iterator[str]:
    """Show the frameworks that the run is about on a screen: open controls, or all of them."""
    for framework in asked(report):
        controls = of_framework(report, framework)
        yield ""
        yield style.paint(safe(f"Controls of {named(framework)}"), "bold")
        yield from wrap(safe(_counted(framework, controls)), style.width, "  ")
        if style.everything:
            for note in notes(framework, len(controls)):
                yield from wrap(safe(note), style.width, "  ")
        listed = controls if style.everything else [each for each in controls if _open(each)]
        listed = [each for state in WORDS for each in listed if each.state is state]
        shown = listed[:_SHOWN] if short else listed
        for each in shown:
            yield from wrap(safe(f"{each.id} {told(each, framework)}"), style.width, "  ")
        if len(listed) > len(shown):
            more = f"and {len(listed) - len(shown)} more that are open: --all lists them"
            yield from wrap(more, style.width, "  ")


def _open(control: ControlResult) -> bool:
    return control.state in _OPEN
