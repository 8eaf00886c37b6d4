"""What the template shows of a report besides pictures: plain values, in the order of the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from auditor.model.enums import Severity
from auditor.model.finding import Report
from auditor.model.results_finding import Finding
from reports import controls, scope
from reports.html.rows import cut, seen
from reports.remedy import short_remedy
from reports.subjects import location_of, subject
from reports.text import safe
from reports.waivers import told

SHOWN_GAPS: Final = 200
SHOWN_RULES: Final = 8
SHOWN: Final = {"critical": 5, "high": 5, "medium": 3, "low": 2, "info": 2}
"""How many findings of a rule stand in the page itself, by its severity."""
_SEVERITIES: Final = tuple(each.value for each in reversed(Severity))
_WORDS: Final = {"unknown": "not decided", "manual": "for a person", "pass": "passed"}


class Groups:
    """Findings by verdict and rule: how many, and the first of them."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._many = len(report.targets) > 1
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self._first: dict[tuple[str, str, str], list[dict[str, Any]]] = {}

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep what is shown of it."""
        key = (finding.verdict, finding.severity, finding.rule)
        self.counts[key] += 1
        first = self._first.setdefault(key, [])
        if len(first) < SHOWN[finding.severity]:
            first.append(self._shown(finding))

    def _shown(self, finding: Finding) -> dict[str, Any]:
        return {
            "subject": safe(subject(finding)),
            "place": safe(location_of(finding.resource, many_targets=self._many)),
            "message": cut(finding.message),
            "seen": [cut(each) for each in seen(finding, many_targets=self._many)],
            "marks": safe(next(told(finding), "")),
        }

    def shown(self) -> Iterator[dict[str, Any]]:
        """Yield the groups as the report has them: what fails first, the worst first."""
        for (verdict, severity, rule), number in self.counts.items():
            info = self._report.rules.get(rule)
            first = self._first[verdict, severity, rule]
            sentence, snippet = short_remedy(info.remediation) if info is not None else ("", ())
            more = number - len(first)
            yield {
                "id": safe(rule),
                "title": safe(info.title if info is not None else rule),
                "kind": severity if verdict == "fail" else "unknown",
                "word": severity if verdict == "fail" else _WORDS.get(verdict, verdict),
                "count": _count(number, "finding"),
                "why": safe(info.rationale) if info is not None else "",
                "fix": safe(sentence or "\n".join(snippet)) if verdict == "fail" else "",
                "findings": first,
                "more": f"and {more:,} more, which the list above has" if more else "",
            }


def page_of(report: Report, groups: Groups) -> dict[str, Any]:
    """Put together what the page says of the run."""
    targets = [safe(each.uri) for each in report.targets]
    return {
        "title": ", ".join(targets[:3]) + (f" and {len(targets) - 3} more" if targets[3:] else ""),
        "started": report.started[:19].replace("T", " ") + " UTC",
        "profile": safe(report.profile),
        "rules": len(report.counts),
        "version": safe(report.version),
        "decision": report.gate.decision.value,
        "reasons": safe("; ".join(report.gate.reasons))
        or f"nothing at the gate ({safe(report.gate.expression)})",
        "tallies": [*_tallies(report)],
        "sections": [*_sections(report)],
        "targets": [
            {
                "uri": safe(each.uri),
                "state": each.state.value,
                "principal": safe(each.principal),
                "uid": safe(each.uid),
            }
            for each in report.targets
        ],
        "coverage": _coverage(report),
        "scope": [safe(each) for each in (*scope.not_assessed(report), *scope.told(report))],
        "gaps": [*_gaps(report)],
        "gap_summary": _gap_summary(report),
        "more_gaps": _more(len(report.gaps) - SHOWN_GAPS, "gap"),
        "baseline": _baseline(report),
        "waivers": None if report.waivers is None else [*_waivers(report)],
        "waived": f"{_count(sum(report.waived.values()), 'finding')} accepted; they fail, and the "
        "gate does not count them.",
        "frameworks": [*_frameworks(report)],
        "finding_summary": _finding_summary(groups),
        "groups": [*groups.shown()],
        "questions": [*_questions(report)],
        "run": safe(report.run_id),
        "policy": safe(report.policy),
        "digest": safe(report.digest),
    }


def _tallies(report: Report) -> Iterator[tuple[str, str]]:
    for name in _SEVERITIES:
        number = report.tallies.get(("fail", name), 0) - report.waived.get(("fail", name), 0)
        yield name, f"{number:,}"
    yield (
        "unknown",
        f"{sum(n for (verdict, _), n in report.tallies.items() if verdict == 'unknown'):,}",
    )
    if report.waivers is not None:
        yield "accepted", f"{sum(report.waived.values()):,}"
    yield "gaps", f"{len(report.gaps):,}"


def _sections(report: Report) -> Iterator[tuple[str, str]]:
    yield "scope", "Scope"
    yield "gaps", "Gaps"
    if report.baseline is not None:
        yield "change", "Change"
    if report.waivers is not None:
        yield "waivers", "Waivers"
    for kind, section in _FACTS.items():
        if report.facts.get(kind):
            yield section
    yield "controls", "Controls"
    yield "findings", "Findings"
    yield "assessor", "For an assessor"


_FACTS: Final = {
    "gpu/Device": ("gpus", "GPUs"),
    "network/Reach": ("network", "Network"),
    "isolation/Chain": ("isolation", "Isolation"),
}


def _coverage(report: Report) -> str:
    percent = int(report.coverage.ratio * 1000) / 10
    objects = sum(kind.seen for kind in report.coverage.kinds if not kind.derived)
    return f"{_count(objects, 'object')}; {percent:.1f} % of the checks could be decided."


def _gaps(report: Report) -> Iterator[dict[str, str]]:
    for each in report.gaps[:SHOWN_GAPS]:
        gap = each.gap
        rules = ", ".join(each.rules[:SHOWN_RULES]) + (
            f" and {len(each.rules) - SHOWN_RULES} more" if each.rules[SHOWN_RULES:] else ""
        )
        yield {
            "target": safe(gap.target),
            "scope": safe(f"{gap.scope} in {gap.namespace}" if gap.namespace else gap.scope),
            "cause": gap.cause.value,
            "detail": cut(gap.detail),
            "hint": cut(gap.hint),
            "rules": safe(rules) or "none",
        }


def _gap_summary(report: Report) -> str:
    blinded = {rule for each in report.gaps for rule in each.rules}
    return (
        f"{_count(len(report.gaps), 'gap')}: what was not read was not judged, and "
        f"{_count(len(blinded), 'rule')} may have missed something."
    )


def _baseline(report: Report) -> str:
    found = report.baseline
    if found is None:
        return ""
    return safe(
        f"Compared with run {found.run}: {found.known:,} findings were known and are not counted, "
        f"{found.new:,} are new."
    )


def _waivers(report: Report) -> Iterator[dict[str, Any]]:
    for each in report.waivers or ():
        yield {
            "id": safe(each.id),
            "rule": safe(each.rule),
            "state": each.state.value,
            "broad": each.broad,
            "findings": f"{each.findings:,}",
            "expires": safe(each.expires),
            "owner": safe(each.owner),
            "approved_by": safe(each.approved_by),
            "reason": safe(each.reason),
            "ticket": safe(each.ticket),
        }


def _frameworks(report: Report) -> Iterator[dict[str, Any]]:
    asked = controls.asked(report)
    for framework in report.frameworks:
        found = controls.of_framework(report, framework)
        looked_at = {each.state for each in found} - controls.NOT_LOOKED_AT
        if not looked_at and framework not in asked:
            continue
        yield {
            "title": safe(f"{framework.title} {framework.version}".strip()),
            "summary": controls.summary(found),
            "mark": safe(controls.mark(framework)),
            "notes": [safe(each) for each in controls.notes(framework, len(found))],
            "controls": [
                {
                    "id": safe(each.id),
                    "title": safe(each.title),
                    "state": controls.WORDS[each.state],
                    "why": cut(each.why),
                }
                for each in found
            ],
        }


def _finding_summary(groups: Groups) -> str:
    fails = sum(number for (verdict, _, _), number in groups.counts.items() if verdict == "fail")
    undecided = ("unknown", "manual")
    open_ = sum(number for key, number in groups.counts.items() if key[0] in undecided)
    rules = len({rule for verdict, _, rule in groups.counts if verdict == "fail"})
    failing = f"{_count(fails, 'finding')} of {_count(rules, 'rule')} fail"
    return f"{failing}; {open_:,} could not be decided."


_SOURCE: Final = (
    "Each finding names the object, the file or the request that it was read from; results.json "
    "has the sha256 of what was read, and a signed bundle the bytes themselves."
)
_TRANSFORMED: Final = (
    "By reading alone: what may be sent is a fixed list. Secrets are replaced as they are read; "
    "facts over several objects are derived, and marked as derived."
)
_HANDLED: Final = (
    "findings are accepted by waivers, each with an owner, a reason and an end; they stay "
    "failures. Each rule says what to do."
)


def _questions(report: Report) -> Iterator[tuple[str, str]]:
    """Answer what an assessor of FedRAMP 20x asks of an automated validation."""
    objects = sum(kind.seen for kind in report.coverage.kinds if not kind.derived)
    targets = ", ".join(each.uri for each in report.targets)
    gaps = _count(len(report.gaps), "gap")
    scoped = (
        f"{targets}: {_count(objects, 'object')}; what was left out, and {gaps}, are listed above."
    )
    values = "".join(f", {name} = {value}" for name, value in report.parameters.items())
    code = f"auditor {report.version}, policy {report.policy}, profile {report.profile}{values}"
    failing = (
        "A rule whose condition does not hold; of the run, what the gate says: "
        f"{report.gate.expression}. What could not be read or decided is no pass."
    )
    waived = f"{sum(report.waived.values()):,}" if report.waivers is not None else "No"
    kept = (
        f"Its results have the digest {report.digest}; auditor replay judges a bundle of this run "
        "again and comes to the same bytes."
    )
    yield "What is in scope?", safe(scoped)
    yield "Where does it come from?", _SOURCE
    yield "How was it collected and transformed?", _TRANSFORMED
    yield "By which code and thresholds?", safe(code)
    yield "What counts as a failure?", safe(failing)
    yield "How are failures handled?", f"{waived} {_HANDLED}"
    yield "Does the report keep result and context?", safe(kept)


def _more(number: int, noun: str) -> str:
    return f"and {_count(number, noun)} more, in results.json" if number > 0 else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
