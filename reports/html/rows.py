"""All findings of a page as rows for its script: JSON, a line each, compressed.

The last line has the rules, and the texts that rows refer to by number: targets, namespaces, kinds,
digests of what was read. A hundred thousand findings of a cluster come to a few MB so, and only
what is compressed of them is held.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from typing import Final, Protocol

import msgspec

from auditor.model.finding import Report
from auditor.model.results_finding import Finding
from reports.html import accept
from reports.html.findings import seen
from reports.html.tenants import Tenants
from reports.html.words import cut, lines, prose
from reports.remedy import short_remedy
from reports.subjects import location_of, subject
from reports.text import safe
from reports.waivers import told

MOST_DIGESTS: Final = 20_000
"""Digests do not compress: of more of them the further ones are in results.json alone."""
LATER: Final = "in results.json"
_GZIP: Final = 31
"""The window of zlib with a header of gzip, as browsers read it."""
_LEVEL: Final = 6
"""Of zlib: 9 takes half a second more for a hundred thousand findings, and saves a thirtieth."""
_PIECE: Final = 3 << 12
_encode = msgspec.json.encode


class _Packer(Protocol):
    """What compresses: zlib has no name for the type of its own."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class Rows:
    """Writes the findings of a report as rows; none is held."""

    def __init__(self, report: Report, tenants: Tenants) -> None:
        self._report = report
        self._tenants = tenants
        self._many = len(report.targets) > 1
        self._rules: dict[str, int] = {}
        self._controls: dict[str, dict[str, None]] = {}
        self._words: dict[str, int] = {}
        self._digests: dict[str, None] = {}

    def encoded(self) -> Iterator[bytes]:
        """Yield the rows and the last line, compressed, as base64."""
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
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
        self._controls.setdefault(finding.rule, {}).update(dict.fromkeys(finding.controls))
        resource = finding.resource
        kind, namespace, name, element = accept.options(finding)
        return (
            rule,
            finding.severity,
            finding.verdict,
            self._word(resource.target),
            self._word(resource.namespace),
            safe(subject(finding)),
            cut(finding.message),
            safe(location_of(resource, many_targets=self._many)),
            safe(", ".join([*(["new"] if finding.new else []), *told(finding)])),
            [cut(each) for each in seen(finding, many_targets=self._many)],
            self._word(self._tenants.of(resource)),
            self._word(self._digest(finding)),
            self._word(kind),
            self._word(namespace),
            name,
            element,
        )

    def _word(self, text: str) -> int:
        return self._words.setdefault(safe(text), len(self._words))

    def _digest(self, finding: Finding) -> str:
        """What the bytes have that a finding was read from."""
        found = ", ".join(finding.evidence[:2])
        more = len(finding.evidence) - 2
        text = f"{found} and {more} more" if more > 0 else found
        if text not in self._digests:
            if len(self._digests) >= MOST_DIGESTS:
                return LATER
            self._digests[text] = None
        return text

    def _rule(self, name: str) -> dict[str, object]:
        info = self._report.rules.get(name)
        sentence, snippet = short_remedy(info.remediation) if info is not None else ("", ())
        return {
            "id": safe(name),
            "title": safe(info.title if info is not None else name),
            "why": prose(info.rationale) if info is not None else "",
            "fix": lines(sentence or "\n".join(snippet)),
            "code": not sentence,
            "controls": [safe(each) for each in self._controls[name]],
        }
