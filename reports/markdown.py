r"""Markdown (CommonMark), for an issue, a comment, a wiki or the summary of a CI step.

All that comes from elsewhere stands in code spans: nothing in there is a link, an image, HTML, a
mention of a person or a reference to an issue. A span is fenced by more backticks than it holds::

    - `container main is privileged`
      - `Pod ml/web, container main` in `deploy/web.yaml:12`
      - ``/metadata/name = "a`b"``

With ``room`` bytes at most, the worst come first, and how many are left out is said at the end.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Final

from auditor.model.finding import Report
from auditor.model.results_finding import Finding
from reports import answers, controls, delta
from reports.details import (
    details,
    gap_details,
    gap_message,
    message,
    not_decided,
    rule_of,
    targets,
    verdict_of_run,
    waivers,
)
from reports.once import once
from reports.places import place_of
from reports.remedy import short_remedy
from reports.text import safe

MOST_SUMMARY: Final = 1 << 20
"""Bytes of the summary of a step that GitHub takes: 1 MiB."""
_KEPT: Final = 1 << 10
"""Bytes that are kept for the last line."""
_TICKS: Final = re.compile("`+")
_SPECIAL: Final = re.compile(
    r"""
    [\\`*\[\]<|~^{$@]                         # code, emphasis, links, HTML, tables, mentions, math
    | (?<![0-9a-z])_ | _(?![0-9a-z])          # emphasis, which does not begin or end in a word
    | &(?=[#0-9a-z])                          # entities
    | [#!%](?=[0-9]) | \#$                    # what is numbered on a forge; the end of a heading
    | :(?=[0-9a-z_+-]+:)                      # emoji
    | (?<=http): | (?<=https): | (?<=ftp): | (?<=mailto): | (?<=xmpp): | (?<=www)\.
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What is markup anywhere in a line: CommonMark 0.31, GFM, the markup of OSCAL, GitLab."""
_START: Final = re.compile(r" *(?=[-+=#>])| *[0-9]{1,9}(?=[.)])")
"""What comes before a sign that would begin a list, a heading or a quotation."""


def render(report: Report) -> Iterator[bytes]:
    """Yield all of the report."""
    return document(report, None)


def render_summary(report: Report) -> Iterator[bytes]:
    """Yield as much of it as the summary of a step takes."""
    return document(report, MOST_SUMMARY)


def document(report: Report, room: int | None) -> Iterator[bytes]:
    """Yield the report, no more than ``room`` bytes of it; None: all.

    Half of the room is kept for findings; with a baseline half of it is for what is not new, or
    was not read. Of each kind all are left out after the first that is.
    """
    left = 0 if room is None else room - _KEPT
    cut = Counter[str]()
    heading = ""
    others = 4 if report.baseline is not None else 2
    for kind, text in chain(
        _head(report),
        _findings(report, delta.new, "new", cut),
        _targets(report),
        _gaps(report),
        _findings(report, delta.old, "findings", cut),
    ):
        if kind == "heading":
            heading = text
            continue
        data = (heading + text).encode("utf-8", "backslashreplace")
        if room is not None:
            kept = {"findings": 0, "new": room // 2}.get(kind, room // others)
            if cut[kind] or len(data) > left - kept:
                cut[kind] += 1
                continue
            left -= len(data)
        heading = ""
        yield data
    if cut:
        yield (
            f"\n{cut['findings'] + cut['new']} findings, {cut['gaps']} gaps and "
            f"{cut['targets']} other lines are left out: the summary of a step takes "
            f"{MOST_SUMMARY} bytes. All are in the report of format json.\n"
        ).encode()


def _head(report: Report) -> Iterator[tuple[str, str]]:
    lines = [f"# Audit: {report.gate.decision.value}"]
    for text in delta.told(report):
        lines += ["", code(text)]
    lines += ["", code(verdict_of_run(report)), "", code(not_decided(report)), ""]
    yield "head", "\n".join(lines)


def _targets(report: Report) -> Iterator[tuple[str, str]]:
    part = _part(report)
    yield "heading", f"\n{part} Targets\n\n" if report.baseline is not None else "\n"
    for text in targets(report):
        yield "targets", f"- {code(text)}\n"
    yield "heading", f"\n{part} Accepted\n\n"
    for text in waivers(report):
        yield "targets", f"- {code(text)}\n"
    yield "heading", f"\n{part} Controls\n\n"
    for text in controls.lines(report):
        yield "targets", f"- {code(text)}\n"
    yield "heading", f"\n{part} Answers\n\n"
    for text in answers.lines(report):
        yield "targets", f"- {code(text)}\n"


def _part(report: Report) -> str:
    """The mark of a heading of what is no finding: beside what is new, where that has one."""
    return "##" if report.baseline is None else "#"


def _gaps(report: Report) -> Iterator[tuple[str, str]]:
    if report.gaps:
        yield "heading", f"\n{_part(report)} Not read: {len(report.gaps)}\n\n"
    for item in report.gaps:
        lines = [f"- {code(gap_message(item))}", *(f"  - {code(x)}" for x in gap_details(item))]
        yield "gaps", "\n".join(lines) + "\n"


def _findings(
    report: Report, found: delta.Part, kind: str, cut: Counter[str]
) -> Iterator[tuple[str, str]]:
    """Findings below a heading for each rule that they are of, with what to do.

    With a baseline those that are new have a heading of their own, and so have the others. Once
    one of them was ``cut``, all that follow are counted there and not written.
    """
    part = ""
    if report.baseline is not None:
        part = f"\n# {delta.NEW if kind == 'new' else delta.OLD}\n"
    told = ("", "", "")
    for finding in found(report):
        if cut[kind]:
            cut[kind] += 1
            continue
        group = (finding.verdict, finding.severity, finding.rule)
        if group != told:
            told = group
            yield "heading", part + _rule(report, finding)
            part = ""
        yield kind, _told(finding)


@once
def _told(finding: Finding) -> str:
    lines = [f"- {code(message(finding))}", *(f"  - {line}" for line in _about(finding))]
    return "\n".join(lines) + "\n"


def _rule(report: Report, finding: Finding) -> str:
    info = rule_of(report, finding.rule)
    word = (
        finding.severity if finding.verdict == "fail" else f"{finding.verdict} ({finding.severity})"
    )
    sentence, _ = short_remedy(info.remediation)
    fix = f"Fix: {code(safe(sentence))}\n\n" if sentence and finding.verdict == "fail" else ""
    return f"\n## {word}: {prose(safe(info.title))}\n\n{code(safe(finding.rule))}\n\n{fix}"


def _about(finding: Finding) -> Iterator[str]:
    resource = finding.resource
    place = place_of(finding) + (f":{resource.line}" if resource.line else "")
    first, *more = details(finding)
    yield f"{code(first)} in {code(safe(place))}"
    for text in more:
        yield code(text)


def code(text: str) -> str:
    """A code span that holds a text of one line as it is (CommonMark 0.31, 6.1)."""
    if not text:
        return "(empty)"
    if "`" not in text:
        return f"` {text} `" if text[0] == " " == text[-1] and text.strip(" ") else f"`{text}`"
    longest = max((len(found[0]) for found in _TICKS.finditer(text)), default=0)
    fence = "`" * (longest + 1)
    both = text[0] == " " and text[-1] == " " and text.strip(" ")
    pad = " " if both or text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def prose(text: str) -> str:
    """A text of one line in which nothing is markup; no more of it is escaped than has to be.

    ``Don't mount /var/run, e.g. by a_name`` stays as it is.
    """
    escaped = inline(text)
    start = _START.match(escaped)
    return escaped if start is None else f"{start[0]}\\{escaped[start.end() :]}"


def inline(text: str) -> str:
    """A part of a line, not its beginning, in which nothing is markup."""
    return _SPECIAL.sub(r"\\\g<0>", text)
