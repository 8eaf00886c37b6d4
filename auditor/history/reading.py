"""A run as a history keeps it, of the results in a bundle that was verified."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import IntegrityError, UsageError
from auditor.evidence.compare import by_fingerprint
from auditor.evidence.shape import moment
from auditor.evidence.streamed import read_head, rows_in
from auditor.model.enums import Verdict
from auditor.model.history import (
    ALL_RULES,
    FindingSeen,
    Hidden,
    Judging,
    RunSeen,
    TargetSeen,
)
from auditor.model.results import FINGERPRINTS, GapResult, ResultsHead, TargetResult
from auditor.model.results_finding import FindingSummary, Waiver

_SEEN: Final = frozenset({Verdict.FAIL, Verdict.UNKNOWN, Verdict.MANUAL})


class _Listed(FindingSummary, frozen=True, gc=False, kw_only=True):
    """A finding as far as a history needs it."""

    waiver: Waiver | None


def run_of(path: Path, manifest: str, key: str, is_kind: Callable[[str], bool]) -> RunSeen:
    """Read the results of a run; ``is_kind`` tells a kind of resource from a place.

    ``manifest`` is the sha256 of its bundle's manifest, ``key`` the one that stands for it.

    Raises:
        UsageError: findings are told apart otherwise there.
        IntegrityError: these are not results of ours, or findings are missing.
    """
    results = read_head(path)
    if results.tool.fingerprints != FINGERPRINTS:
        raise UsageError(
            f"run {results.run.id}: findings were told apart otherwise then: none compares",
            hint="auditor evaluate judges its evidence by this version",
        )
    by_fingerprint(path)  # that findings are as many as the counts say
    parameters = msgspec.json.encode(results.profile.parameters, order="deterministic")
    judging = Judging(
        results.tool.version,
        results.profile.id,
        parameters.decode(),
        results.tool.policy,
        tuple(sorted(results.counts)),
    )
    return RunSeen(
        manifest=manifest,
        run=results.run.id,
        started=_moment(results.run.started),
        finished=_moment(results.run.finished),
        decision=results.gate.decision.value,
        key=key,
        judging=judging,
        targets=_targets(results, is_kind),
        findings=tuple(_findings(path, results.targets)),
    )


def _moment(text: str) -> str:
    """A moment in the one form in which texts are in the order of time."""
    return moment(text).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _findings(path: Path, targets: Sequence[TargetResult]) -> Iterator[FindingSeen]:
    """What fails, or is not decided; what is about several targets counts with the first."""
    numbers = {target.uri: number for number, target in enumerate(targets)}
    owners = [(target.labels or {}).get("owner", "") for target in targets]
    decode = msgspec.json.Decoder(_Listed).decode
    for row in rows_in(path):
        try:
            found = decode(row)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise IntegrityError(f"{path.name}: {error}") from error
        if found.verdict not in _SEEN:
            continue
        where = found.resource
        if not numbers:
            raise IntegrityError(f"{path.name}: findings of no target")
        number = numbers.get(where.target, 0)
        yield FindingSeen(
            target=number,
            fingerprint=found.fingerprint,
            rule=found.rule,
            kind=where.kind,
            namespace=where.namespace,
            name=where.name,
            element=found.element,
            verdict=Verdict(found.verdict),
            severity=found.severity,
            owner=found.waiver.owner if found.waiver else owners[number],
        )


def _targets(results: ResultsHead, is_kind: Callable[[str], bool]) -> tuple[TargetSeen, ...]:
    """What was seen of each target; a gap of none of them hides something of every one."""
    gaps: dict[str, list[GapResult]] = {each.uri: [] for each in results.targets}
    every: list[GapResult] = []
    for gap in results.gaps:
        gaps.get(gap.target, every).append(gap)
    return tuple(_target(each, (*gaps[each.uri], *every), is_kind) for each in results.targets)


def _target(
    target: TargetResult, gaps: Iterable[GapResult], is_kind: Callable[[str], bool]
) -> TargetSeen:
    hidden = {_hidden(gap, target, is_kind) for gap in gaps}
    hidden |= {
        Hidden(f"{each.kind} is not read by design", tuple(sorted(each.rules)), design=True)
        for each in target.excluded
    }
    return TargetSeen(
        uri=target.uri,
        uid=target.uid,
        state=target.state,
        hidden=tuple(sorted(each for each in hidden if each.rules)),
        globs=tuple(sorted(each.glob for each in target.passed.excluded if each.files)),
    )


def _hidden(gap: GapResult, target: TargetResult, is_kind: Callable[[str], bool]) -> Hidden:
    """A kind hides what rests on it; any other place could have held what any rule is about."""
    whole = gap.scope == target.uri or not is_kind(gap.scope)
    why = f"a gap: {gap.scope} {gap.cause.value}"
    return Hidden(why, (ALL_RULES,) if whole else tuple(sorted(gap.rules)))
