"""Joins sorted lines of findings from many shards into the findings of the run."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Protocol, runtime_checkable

import msgspec

from auditor.engine.lines import FIELD, TEMPLATED, VERDICT_ORDER, united
from auditor.model.enums import Verdict
from auditor.model.results_layout import Mark, marked

_SEPARATOR = FIELD.encode()
_TEMPLATED = TEMPLATED.encode()
_FINGERPRINT = 64
_VERDICTS = {order: verdict for verdict, order in VERDICT_ORDER.items()}
_UNKNOWN = VERDICT_ORDER[Verdict.UNKNOWN].encode()
_BLOCKS = 8192
"""Lines of all runs that are held at once."""
_BYTES = 4 << 20
"""What of runs in files is held at once, where lines are long."""

MOST_FINGERPRINTS = 200
"""How many deciding fingerprints a control lists; a person reads the first few."""


def in_order(
    runs: Sequence[Iterable[bytes]], held: int = _BLOCKS, most: int = _BYTES
) -> Iterator[list[bytes]]:
    """The lines of sorted runs, sorted: a block of each at a time, which sort() merges in C.

    All blocks together hold ``held`` lines, those of files ``most`` bytes; each has a line at
    least.
    """
    count = max(1, len(runs))
    takers = [_taker(run, max(1, held // count), max(1, most // count)) for run in runs]
    pairs = [(take(), take) for take in takers]
    while pairs := [pair for pair in pairs if pair[0]]:
        bound = min(block[-1] for block, _ in pairs)
        ready: list[bytes] = []
        for block, take in pairs:
            end = bisect_right(block, bound)
            ready += block[:end]
            block[:end] = () if end < len(block) else take()
        ready.sort()
        yield ready


@runtime_checkable
class _File(Protocol):
    """A run in a file, which gives so many bytes of lines at once."""

    def readlines(self, size: int, /) -> list[bytes]: ...


def _taker(run: Iterable[bytes], lines: int, size: int) -> Callable[[], list[bytes]]:
    """What takes the next block of a run: so many bytes of a file, so many lines of another."""
    if isinstance(run, _File):
        return partial(run.readlines, size)
    left = iter(run)
    return lambda: [*islice(left, lines)]


class Merged(msgspec.Struct):
    """What is learned on the way: counts of listed findings, and which rules failed on what.

    ``tallies`` maps (verdict, severity) to findings; ``deciding`` maps (rule, verdict) to the first
    fingerprints with it.
    """

    total: int = 0
    tallies: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    deciding: dict[tuple[str, str], list[str]] = msgspec.field(default_factory=dict)


class Merger:
    """Merges lines into findings.

    ``needy`` are the rules whose passes the shards list, in case a gap takes them back.
    """

    def __init__(self, *, needy: frozenset[str], list_all: bool) -> None:
        self._needy = needy
        self._list_all = list_all
        self.merged = Merged()

    def merge(self, runs: Sequence[Iterable[bytes]]) -> Iterator[list[bytes]]:
        """Yield the findings in order, each a JSON object and its line's end, many at a time.

        Each run must be sorted.
        """
        rows: list[list[bytes]] = []
        group = _Group(b"", Merged())
        for lines in in_order(runs):
            rows += [line.split(b"\t", 3) for line in lines]
            if len({row[0] for row in rows}) < len(rows):
                rows = _joined(rows)
            last = rows.pop()
            group, found = self._listed(group, rows)
            yield found
            rows = [last]
        group, found = self._listed(group, rows)
        group.close()
        yield found

    def _listed(self, group: _Group, rows: list[list[bytes]]) -> tuple[_Group, list[bytes]]:
        """Count findings; the group of the last, and the JSON objects of those that are listed."""
        found: list[bytes] = []
        identities = [row[0] for row in rows]
        start = 0
        while start < len(rows):
            end = bisect_left(identities, group.end, start) if group.prefix else start
            if end == start:
                group.close()
                group = self._group(identities[start])
                continue
            group.add(identities[start:end])
            if group.listed:
                found += [
                    marked(shown, Mark.DIFFERS) if place.startswith(_TEMPLATED) else shown
                    for _, place, _, shown in rows[start:end]
                ]
            start = end
        return group, found

    def _group(self, identity: bytes) -> _Group:
        order, rule, _ = identity.split(_SEPARATOR, 2)
        group = _Group(_SEPARATOR.join((order, rule, b"")), self.merged)
        if not self._list_all and rule.decode() in self._needy and order[:1] in b"34":
            group.listed = False
        return group


def _joined(rows: list[list[bytes]]) -> list[list[bytes]]:
    """Sorted rows, of those that are one finding only the first, which covers what all do.

    It has the causes of all: a pod may differ from the others of its owner.
    """
    joined: list[list[bytes]] = []
    for row in rows:
        if not joined or row[0] != joined[-1][0]:
            joined.append(row)
            continue
        identity, place, covers, shown = joined[-1]
        count = int(covers) + int(row[2])
        joined[-1] = [identity, place, b"%d" % count, united(shown, row[3], count)]
    return joined


class _Group:
    """The findings of one rule with one verdict and severity: they follow one another.

    Their identities start with ``prefix`` and come before ``end``.
    """

    __slots__ = ("_fingerprints", "_merged", "_total", "end", "listed", "prefix")

    def __init__(self, prefix: bytes, merged: Merged) -> None:
        self.prefix = prefix
        self.end = prefix + b"\xff"
        self.listed = True
        self._merged = merged
        self._total = 0
        self._fingerprints: list[str] = []

    def add(self, identities: Sequence[bytes]) -> None:
        """Count findings of the group, the next in order."""
        self._total += len(identities)
        wanted = identities[: MOST_FINGERPRINTS - len(self._fingerprints)]
        self._fingerprints += [identity[-_FINGERPRINT:].decode() for identity in wanted]

    def close(self) -> None:
        """Tell what was counted; there is no more."""
        if not self.listed or not self._total:
            return
        order, rule, _ = self.prefix.split(_SEPARATOR)
        verdict = _VERDICTS[order[:1].decode()].value
        self._merged.total += self._total
        self._merged.tallies[verdict, _SEVERITIES[order[1:]]] += self._total
        known = self._merged.deciding.setdefault((rule.decode(), verdict), [])
        known += self._fingerprints[: MOST_FINGERPRINTS - len(known)]


def blinded(run: Iterable[bytes], blind: Mapping[str, str]) -> list[bytes]:
    """Take back the verdicts of rules that a gap blinds; ``blind`` maps a rule to the reason."""
    return sorted(taken_back(line, blind) or line for line in run)


def taken_back(line: bytes, blind: Mapping[str, str]) -> bytes | None:
    """A line without the verdict of its rule, which a gap blinds; None where none does."""
    identity, place, covers, shown = line.split(b"\t", 3)
    order, rule, rest = identity.split(_SEPARATOR, 2)
    reason = blind.get(rule.decode())
    if reason is None:
        return None
    finding: dict[str, Any] = msgspec.json.decode(shown)
    finding["verdict"] = Verdict.UNKNOWN.value
    finding["message"] = f"not decided: {reason}"
    identity = _SEPARATOR.join((_UNKNOWN + order[1:], rule, rest))
    return b"\t".join((identity, place, covers, msgspec.json.encode(finding) + b"\n"))


_SEVERITIES = {b"0": "critical", b"1": "high", b"2": "medium", b"3": "low", b"4": "info"}
