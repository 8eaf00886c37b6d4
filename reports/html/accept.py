"""The command that accepts one finding, to be finished by a person and run in a shell.

What an object is called is quoted for the shell, and what is special in a glob stands for itself; a
character that would hide, or steer a terminal, is any character.
"""

from __future__ import annotations

import glob
import shlex
from typing import Final

from auditor.model.results_finding import Finding
from reports.text import safe

_SPECIAL: Final = frozenset("*?[")
UNSAID = "--owner WHO --approved-by WHO --expires 90d --reason WHY"


def options(finding: Finding) -> tuple[str, str, str, str]:
    """The kind, namespace, name and element of a finding as globs, "" for what it has not."""
    found = finding.resource
    kind = found.kind.partition("/")[2]
    return _glob(kind), _glob(found.namespace), _glob(found.name), _glob(finding.element)


def command(finding: Finding) -> str:
    """Say how to accept a finding that fails; "" for one that does not."""
    if finding.verdict != "fail":
        return ""
    names = ("kind", "namespace", "name", "element")
    given = zip(names, options(finding), strict=True)
    chosen = " ".join(f"--{name} {shlex.quote(value)}" for name, value in given if value)
    return f"auditor waivers add waivers.yaml --rule {safe(finding.rule)} {chosen} {UNSAID}"


def _glob(text: str) -> str:
    if _SPECIAL.isdisjoint(text) and safe(text) == text:
        return text  # as nearly all are, of a hundred thousand findings
    escaped = glob.escape(text)
    if safe(escaped) == escaped:
        return escaped
    return "".join(char if safe(char) == char else "?" for char in escaped)
