r"""The PDF of a report, by Typst (the extra ``pdf``).

The values are those of the page (:mod:`reports.html`), as JSON; the template in ``report.typ`` puts
them in as text, so nothing that an object is called is markup. It has no clock, no random id, and
only the fonts that Typst brings, so that the same report is the same bytes. It conforms to
PDF/UA-1: a screen reader can read it.

What those fonts have no letters for is written as an escape, as control characters are: ``\u6f22``.
Findings are shown as in the page without scripts, some of each rule; the others are counted, and so
are those that pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final

import msgspec
import typst

from auditor.errors import RenderError
from auditor.model.finding import Report
from reports.details import PASSING
from reports.html import findings, head
from reports.html.page import SECTIONS
from reports.html.words import count

_SHOWN: Final = (
    " -~",
    "\u00a1-\u00ac\u00ae-\u017f",
    "\u0391-\u03a1\u03a3-\u03a9\u03b1-\u03c9",
    "\u0401\u0410-\u044f\u0451",
    "\u2013\u2014\u2018\u2019\u201c\u201d\u2026\u2190-\u2193\u2264\u2265\u25cf\u2713\u2717",
)
"""Ranges of characters that the fonts have: Latin, Greek and Cyrillic letters, and some signs."""
_SETTINGS: Final[dict[str, Any]] = {
    "ignore_system_fonts": True,
    "format": "pdf",
    "pdf_standards": "ua-1",
}
OTHERS: Final = re.compile(f"[^\n{''.join(_SHOWN)}]")
"""What they do not have."""


def render(report: Report) -> Iterator[bytes]:
    """Yield the document; findings pass by once, and what is shown of them is held."""
    groups = findings.Groups(report)
    passing = 0
    for finding in report.findings:
        if finding.verdict in PASSING:
            passing += 1
        else:
            groups.add(finding)
    sections = ((each.id, each.make(report, groups)) for each in SECTIONS)
    values = {
        "head": head.made(report),
        "passing": f"{count(passing, 'finding')} that pass or do not apply are in results.json."
        if passing
        else "",
        "sections": {name: found for name, found in sections if found is not None},
    }
    data = msgspec.json.encode(_escaped(values)).decode()
    template = (files("reports.pdf") / "report.typ").read_bytes()
    try:
        made = typst.compile(template, sys_inputs={"data": data}, **_SETTINGS)
    except typst.TypstError as error:
        raise RenderError(f"the PDF can't be set: {error}", hint="-o html= has the same") from error
    yield made


def _escaped(value: Any) -> Any:
    """The same values, each character of which can be shown."""
    match value:
        case str():
            return OTHERS.sub(_escape, value)
        case dict():
            return {name: _escaped(each) for name, each in value.items()}
        case list() | tuple():
            return [_escaped(each) for each in value]
        case _:
            return value


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
