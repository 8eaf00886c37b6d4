"""A report as it was, from the results that it was written to: nothing is judged again.

What results do not hold, whoever recalls them brings: what rules are called and which kinds are
derived, both from the policy and the program. The rest is there, or follows from it: coverage from
the counts, the digest from findings, gaps and counts.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from auditor.engine.conclude import digest_of, ratio_of
from auditor.errors import IntegrityError
from auditor.evidence.streamed import read_results, rows_in
from auditor.model.finding import (
    Coverage,
    GapReport,
    KindCoverage,
    Report,
    RuleCount,
    RuleInfo,
    TargetReport,
)
from auditor.model.resource import Gap, PassedOver
from auditor.model.results import CoverageResult, ListedFact, Results, TargetResult
from auditor.model.results_finding import Finding, FindingSummary

_BATCH: Final = 256
_T = TypeVar("_T")
_A = TypeVar("_A")


class _Head(FindingSummary, frozen=True, gc=False, kw_only=True):
    """What is counted of a finding."""

    waiver: object


class RecalledFindings:
    """The findings in a file of results, read again as often as needed."""

    def __init__(self, path: Path) -> None:
        """Count them, and take their digest.

        Raises:
            IntegrityError: these are not results of ours.
        """
        self._path = path
        self._count = 0
        self.tallies = Counter[tuple[str, str]]()
        self.waived = Counter[tuple[str, str]]()
        digest = hashlib.sha256()
        decode = msgspec.json.Decoder(_Head).decode
        for row in rows_in(path):
            digest.update(row + b"\n")
            found = self._decoded(decode, row)
            self._count += 1
            self.tallies[found.verdict.value, found.severity.value] += 1
            if found.waiver is not None:
                self.waived[found.verdict.value, found.severity.value] += 1
        self.sha256 = digest.hexdigest()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Finding]:
        decode = msgspec.json.Decoder(Finding).decode
        for row in rows_in(self._path):
            yield self._decoded(decode, row)

    def encoded(self) -> Iterator[bytes]:
        """The JSON objects, many at a time, each on a line that ends."""
        batch: list[bytes] = []
        for row in rows_in(self._path):
            batch.append(row)
            if len(batch) == _BATCH:
                yield b"\n".join(batch) + b"\n"
                batch.clear()
        if batch:
            yield b"\n".join(batch) + b"\n"

    def _decoded(self, decode: Callable[[bytes], _T], row: bytes) -> _T:
        try:
            return decode(row)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise IntegrityError(f"{self._path.name}: {error}") from error


def recalled(path: Path, rules: Mapping[str, RuleInfo], derived: Collection[str]) -> Report:
    """Recall the report of a file of results; ``derived`` are the kinds of facts.

    Raises:
        IntegrityError: these are not results of ours.
    """
    results = read_results(path)
    findings = RecalledFindings(path)
    gaps = tuple(
        GapReport(
            Gap(
                *(each.target, each.scope, each.cause, each.detail),
                *(each.hint, each.line, each.namespace),
            ),
            each.rules,
        )
        for each in results.gaps
    )
    counts = tuple(
        RuleCount(rule, each.passed, each.fail, each.unknown, each.not_applicable, each.manual)
        for rule, each in results.counts.items()
    )
    principals = {each.target: each.principal for each in results.run.identity}
    return Report(
        version=results.tool.version,
        policy=results.tool.policy,
        run_id=results.run.id,
        started=results.run.started,
        finished=results.run.finished,
        profile=results.profile.id,
        parameters=results.profile.parameters,
        targets=tuple(_target(each, principals.get(each.uri, "")) for each in results.targets),
        coverage=_coverage(results.coverage, counts, derived),
        counts=counts,
        gaps=gaps,
        findings=findings,
        controls=results.controls,
        gate=results.gate,
        rules=rules,
        tallies=findings.tallies,
        digest=digest_of(findings.sha256, (item.gap for item in gaps), counts),
        frameworks=results.frameworks,
        configuration=_or(results.configuration, None),
        baseline=_or(results.baseline, None),
        waivers=_or(results.waivers, None),
        answers=_or(results.answers, None),
        waived=findings.waived,
        facts=_facts(results),
    )


def _facts(results: Results) -> Mapping[str, tuple[ListedFact, ...]]:
    """The listed facts; their bodies are encoded, as those of a run are."""
    if isinstance(results.facts, msgspec.UnsetType):
        return {}
    return {
        kind: tuple(
            msgspec.structs.replace(each, body=msgspec.Raw(msgspec.json.encode(each.body)))
            for each in facts
        )
        for kind, facts in results.facts.items()
    }


def _or(value: _T | msgspec.UnsetType, absent: _A) -> _T | _A:
    """What results hold, or what it is where they hold nothing."""
    return absent if isinstance(value, msgspec.UnsetType) else value


def _target(target: TargetResult, principal: str) -> TargetReport:
    passed = target.passed
    return TargetReport(
        uri=target.uri,
        uid=target.uid,
        version=target.version,
        state=target.state,
        files=target.files,
        skipped=target.skipped,
        principal=principal,
        excluded=target.excluded,
        notes=target.notes,
        others=target.others,
        passed=PassedOver(
            passed.hidden,
            passed.linked,
            tuple(passed.files.suffixes.items()),
            passed.excluded,
        ),
        labels=_or(target.labels, {}),
    )


def _coverage(
    coverage: CoverageResult, counts: tuple[RuleCount, ...], derived: Collection[str]
) -> Coverage:
    kinds = tuple(
        KindCoverage(
            kind,
            each.seen,
            each.evaluated,
            each.excluded,
            kind in derived,
            ignored=kind in coverage.ignored,
        )
        for kind, each in coverage.resources.items()
    )
    rules = coverage.rules
    return Coverage(kinds, rules.evaluated, rules.blind, rules.excluded, ratio_of(counts))
