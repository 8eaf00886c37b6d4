"""What was decided in a run: the report, with what its formats need beyond the results contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Protocol

import msgspec

from auditor.model.answers import AnswerResult
from auditor.model.enums import TargetState
from auditor.model.policy import Framework
from auditor.model.resource import NONE_OF_IT, Gap, PassedOver, Some
from auditor.model.results import (
    Baseline,
    ConfigurationFile,
    ControlResult,
    ExcludedReport,
    GateResult,
    ListedFact,
)
from auditor.model.results_finding import Finding
from auditor.model.waivers import WaiverResult


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


class TargetReport(msgspec.Struct, frozen=True):
    """A target as it went: ``files`` were read, ``skipped`` documents were not resources.

    ``principal`` is as whom it was read, ``excluded`` what of it is not read by design, ``notes``
    what else is to be said of how it was read. ``others`` are documents of files that are no
    objects, by their places; ``passed`` is what was not read for what it is called. ``place`` is
    the folder where what was read before is kept, "" for what was read now. ``labels`` are what a
    person calls it besides.
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
    others: Some = NONE_OF_IT
    passed: PassedOver = PassedOver()
    place: str = ""
    labels: Mapping[str, str] = MappingProxyType({})


class RuleInfo(msgspec.Struct, frozen=True):
    """What a report needs to say about a rule without loading the policy again."""

    id: str
    title: str
    severity: str
    remediation: str
    rationale: str = ""


class Report(msgspec.Struct, frozen=True):
    """Everything decided in one run.

    ``tallies`` maps (verdict, severity) to the number of findings that the run lists. ``digest`` is
    the sha256 of the findings, gaps and counts: equal for equal input, whenever and however run.
    ``bug`` is a traceback of what nobody foresaw, "" for none: of gaps that are our bug the first.
    ``configuration`` is the file that said what options did not, None for none.
    ``facts`` are those that are listed, by their kind. ``waivers`` and ``answers`` are None where
    there was no file of them; ``waived`` maps (verdict, severity) to the number of findings that
    waivers cover.
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
    frameworks: tuple[Framework, ...] = ()
    baseline: Baseline | None = None
    waivers: tuple[WaiverResult, ...] | None = None
    answers: tuple[AnswerResult, ...] | None = None
    waived: Mapping[tuple[str, str], int] = MappingProxyType({})
    configuration: ConfigurationFile | None = None
    bug: str = ""
    facts: Mapping[str, tuple[ListedFact, ...]] = MappingProxyType({})
