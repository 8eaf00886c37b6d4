"""The page: one file that asks for nothing else, and lets nothing in it be run but its own script.

Findings are in it twice: by rule and by object, some of each, for whoever has no scripts or prints
it; and all of them, compressed, for the script to filter. A policy in the page (CSP) names the
style and the script by their digests, so nothing that an object is called can become either;
whatever is said by somebody else is escaped by the templates, and put in as text by the script.

A section is a module that makes plain values of a report, a template in ``parts`` that shows them,
and a line of :data:`SECTIONS`.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Final, NamedTuple

from jinja2 import Environment, FunctionLoader, StrictUndefined

from auditor.model.finding import Report
from reports.html import (
    answers,
    assessor,
    change,
    controls,
    findings,
    gpus,
    head,
    isolation,
    network,
    seen,
    targets,
    waivers,
)
from reports.html.rows import Rows
from reports.html.tenants import Tenants

PIECES: Final = 64
"""How many parts of the template are put together before they are handed on."""


class Section(NamedTuple):
    """A part of the page with a name of its own; ``make`` gives None where there is nothing."""

    id: str
    title: str
    make: Callable[[Report, findings.Groups], object]


SECTIONS: Final = (
    Section("change", "Change", change.made),
    Section("scope", "Scope", seen.scope_of),
    Section("gaps", "Gaps", seen.gaps_of),
    Section("waivers", "Waivers", waivers.made),
    Section("gpus", "GPUs", gpus.made),
    Section("network", "Network", network.made),
    Section("isolation", "Isolation", isolation.made),
    Section("targets", "Targets", targets.made),
    Section("controls", "Controls", controls.made),
    Section("answers", "Answers", answers.made),
    Section("findings", "Findings", findings.made),
    Section("assessor", "For an assessor", assessor.made),
)
"""In their order: what changed first where that was asked for, and always what was not seen."""


def render(report: Report) -> Iterator[bytes]:
    """Yield the page in pieces; findings pass by twice, and none is held."""
    style, script = asset("page.css"), asset("page.js")
    groups = findings.Groups(report)
    for finding in report.findings:
        groups.add(finding)
    made = ((each, each.make(report, groups)) for each in SECTIONS)
    context = {
        "style": style,
        "style_hash": digest(style),
        "script_hash": digest(script),
        "head": head.made(report),
        "sections": [(each.id, each.title, found) for each, found in made if found is not None],
    }
    stream = templates().get_template("page.html").stream(context)
    stream.enable_buffering(PIECES)
    for piece in stream:
        yield piece.encode("utf-8", "backslashreplace")
    yield from Rows(report, Tenants(report)).encoded()
    yield f"</script>\n<script>{script}</script>\n</body>\n</html>\n".encode()


@functools.cache
def templates() -> Environment:
    """The templates of pages, which escape whatever is put into them."""
    return Environment(
        loader=FunctionLoader(lambda name: asset(f"parts/{name}")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def asset(name: str) -> str:
    """A file of ours that stands beside this module."""
    return (files("reports.html") / name).read_text("utf-8")


def digest(text: str) -> str:
    """What a policy calls an element by: Content Security Policy Level 3, hash-source."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
