"""The seven questions that an assessor has for an automated validation (FedRAMP 20x)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from auditor.model.finding import Report
from reports.details import configured
from reports.html.findings import Groups
from reports.html.words import count, moment
from reports.text import safe

_TRANSFORMED: Final = (
    "By reading alone: what may be sent is a fixed list, and nothing of a target is changed. "
    "Secrets are replaced as they are read; facts over several objects are derived, and marked as "
    "derived."
)
_FAILURE: Final = (
    "A rule whose condition does not hold; of the run, what the gate says: {}. What could not be "
    "read or decided is no pass."
)
_KEPT: Final = (
    "Its results have the digest {}; auditor replay judges a bundle of this run again and comes to "
    "the same bytes."
)
_HANDLED: Final = (
    "findings are accepted by waivers, each with an owner, a reason and an end; they stay "
    "failures. Each rule says what to do."
)


def made(report: Report, _: Groups) -> list[tuple[str, str]]:
    """Answer each question from the run itself."""
    return [(question, safe(answer)) for question, answer in _answers(report)]


def _answers(report: Report) -> Iterator[tuple[str, str]]:
    objects = sum(kind.seen for kind in report.coverage.kinds if not kind.derived)
    targets = ", ".join(each.uri for each in report.targets)
    gaps = count(len(report.gaps), "gap")
    yield (
        "What is in scope?",
        f"{targets}: {count(objects, 'object')}. What was left out, and {gaps}, are listed above.",
    )
    yield "Where does it come from?", _source(report)
    yield "How was it collected and transformed?", _TRANSFORMED
    values = "".join(f", {name} = {value}" for name, value in report.parameters.items())
    judged = f"auditor {report.version}, policy {report.policy}, profile {report.profile}"
    yield "By which code and thresholds?", f"{judged}{values}{configured(report)}"
    yield "What counts as a failure?", _FAILURE.format(report.gate.expression)
    waived = f"{sum(report.waived.values()):,}" if report.waivers is not None else "No"
    yield "How are failures handled?", f"{waived} {_HANDLED}"
    yield "Does the report keep result and context?", _KEPT.format(report.digest)


def _source(report: Report) -> str:
    principals = sorted({each.principal for each in report.targets if each.principal})
    whom = f", as {', '.join(principals)}" if principals else ""
    return (
        f"Read from {moment(report.started)} to {moment(report.finished)}{whom}. Each finding "
        "names the object, the file or the request that it was read from, and the sha256 of what "
        "was read; a signed bundle has the bytes themselves."
    )
