"""The page: one file that asks for nothing else, and lets nothing in it be run but its own script.

Findings are in it twice: by rule, some of each, for whoever has no scripts or prints it; and all of
them, compressed, for the script to filter. A policy in the page (CSP) names the style and the
script by their digests, so nothing that an object is called can become either; whatever is said by
somebody else is escaped by the template, and put in as text by the script.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from jinja2 import Environment, StrictUndefined, Template

from auditor.model.finding import Report
from reports.html import gpus, isolation, network, view
from reports.html.rows import Rows

PIECES: Final = 64
"""How many parts of the template are put together before they are handed on."""


def render(report: Report) -> Iterator[bytes]:
    """Yield the page in pieces; findings pass by twice, and none is held."""
    style, script = _asset("page.css"), _asset("page.js")
    groups = view.Groups(report)
    for finding in report.findings:
        groups.add(finding)
    context = {
        "style": style,
        "style_hash": _digest(style),
        "script_hash": _digest(script),
        "page": view.page_of(report, groups),
        "gpus": gpus.matrix_of(report),
        "network": network.table_of(report),
        "chains": isolation.chains_of(report),
    }
    stream = _template().stream(context)
    stream.enable_buffering(PIECES)
    for piece in stream:
        yield piece.encode("utf-8", "backslashreplace")
    yield from Rows(report).encoded()
    yield f"</script>\n<script>{script}</script>\n</body>\n</html>\n".encode()


@functools.cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=False, keep_trailing_newline=True
    )
    return environment.from_string(_asset("page.html"))


def _asset(name: str) -> str:
    return (files("reports.html") / name).read_text("utf-8")


def _digest(text: str) -> str:
    """What a policy calls an element by: Content Security Policy Level 3, hash-source."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
