"""What was decided: findings, control results, the gate, and the report that holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Protocol

import msgspec

from auditor.model.enums import ControlState, Decision, TargetState
from auditor.model.resource import Gap, PassedOver, Some

FINGERPRINTS: Final = 2
"""How findings are told apart. Another number, and no fingerprint compares with one of ours."""


class ResourceRef(msgspec.Struct, frozen=True, gc=False):
    """Which resource a finding is about; ``source`` is ``file:line`` of the decisive field."""

    target: str
    kind: str
    namespace: str
    name: str
    uid: str
    source: str


class Observed(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One value that the expression read; ``value`` is absent from the JSON when the field was.

    ``path`` is a JSON pointer in the resource, or in the fact of kind ``fact`` when the value was
    derived and stands nowhere in the resource.
    """

    path: str
    fact: str = ""
    value: object = msgspec.UNSET
    line: int = 0


class Finding(msgspec.Struct, frozen=True, gc=False):
    """Rule x resource (x element), in the field order of the results contract.

    ``verdict``, ``severity`` and ``confidence`` hold the values of their enums, as text, because a
    finding is made and written hundreds of thousands of times a run. ``differs``: only pods are so,
    and not the template that they were made of. ``new``: an earlier run did not have it.
    ``causes`` stand for what made it fail.
    """

    fingerprint: str
    rule: str
    verdict: str
    severity: str
    confidence: str
    resource: ResourceRef
    element: str
    message: str
    observed: tuple[Observed, ...]
    covers: int
    controls: tuple[str, ...]
    evidence: tuple[str, ...]
    heuristic: bool = False
    differs: bool = False
    new: bool = False
    causes: tuple[str, ...] = ()
    waiver: None = None


class Findings(Protocol):
    """Findings in their one order, iterable any number of times, however many there are."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Finding]: ...

    def encoded(self) -> Iterator[bytes]:
        """The JSON objects in the same order, many at a time, each on a line that ends."""
        ...


class RuleCount(msgspec.Struct, frozen=True):
    """How one rule went over all resources, in findings before they are grouped by owner."""

    rule: str
    passed: int
    failed: int
    unknown: int
    not_applicable: int
    manual: int


class KindCoverage(msgspec.Struct, frozen=True):
    """How many resources of a kind were seen, judged by at least one rule, and left out.

    ``derived`` tells a fact, which an analysis made, from an object that was read. ``ignored``: no
    rule looks at objects of that kind, or at what is derived of them.
    """

    kind: str
    seen: int
    evaluated: int
    excluded: int
    derived: bool
    ignored: bool = False


class Coverage(msgspec.Struct, frozen=True):
    """How much of what should be judged was judged; ``ratio`` is of rule x resource pairs.

    Of the rules, ``blind`` have no verdict somewhere, ``excluded`` rest on a kind that is not read
    of a target by design, and ``evaluated`` are the others. A kind of which a rule saw nothing
    counts as one pair that was not decided.
    """

    kinds: tuple[KindCoverage, ...]
    evaluated: int
    blind: int
    excluded: int
    ratio: float


class GapReport(msgspec.Struct, frozen=True):
    """A gap with the ids of the rules that it blinds."""

    gap: Gap
    rules: tuple[str, ...]


class ExcludedReport(msgspec.Struct, frozen=True):
    """What of a target is not read by design, with the ids of the rules that rest on it."""

    kind: str
    reason: str
    rules: tuple[str, ...]


class TargetReport(msgspec.Struct, frozen=True):
    """A target as it went: ``files`` were read, ``skipped`` documents were no resource.

    ``principal`` is as whom it was read, ``excluded`` what of it is not read by design, ``notes``
    what else is to be said of how it was read. ``others`` are documents of files that are no
    objects, by their places; ``passed`` is what was not read for what it is called.
    """

    uri: str
    uid: str
    version: str
    state: TargetState
    files: int
    skipped: int
    principal: str = ""
    excluded: tuple[ExcludedReport, ...] = ()
    notes: tuple[str, ...] = ()
    others: Some = Some()
    passed: PassedOver = PassedOver()


class ControlResult(msgspec.Struct, frozen=True):
    """State of one control, with the fingerprints of the findings that decided it."""

    framework: str
    id: str
    title: str
    state: ControlState
    findings: tuple[str, ...]


class GateResult(msgspec.Struct, frozen=True):
    """The decision, the reasons in plain words, and the exit code that follows."""

    expression: str
    decision: Decision
    reasons: tuple[str, ...]
    exit: int


class Baseline(msgspec.Struct, frozen=True):
    """What the gate did not count, because an earlier run knew it.

    ``run`` and ``manifest`` (a sha256) say which run. ``known`` findings are as they were then, or
    milder; ``new`` fail or are undecided now and were not so then.
    """

    run: str
    manifest: str
    known: int
    new: int


class RuleInfo(msgspec.Struct, frozen=True):
    """What a report needs to say about a rule without loading the policy again."""

    id: str
    title: str
    severity: str
    remediation: str


class Report(msgspec.Struct, frozen=True):
    """Everything decided in one run.

    ``tallies`` maps (verdict, severity) to the number of findings that the run lists. ``digest`` is
    the sha256 of the findings, gaps and counts: equal for equal input, whenever and however run.
    ``bug`` is a traceback of what nobody foresaw, "" for none: of gaps that are our bug the first.
    """

    version: str
    policy: str
    run_id: str
    started: str
    finished: str
    profile: str
    parameters: Mapping[str, object]
    targets: tuple[TargetReport, ...]
    coverage: Coverage
    counts: tuple[RuleCount, ...]
    gaps: tuple[GapReport, ...]
    findings: Findings
    controls: tuple[ControlResult, ...]
    gate: GateResult
    rules: Mapping[str, RuleInfo]
    tallies: Mapping[tuple[str, str], int]
    digest: str
    baseline: Baseline | None = None
    bug: str = ""
