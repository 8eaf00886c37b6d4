"""The results contract, version 1: what ``results.json`` holds, field by field.

The structs of this module and of :mod:`auditor.model.results_finding` (one finding) are the only
definition of the file. ``reports/results.py`` encodes them,
``auditor/evidence/compare.py`` decodes them, and ``policies/schema/results.v1.schema.json`` is
generated from them (``make docs``), descriptions included. How the file is laid out in lines is in
:mod:`auditor.model.results_layout`.

Within a version a field may be added; none is removed or changes its meaning. A field with a
default is optional in the schema; all others are always written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from auditor.model.answers import AnswerResult
from auditor.model.enums import ControlState, Decision, GapCause, TargetState
from auditor.model.policy import Framework
from auditor.model.resource import LeftOut, Some
from auditor.model.results_finding import Digest, Finding, Fingerprint, says
from auditor.model.waivers import WaiverResult

SCHEMA: Final = "results/v1"

FINGERPRINTS: Final = 2
"""How findings are told apart. Another number, and no fingerprint compares with one of ours."""

Count = Annotated[int, Meta(ge=0)]
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class Tool(msgspec.Struct, frozen=True):
    """Which program judged, by which policy."""

    name: Literal["auditor"]
    version: str
    policy: Annotated[Digest, says("Digest of all policy files.")]
    fingerprints: Annotated[
        int,
        says(
            "How findings are told apart: fingerprints compare only with those of the "
            "same number. Absent: 1.",
            ge=2,
        ),
    ] = 1


class Identity(msgspec.Struct, frozen=True):
    """As whom a target was read."""

    target: str
    principal: str


class Run(msgspec.Struct, frozen=True):
    """When the run was, and as whom its targets were read."""

    id: str
    started: Moment
    finished: Moment
    identity: Annotated[
        tuple[Identity, ...],
        says("As whom each target was read; empty for files."),
    ]


class ProfileRef(msgspec.Struct, frozen=True):
    """The profile that was judged by, with its parameters."""

    id: str
    parameters: Mapping[str, Any]


class ExcludedReport(msgspec.Struct, frozen=True):
    """What of a target is not read by design, with the ids of the rules that rest on it."""

    kind: str
    reason: str
    rules: Annotated[
        tuple[str, ...],
        says("Rules that rest on this kind: each counts one unknown for it."),
    ]


class PassedFiles(msgspec.Struct, frozen=True):
    """Files that were not read because of their suffix."""

    count: Count
    suffixes: Annotated[
        Mapping[str, Annotated[int, Meta(ge=1)]],
        says(
            "Files by how their names end, the commonest; those without a suffix are "
            "under an empty one."
        ),
    ]


class Passed(msgspec.Struct, frozen=True):
    """What of a target of files was not read for what it is called: no gap."""

    hidden: Annotated[Some, says("Folders whose names begin with a dot.")]
    linked: Annotated[Some, says("Links to what is read in its own place.")]
    files: PassedFiles
    excluded: Annotated[
        tuple[LeftOut, ...],
        says("What a person left out, by each glob of --exclude, in their order."),
    ] = ()


class TargetResult(msgspec.Struct, frozen=True):
    """A target, and how much of it was read."""

    uri: str
    uid: str
    version: str
    state: TargetState
    files: Count
    skipped: Annotated[Count, says("Documents that are not resources.")]
    excluded: Annotated[
        tuple[ExcludedReport, ...],
        says("Kinds that rules are about and that are not read by design."),
    ]
    notes: Annotated[
        tuple[str, ...],
        says(
            "What is to be said of how it was read, and is not a gap: a list that "
            "expired and went on at a later moment."
        ),
    ]
    others: Annotated[Some, says("Documents that are not resources, the first by file and line.")]
    passed: Passed
    labels: Annotated[
        Mapping[str, str] | UnsetType,
        says("What the configuration calls the target besides; absent where it says nothing."),
    ] = UNSET


class KindCount(msgspec.Struct, frozen=True, gc=False):
    """How many resources of a kind there were."""

    seen: Count
    evaluated: Count
    excluded: Annotated[
        Count,
        says("Always 0: of files that are left out it is not known what they hold."),
    ]


class RuleCoverage(msgspec.Struct, frozen=True, gc=False):
    """How many rules could be decided."""

    evaluated: Count
    blind: Annotated[
        Count,
        says("Rules without a verdict on some target, or that decided nothing."),
    ]
    excluded: Annotated[
        Count,
        says("Rules that are not blind, and rest on a kind that a target does not give by design."),
    ]


class CoverageResult(msgspec.Struct, frozen=True):
    """How much was looked at."""

    resources: Mapping[str, KindCount]
    rules: RuleCoverage
    ignored: Annotated[
        Mapping[str, Annotated[int, Meta(ge=1)]],
        says(
            "Kinds that were read and that no rule of the profile looks at, with how "
            "many there are."
        ),
    ]
    ratio: Annotated[
        float,
        says(
            "Decided checks of all checks; a kind of which a rule saw nothing is one "
            "that was not decided.",
            ge=0,
            le=1,
        ),
    ]


class GapResult(msgspec.Struct, frozen=True):
    """Something that should have been read and was not."""

    target: str
    scope: Annotated[
        str,
        says(
            "A resource kind, a path relative to the target, or the URI of the target: all of it."
        ),
    ]
    cause: GapCause
    detail: str
    hint: str
    line: Count
    namespace: Annotated[
        str,
        says("The namespace that was not read; empty: none in particular."),
    ]
    rules: Annotated[tuple[str, ...], says("Rules that this gap blinds.")]


class TargetControl(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The state of a control on one target."""

    target: str
    state: ControlState
    why: Annotated[str, says("Why it is in this state, where that is not as of the run.")] = ""


class ControlResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state of one control of a framework, over the run and on each target.

    It is supported, and never satisfied, where the mapping of its framework is our own.
    """

    framework: str
    id: str
    title: str
    state: ControlState
    findings: Annotated[
        tuple[Fingerprint, ...],
        says("Fingerprints of findings that decided the state, 200 a rule at most."),
    ]
    targets: Annotated[
        tuple[TargetControl, ...],
        says("The state on each target of the run, in their order."),
    ]
    why: Annotated[
        str,
        says("What decided the state, what is not known, or what a person has to answer."),
    ] = ""
    rules: Annotated[
        tuple[str, ...], says("The rules of the profile that speak to the control.")
    ] = ()
    unreviewed: Annotated[
        bool,
        says("Nobody has compared the mapping of its rules with the framework's text."),
    ] = False


class Counts(msgspec.Struct, frozen=True, gc=False, rename="kebab"):
    """How often a rule said what."""

    passed: Count = msgspec.field(name="pass")
    fail: Count
    unknown: Count
    not_applicable: Count
    manual: Count


class GateResult(msgspec.Struct, frozen=True):
    """The decision, the reasons in plain words, and the exit code that follows."""

    expression: str
    decision: Decision
    reasons: tuple[str, ...]
    exit: Literal[0, 1, 3]


class ConfigurationFile(msgspec.Struct, frozen=True):
    """The configuration file that the run went by; absent where it went by options alone.

    Options say more than it where both say something.
    """

    file: Annotated[str, says("Its path, as the command found it or was given it.")]
    digest: Annotated[Digest, says("Digest of its bytes.")]


class Baseline(msgspec.Struct, frozen=True):
    """The earlier run whose findings the gate did not count; absent when there was none.

    ``manifest`` is the digest of its bundle's manifest. ``known`` findings are as they were then,
    or milder; ``new`` fail or are undecided now and were not so then; ``gone`` were so then, and
    are not found now.
    """

    run: str
    manifest: Digest
    known: Count
    new: Count
    gone: Annotated[
        Count | UnsetType,
        says("Findings of then that are none now: mended, or not read. Absent: not counted."),
    ] = UNSET


class ListedFact(msgspec.Struct, frozen=True, gc=False):
    """What was derived of many objects, and is listed whatever rules say of it."""

    target: str
    key: Annotated[tuple[str, ...], says("What tells it from others of its kind and target.")]
    body: Annotated[Any, says("The fact: an object, in the form of its kind.")]


class ResultsHead(msgspec.Struct, frozen=True, kw_only=True):
    """What is decided of one run as a whole: all but its findings and the states of its controls.

    Of findings there may be a million, and a control has a state on each of ten thousand targets.
    """

    schema: Literal["results/v1"]
    tool: Tool
    run: Run
    profile: ProfileRef
    frameworks: Annotated[tuple[Framework, ...], says("The frameworks that `controls` are of.")]
    targets: tuple[TargetResult, ...]
    coverage: CoverageResult
    gaps: tuple[GapResult, ...]
    counts: Annotated[
        Mapping[str, Counts],
        says(
            "Verdicts by rule, one for each resource or element, before findings of "
            "one owner are joined."
        ),
    ]
    gate: GateResult
    configuration: ConfigurationFile | UnsetType = UNSET
    baseline: Baseline | UnsetType = UNSET
    waivers: Annotated[
        tuple[WaiverResult, ...] | UnsetType,
        says("The waivers of the run and what they came to; absent where it had none to go by."),
    ] = UNSET
    answers: Annotated[
        tuple[AnswerResult, ...] | UnsetType,
        says("What people answered of controls, and what it came to; absent: no file of answers."),
    ] = UNSET
    facts: Annotated[
        Mapping[str, tuple[ListedFact, ...]] | UnsetType,
        says(
            "Facts by their kind, in the order of targets and keys: who shares a GPU with "
            "whom (gpu/Device), by what tenants are told (gpu/Tenancy), what of it they may "
            "write (gpu/Writer), GPUs that several targets tell of (gpu/JoinedDevice), "
            "which nodes are which machines (gpu/Join), what is between workloads and the "
            "hardware (isolation/Chain), what roles give to whom (k8s/RoleGrants), what can reach "
            "what in a network (network/Reach) and whether its policies are enforced "
            "(network/Enforcement). Absent where there are none."
        ),
    ] = UNSET


class Results(ResultsHead, frozen=True, kw_only=True):
    """Everything decided in one run but its findings, of which there may be a million."""

    controls: tuple[ControlResult, ...]


class Document(Results, frozen=True, kw_only=True):
    """Everything decided in one run.

    A field may be added within a version; none is removed or changes its meaning.
    """

    findings: Annotated[
        tuple[Finding, ...],
        says(
            "fail, then unknown, each from critical to info; passes and not-applicable "
            "only with --all."
        ),
    ]
