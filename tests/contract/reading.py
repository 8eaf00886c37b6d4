"""What a report of each format shows, as those who read that format find it."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase
from markdown_it import MarkdownIt
from markdown_it.token import Token
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from pypdf import PdfReader

from reports import gitlab, policy_reports
from reports.sarif_rules import LEFT_OUT, NOT_READ
from tests.contract.pages import Page


@dataclass(frozen=True, slots=True)
class Shown:
    """The messages of findings by their verdict, and of gaps; ``left`` is what it says it lacks.

    ``accepted`` are the messages of findings of which it says that somebody accepted them.
    """

    findings: list[tuple[str, str]]
    gaps: list[str]
    left: Counter[str] = field(default_factory=Counter)
    accepted: list[str] = field(default_factory=list)


def of_json(data: bytes) -> Shown:
    document = json.loads(data)
    return Shown(
        [(each["verdict"], each["message"]) for each in document["findings"]],
        [gap["detail"] for gap in document["gaps"]],
        accepted=[each["message"] for each in document["findings"] if each["waiver"]],
    )


def of_sarif(data: bytes) -> Shown:
    run = json.loads(data)["runs"][0]
    kinds = {"fail": "fail", "open": "unknown", "review": "manual"}
    own = {NOT_READ, LEFT_OUT}
    return Shown(
        [
            (kinds[each["kind"]], _first(each))
            for each in run["results"]
            if each["ruleId"] not in own
        ],
        [_first(each) for each in run["results"] if each["ruleId"] == NOT_READ],
        Counter(run["properties"]["leftOut"]),
        [_first(each) for each in run["results"] if "suppressions" in each],
    )


def _first(result: Any) -> str:
    """The first line, with brackets as a viewer shows them (3.11.6)."""
    text: str = result["message"]["text"]
    return text.split("\n", 1)[0].replace(r"\[", "[").replace(r"\]", "]")


def of_junit(data: bytes) -> Shown:
    findings, gaps, gate = JUnitXml.fromstring(data)
    for suite in (findings, gaps, gate):
        counts = (suite.tests, suite.failures, suite.errors, suite.skipped)
        suite.update_statistics()
        assert counts == (suite.tests, suite.failures, suite.errors, suite.skipped)
    assert len(list(gate)) == 1
    cases = [*findings]
    return Shown(
        [_case(case) for case in cases],
        [_case(case)[1] for case in gaps],
        accepted=[
            _case(case)[1]
            for case in cases
            if any(isinstance(each, Skipped) and each.type == "accepted" for each in case.result)
        ],
    )


def _case(case: TestCase) -> tuple[str, str]:
    if not case.result:
        return "pass", (case.system_out or "").split("\n", 1)[0]
    (result,) = case.result
    verdicts = {Failure: "fail", Error: "unknown", Skipped: result.type}
    verdict = verdicts[type(result)]
    return "fail" if verdict == "accepted" else verdict, (result.text or "").split("\n", 1)[0]


BLOCKS = {"heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline"}
BLOCKS |= {f"{kind}_{end}" for kind in ("bullet_list", "list_item") for end in ("open", "close")}
SPANS = {"text", "code_inline"}
ACCEPTED = re.compile(r"accepted by ml, approved by ciso, until 2027-01-01: .* \(waiver W-1\)")
"""What is said of a finding that the waiver of the tests covers."""
LEFT = re.compile(r"(\d+) findings, (\d+) gaps and \d+ other lines are left out")


def of_markdown(data: bytes) -> Shown:
    """Read by CommonMark; anything but headings, lists, texts and code would be somebody else's."""
    tokens = MarkdownIt("commonmark").parse(data.decode())
    assert {token.type for token in tokens} <= BLOCKS
    spans = {child.type for token in tokens for child in token.children or ()}
    assert spans <= SPANS, spans
    shown = Shown([], [])
    section, previous = "", Token("", "", 0)
    for token in tokens:
        if token.type == "inline" and previous.type == "heading_open":
            section = token.content
        elif token.type == "inline" and token.level == 3:
            said = _said(token)
            if section.startswith("Not read"):
                shown.gaps.append(said)
            elif previous.type == "paragraph_open" and ": " in section and section[0] != "A":
                word = section.split(" ", 1)[0].rstrip(":")
                shown.findings.append((word if word in OTHERS else "fail", said))
        elif (
            token.type == "inline" and token.level == 5 and ACCEPTED.match(token.content.strip("`"))
        ):
            shown.accepted.append(shown.findings[-1][1])
        elif token.type == "inline" and (left := LEFT.match(token.content)):
            shown.left.update(findings=int(left[1]), gaps=int(left[2]))
        previous = token
    return shown


OTHERS = ("unknown", "manual", "pass", "not-applicable")


def _said(token: Token) -> str:
    (child,) = token.children or ()
    return "" if child.type == "text" else child.content


def of_csv(data: bytes) -> Shown:
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True))
    assert all(None not in row and None not in row.values() for row in rows)
    return Shown(
        [(row["verdict"], plain(row["message"])) for row in rows if row["record"] == "finding"],
        [plain(row["message"]) for row in rows if row["record"] == "gap"],
        accepted=[
            plain(row["message"])
            for row in rows
            if row["record"] == "finding" and ACCEPTED.fullmatch(row["accepted"])
        ],
    )


def plain(cell: str) -> str:
    """A cell as it was before it was made harmless."""
    quotes = "\"'\u201c\u201d"
    signs = "=+\\-@|%\uff1d\uff0b\uff0d\uff20"
    return re.sub(f"(^|[;{quotes}])([\\s{quotes}]*)'(?=[{signs}])", r"\1\2", cell)


def of_gitlab(data: bytes) -> Shown:
    issues = json.loads(data)
    run = next(each for each in issues if each["check_name"] == gitlab.RUN)
    left = re.search(r"(\d+) findings that pass", run["content"]["body"])
    own = {gitlab.RUN, gitlab.NOT_READ}
    said = [each["description"] for each in issues if each["check_name"] not in own]
    marks = [re.search(rf" \({ACCEPTED.pattern}\)$", each) for each in said]
    said = [
        each if mark is None else each[: mark.start()]
        for each, mark in zip(said, marks, strict=True)
    ]
    return Shown(
        [_issue(each) for each in said],
        [each["description"] for each in issues if each["check_name"] == gitlab.NOT_READ],
        Counter(passing=int(left[1]) if left else 0),
        [_issue(each)[1] for each, mark in zip(said, marks, strict=True) if mark is not None],
    )


def _issue(description: str) -> tuple[str, str]:
    for verdict in ("unknown", "manual"):
        if description.endswith(f" ({verdict})"):
            return verdict, description.removesuffix(f" ({verdict})")
    return "fail", description


COMMAND = re.compile(r"::(error|warning|notice) file=([^,:]+)(?:,line=(\d+))?,title=([^,:]*)::(.*)")


def of_github(data: bytes) -> Shown:
    """Read as the runner does: a line is a command when it begins as one."""
    shown = Shown([], [])
    for line in data.decode().removesuffix("\n").split("\n"):
        assert "##[" not in line or line.startswith("::")
        if not line.lstrip().startswith("::"):
            for name, pattern in LINES.items():
                if (found := re.search(pattern, line)) is not None:
                    shown.left[name] += int(found[1])
            continue
        found = COMMAND.fullmatch(line)
        assert found is not None, line
        title = _decoded(found[4])
        said, *more = _decoded(found[5]).split("\n")
        if title == "auditor: not read":
            shown.gaps.append(said)
            continue
        word = title.split(": ", 1)[0]
        shown.findings.append((word if word in OTHERS else "fail", said))
        if any(ACCEPTED.fullmatch(line) for line in more):
            assert found[1] == "notice"
            shown.accepted.append(said)
    return shown


LINES = {
    "findings": r"^auditor: (\d+) findings and \d+ gaps are not annotated",
    "gaps": r"^auditor: \d+ findings and (\d+) gaps are not annotated",
    "passing": r"^auditor: (\d+) findings that pass or do not apply are not annotated",
}


def _decoded(text: str) -> str:
    for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, sign)
    return text


def of_html(data: bytes) -> Shown:
    """The rows for the script, and the table of what was not seen."""
    page = Page(data.decode())
    rows, _ = page.rows()
    cells = page.cells.get("gaps", [])
    accepted = [row[6] for row in rows if "accepted" in row[8]]
    return Shown([(row[2], row[6]) for row in rows], cells[2::5], accepted=accepted)


def of_ocsf(data: bytes) -> Shown:
    """Read as a lake does: an event a line."""
    shown = Shown([], [])
    *events, gate = [json.loads(line) for line in data.decode().removesuffix("\n").split("\n")]
    assert gate["unmapped"]["record"] == "gate"
    for event in events:
        if event["unmapped"]["record"] == "gap":
            shown.gaps.append(event["message"])
        else:
            shown.findings.append((event["unmapped"]["verdict"], event["message"]))
            if event.get("status") == "Suppressed" or ACCEPTED.fullmatch(event.get("comment", "")):
                shown.accepted.append(event["message"])
    return shown


def of_oscal(data: bytes) -> Shown:
    """Read as markup: a text that is more than one code span would be somebody else's."""
    shown = Shown([], [])
    (result,) = json.loads(data)["assessment-results"]["results"]
    for each in result.get("observations", ()):
        (said,) = _spans(each["description"])
        about = {item["name"]: item["value"] for item in each["props"]}
        if "not-read" in each["types"]:
            shown.gaps.append(said)
        else:
            shown.findings.append((about["verdict"], said))
            if about.get("waiver") == "W-1":
                shown.accepted.append(said)
    return shown


def of_policy_reports(data: bytes) -> Shown:
    """Read as the list that it is; the first report is that of the run."""
    shown = Shown([], [])
    run, *items = json.loads(data)["items"]
    assert [each["policy"] for each in run["results"]] == [policy_reports.GATE]
    for item in items:
        for each in item["results"]:
            if each["policy"] == policy_reports.NOT_READ:
                shown.gaps.append(each["message"])
            else:
                shown.findings.append((each["properties"]["verdict"], each["message"]))
                if ACCEPTED.fullmatch(each["properties"].get("waiver", "")):
                    assert each["result"] == "skip"
                    shown.accepted.append(each["message"])
    return shown


def of_cyclonedx(data: bytes) -> Shown:
    """All evidence but that of waivers is a finding or a gap."""
    shown = Shown([], [])
    for each in json.loads(data)["declarations"].get("evidence", ()):
        said = each["description"]
        if each["bom-ref"].startswith("gap/"):
            shown.gaps.append(said)
        elif each["bom-ref"].startswith("finding/"):
            about = json.loads(each["data"][0]["contents"]["attachment"]["content"])
            shown.findings.append((about["verdict"], said))
            if about.get("waiver") == "W-1":
                shown.accepted.append(said)
    return shown


def _spans(text: str) -> list[str]:
    """The code spans of a text, each a paragraph."""
    tokens = MarkdownIt("commonmark").parse(text)
    return [_said(token) for token in tokens if token.type == "inline"]


def printed(data: bytes) -> str:
    """What is written in a PDF, as a reader finds it; a line ends where there is no room."""
    pages = PdfReader(io.BytesIO(data)).pages
    return unicodedata.normalize("NFKC", "\n".join(page.extract_text() for page in pages))


def text_of(name: str, data: bytes) -> str:
    """The text of a report in any format; of a printed one without the ends of its lines."""
    return " ".join(printed(data).split()) if name in PRINTED else data.decode()


PRINTED = {"pdf"}
"""Formats that are set for paper: what is in them is compressed, and makes no records."""
READERS: dict[str, Callable[[bytes], Shown]] = {
    "html": of_html,
    "json": of_json,
    "sarif": of_sarif,
    "junit": of_junit,
    "markdown": of_markdown,
    "csv": of_csv,
    "gitlab": of_gitlab,
    "github": of_github,
    "github-summary": of_markdown,
    "ocsf": of_ocsf,
    "oscal": of_oscal,
    "oscal-1.1": of_oscal,
    "openreports": of_policy_reports,
    "policyreport": of_policy_reports,
    "cyclonedx": of_cyclonedx,
}
"""Every format that lists findings and is not the screen."""


def samples(data: bytes) -> dict[tuple[str, ...], float]:
    """What Prometheus text says: values by name, then by the values of labels."""
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(data.decode()):
        assert family.type == "gauge", family.name
        for sample in family.samples:
            key = (sample.name, *sample.labels.values())
            assert key not in found, key
            found[key] = sample.value
    return found
