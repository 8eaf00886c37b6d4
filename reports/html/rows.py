"""All findings of a page as rows for its script: JSON, a line each, compressed.

The last line has the rules, and the targets and namespaces that rows refer to by number. A hundred
thousand findings of a cluster come to a few MB so, and only what is compressed of them is held.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from typing import Final, Protocol

import msgspec

from auditor.model.finding import Report
from auditor.model.results_finding import Finding
from reports.remedy import short_remedy
from reports.subjects import location_of, observed, related, subject
from reports.text import safe
from reports.waivers import told

SHOWN_VALUES: Final = 2
LONGEST: Final = 300
_GZIP: Final = 31
"""The window of zlib with a header of gzip, as browsers read it."""
_PIECE: Final = 3 << 12
_encode = msgspec.json.encode


class _Packer(Protocol):
    """What compresses: zlib has no name for the type of its own."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class Rows:
    """Writes the findings of a report as rows; none is held."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._many = len(report.targets) > 1
        self._rules: dict[str, int] = {}
        self._frameworks: dict[str, dict[str, None]] = {}
        self._words: dict[str, int] = {}

    def encoded(self) -> Iterator[bytes]:
        """Yield the rows and the last line, compressed, as base64."""
        packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
        left = b""
        for packed in self._packed(packer):
            left += packed
            whole = len(left) - len(left) % 3
            if whole >= _PIECE:
                yield base64.b64encode(left[:whole])
                left = left[whole:]
        yield base64.b64encode(left)

    def _packed(self, packer: _Packer) -> Iterator[bytes]:
        for finding in self._report.findings:
            yield packer.compress(_encode(self._row(finding)) + b"\n")
        rules = [self._rule(each) for each in self._rules]
        yield packer.compress(_encode({"rules": rules, "words": [*self._words]}))
        yield packer.flush()

    def _row(self, finding: Finding) -> tuple[object, ...]:
        rule = self._rules.setdefault(finding.rule, len(self._rules))
        frameworks = self._frameworks.setdefault(finding.rule, {})
        frameworks.update(dict.fromkeys(each.partition(":")[0] for each in finding.controls))
        resource = finding.resource
        return (
            rule,
            finding.severity,
            finding.verdict,
            self._word(resource.target),
            self._word(resource.namespace),
            safe(subject(finding)),
            cut(finding.message),
            safe(location_of(resource, many_targets=self._many)),
            safe(next(told(finding), "new" if finding.new else "")),
            [cut(each) for each in seen(finding, many_targets=self._many)],
        )

    def _word(self, text: str) -> int:
        return self._words.setdefault(safe(text), len(self._words))

    def _rule(self, name: str) -> dict[str, object]:
        info = self._report.rules.get(name)
        sentence, snippet = short_remedy(info.remediation) if info is not None else ("", ())
        return {
            "id": safe(name),
            "title": safe(info.title if info is not None else name),
            "why": safe(info.rationale) if info is not None else "",
            "fix": safe(sentence or "\n".join(snippet)),
            "frameworks": sorted(self._frameworks[name]),
        }


def seen(finding: Finding, *, many_targets: bool) -> Iterator[str]:
    """Name the other resources that a finding rests on, and what was read."""
    yield from related(finding, many_targets=many_targets)
    for item in finding.observed[:SHOWN_VALUES]:
        yield observed(finding, item)


def cut(text: str) -> str:
    """Make a text safe, and not too long for a row."""
    found = safe(text)
    return found if len(found) <= LONGEST else f"{found[: LONGEST - 3]}..."
