"""``results.json``: the results contract, version 1, from which every other format derives.

The contract is :mod:`auditor.model.results`; here a report is put into its structs. Findings are
copied as the shards encoded them, so that a report of any size is written in one pass.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from auditor.model.finding import Coverage, GapReport, Report, RuleCount, TargetReport
from auditor.model.results import (
    FINGERPRINTS,
    SCHEMA,
    Counts,
    CoverageResult,
    GapResult,
    Identity,
    KindCount,
    Passed,
    PassedFiles,
    ProfileRef,
    Results,
    RuleCoverage,
    Run,
    TargetResult,
    Tool,
)
from auditor.model.results_layout import document


def render(report: Report) -> Iterator[bytes]:
    """Yield the document: one line for each finding, gap and control, for tools that read lines."""
    return document(results_of(report), report.findings.encoded())


def results_of(report: Report) -> Results:
    """Put a report into the structs of the contract, all but its findings."""
    return Results(
        schema=SCHEMA,
        tool=Tool("auditor", report.version, report.policy, FINGERPRINTS),
        run=_run(report),
        profile=ProfileRef(report.profile, dict(report.parameters)),
        frameworks=report.frameworks,
        targets=tuple(_target(target) for target in report.targets),
        coverage=_coverage(report.coverage),
        gaps=tuple(_gap(gap) for gap in report.gaps),
        controls=report.controls,
        counts={count.rule: _counts(count) for count in report.counts},
        gate=report.gate,
        configuration=msgspec.UNSET if report.configuration is None else report.configuration,
        baseline=msgspec.UNSET if report.baseline is None else report.baseline,
        waivers=msgspec.UNSET if report.waivers is None else report.waivers,
        answers=msgspec.UNSET if report.answers is None else report.answers,
        facts=dict(report.facts) if report.facts else msgspec.UNSET,
    )


def _run(report: Report) -> Run:
    identity = tuple(
        Identity(target.uri, target.principal) for target in report.targets if target.principal
    )
    return Run(report.run_id, report.started, report.finished, identity)


def _target(target: TargetReport) -> TargetResult:
    passed = target.passed
    return TargetResult(
        uri=target.uri,
        uid=target.uid,
        version=target.version,
        state=target.state,
        files=target.files,
        skipped=target.skipped,
        excluded=target.excluded,
        notes=target.notes,
        others=target.others,
        passed=Passed(
            passed.hidden,
            passed.linked,
            PassedFiles(passed.files, dict(passed.suffixes)),
            passed.excluded,
        ),
        labels=dict(target.labels) if target.labels else msgspec.UNSET,
    )


def _coverage(coverage: Coverage) -> CoverageResult:
    return CoverageResult(
        resources={
            kind.kind: KindCount(kind.seen, kind.evaluated, kind.excluded)
            for kind in coverage.kinds
        },
        rules=RuleCoverage(coverage.evaluated, coverage.blind, coverage.excluded),
        ignored={kind.kind: kind.seen for kind in coverage.kinds if kind.ignored},
        ratio=round(coverage.ratio, 6),
    )


def _gap(item: GapReport) -> GapResult:
    gap = item.gap
    return GapResult(
        gap.target,
        gap.scope,
        gap.cause,
        gap.detail,
        gap.hint,
        gap.line,
        gap.namespace,
        item.rules,
    )


def _counts(count: RuleCount) -> Counts:
    return Counts(count.passed, count.failed, count.unknown, count.not_applicable, count.manual)
