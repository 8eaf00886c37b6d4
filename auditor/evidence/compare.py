"""What is different between two results: findings that are new, gone, or changed.

A finding is the same one when its fingerprint is: rule, target, resource and element, whatever its
line or message. It has changed when another thing made it fail, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import IntegrityError
from auditor.evidence import strict
from auditor.evidence.content import Content, content_of
from auditor.model import results_layout as layout
from auditor.model.results import Counts, Results
from auditor.model.results_finding import FindingSummary

_MOST_LISTS: Final = 1_000_000
_FEWER: Final = "of some thousands of targets? audit and merge fewer of them at once: docs/scale.md"
_NOTHING: Final = Counts(0, 0, 0, 0, 0)


def read_results(path: Path) -> Results:
    """Read results without their findings, in little memory.

    Raises:
        IntegrityError: these are not results of ours.
    """
    parts: list[bytes] = []
    size = 0
    with content_of(path) as content:
        for line in layout.without_findings(content.lines()):
            parts.append(line)
            size += len(line)
            if size > strict.MOST_BYTES:
                break
    return _head(path, parts)


def _head(path: Path, parts: Sequence[bytes]) -> Results:
    """Results of what stands around their findings: of each target and control something."""
    data = b"".join(parts)
    if len(data) > strict.MOST_BYTES:
        told = f"without its findings larger than {strict.MOST_BYTES >> 20} MiB"
        raise IntegrityError(f"{path.name}: {told}", hint=_FEWER)
    return strict.convert(path.name, strict.parse(path.name, data), Results)


def findings_in(path: Path) -> Iterator[FindingSummary]:
    """Read the findings of results, one by one.

    Raises:
        IntegrityError: these are not results of ours.
    """
    decode = msgspec.json.Decoder(FindingSummary).decode
    for row in rows_in(path):
        try:
            found = decode(row)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise IntegrityError(f"{path.name}: {error}") from error
        yield found


def rows_in(path: Path) -> Iterator[bytes]:
    """Read the findings of results as they are encoded there, each without its line's end.

    Raises:
        IntegrityError: these are not results of ours.
    """
    with content_of(path) as content:
        try:
            yield from layout.findings_in(content.lines())
        except ValueError as error:
            raise IntegrityError(f"{path.name}: {error}") from error


def by_fingerprint(path: Path) -> dict[str, FindingSummary]:
    """The findings of results that are whole: as many as their counts say.

    Raises:
        IntegrityError: these are not results of ours, or findings are missing.
    """
    found: dict[str, FindingSummary] = {}
    listed: Counter[tuple[str, str]] = Counter()
    for each in findings_in(path):
        found[each.fingerprint] = each
        listed[each.rule, each.verdict] += each.covers
    counts = read_results(path).counts
    for rule in sorted({rule for rule, _ in listed} | counts.keys()):
        known = counts.get(rule, _NOTHING)
        fail, manual, unknown = (listed[rule, verdict] for verdict in ("fail", "manual", "unknown"))
        # what could not be seen at all is counted as unknown, and is not a finding
        if (fail, manual) != (known.fail, known.manual) or unknown > known.unknown:
            raise IntegrityError(
                f"{path.name}: findings of {rule} are not as many as its counts say"
            )
    return found


def cited_in(path: Path) -> tuple[set[str], int]:
    """Find the digests of evidence that findings cite, and how many findings do.

    No JSON is decoded: the list stands in the head of each finding.

    Raises:
        IntegrityError: these are not results of ours.
    """
    found: set[bytes] = set()
    number = 0
    for row in rows_in(path):
        try:
            found.add(layout.evidence_of(row))
        except ValueError as error:
            raise IntegrityError(f"{path.name}: {error}") from error
        number += 1
        if len(found) > _MOST_LISTS:
            raise IntegrityError(f"{path.name}: findings cite too much")
    digests = {digest for each in found for digest in each.split(b",") if digest}
    return {digest.decode().strip('"') for digest in digests}, number


class Cited(msgspec.Struct, frozen=True):
    """Results without their findings; the digests of evidence that these cite; how many do."""

    results: Results
    digests: frozenset[str]
    findings: int


def read_cited(path: Path) -> Cited:
    """As :func:`read_results` and :func:`cited_in`, in one go over the file.

    Raises:
        IntegrityError: these are not results of ours.
    """
    with content_of(path) as content:
        try:
            parts, lists, number = _parted(content)
        except ValueError as error:
            raise IntegrityError(f"{path.name}: {error}") from error
    results = _head(path, parts)
    digests = {digest for each in lists for digest in each.split(b",") if digest}
    return Cited(results, frozenset(each.decode().strip('"') for each in digests), number)


def _parted(content: Content) -> tuple[list[bytes], set[bytes], int]:
    """All of a file but its findings, and what these cite; one that is too large ends early."""
    parts: list[bytes] = []
    size = 0
    for line in content.lines():
        parts.append(line)
        size += len(line)
        if line in {layout.OPEN, layout.NONE} or size > strict.MOST_BYTES:
            break
    else:
        raise ValueError(layout.NO_END)
    lists: set[bytes] = set()
    number = 0
    if parts[-1:] == [layout.OPEN]:
        for block in content.blocks():
            findings, rest = layout.ended(block)
            found, more = layout.evidence_in(findings)
            lists |= found
            number += more
            if len(lists) > _MOST_LISTS:
                raise ValueError("findings cite too much")
            if rest is not None:
                parts += (layout.CLOSE, rest)
                break
        else:
            raise ValueError(layout.NO_END)
    for piece in content.pieces():
        parts.append(piece)
        size += len(piece)
        if size > strict.MOST_BYTES:
            break
    return parts, lists, number


class Change(msgspec.Struct, frozen=True):
    """A finding before and after; None where it was not."""

    before: FindingSummary | None
    after: FindingSummary | None

    @property
    def what(self) -> str:
        """``new``, ``gone`` or ``changed``."""
        if self.before is None:
            return "new"
        return "gone" if self.after is None else "changed"

    @property
    def finding(self) -> FindingSummary:
        """The finding as it is, or as it was."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a change of nothing")
        return found


def state_of(found: FindingSummary) -> tuple[str, str, str, tuple[str, ...]]:
    """Return what has changed when a finding is said to have changed."""
    return found.verdict, found.severity, found.message, found.causes


def changes(
    before: Mapping[str, FindingSummary], after: Mapping[str, FindingSummary]
) -> Iterator[Change]:
    """What is different, in the order of the reports: what is there now, then what is gone."""
    for fingerprint, found in after.items():
        known = before.get(fingerprint)
        if known is None or state_of(known) != state_of(found):
            yield Change(known, found)
    for fingerprint, found in before.items():
        if fingerprint not in after:
            yield Change(found, None)
