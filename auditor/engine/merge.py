"""Joins sorted lines of findings from many shards into the findings of the run."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from auditor.engine.lines import FIELD, VERDICT_ORDER
from auditor.model.enums import Verdict

_SEPARATOR = FIELD.encode()
_VERDICTS = {order: verdict for verdict, order in VERDICT_ORDER.items()}
MOST_FINGERPRINTS = 200
"""How many deciding fingerprints a control lists; a person reads the first few."""


@dataclass(slots=True)
class Merged:
    """What is learned on the way: counts of listed findings, and which rules failed on what.

    ``tallies`` maps (verdict, severity) to findings; ``deciding`` maps (rule, verdict) to the first
    fingerprints with it.
    """

    total: int = 0
    tallies: Counter[tuple[str, str]] = field(default_factory=Counter)
    deciding: dict[tuple[str, str], list[str]] = field(default_factory=dict)


class Merger:
    """Merges lines into findings.

    ``needy`` are the rules whose passes the shards list, in case a gap takes them back.
    """

    def __init__(self, *, needy: frozenset[str], list_all: bool) -> None:
        self._needy = needy
        self._list_all = list_all
        self.merged = Merged()

    def merge(self, runs: Sequence[Iterable[bytes]]) -> Iterator[bytes]:
        """Yield one JSON object a finding, in order. Each run must be sorted."""
        previous: list[bytes] | None = None
        identity = b""
        covers = 0
        for line in heapq.merge(*runs) if len(runs) > 1 else (runs[0] if runs else ()):
            parts = line.split(b"\t")
            # everything before the source and the document: equal for one finding
            same = parts[0].rsplit(_SEPARATOR, 2)[0]
            if previous is not None and same == identity:
                covers += int(parts[1])
                continue
            if previous is not None:
                yield from self._emit(previous, covers)
            previous, identity, covers = parts, same, int(parts[1])
        if previous is not None:
            yield from self._emit(previous, covers)

    def _emit(self, parts: list[bytes], covers: int) -> Iterator[bytes]:
        key = parts[0].split(_SEPARATOR)
        verdict = _VERDICTS[key[0][:1].decode()].value
        rule = key[1].decode()
        if not self._list_all and rule in self._needy and key[0][:1] in b"34":
            return
        severity = _SEVERITIES[key[0][1:2]]
        merged = self.merged
        merged.total += 1
        merged.tallies[verdict, severity] += 1
        fingerprints = merged.deciding.setdefault((rule, verdict), [])
        if len(fingerprints) < MOST_FINGERPRINTS:
            fingerprints.append(key[-3].decode())
        yield b"%b%d%b" % (parts[2], covers, parts[3])


def blinded(run: Iterable[bytes], blind: Mapping[str, str]) -> list[bytes]:
    """Take back the verdicts of rules that a gap blinds; ``blind`` maps a rule to the reason."""
    unknown = VERDICT_ORDER[Verdict.UNKNOWN].encode()
    not_applicable = VERDICT_ORDER[Verdict.NOT_APPLICABLE].encode()
    lines = []
    for line in run:
        key, covers, head, tail = line.split(b"\t")
        order, rule, rest = key.split(_SEPARATOR, 2)
        reason = blind.get(rule.decode())
        if reason is None or order[:1] == not_applicable:
            lines.append(line)
            continue
        finding: dict[str, Any] = msgspec.json.decode(head + b"0" + tail)
        finding["verdict"] = Verdict.UNKNOWN.value
        finding["message"] = f"not decided: {reason}"
        text = msgspec.json.encode(finding)
        cut = text.rindex(b'"covers":') + len(b'"covers":')
        key = _SEPARATOR.join((unknown + order[1:], rule, rest))
        lines.append(b"\t".join((key, covers, text[:cut], text[cut + 1 :])))
    lines.sort()
    return lines


_SEVERITIES = {b"0": "critical", b"1": "high", b"2": "medium", b"3": "low", b"4": "info"}
