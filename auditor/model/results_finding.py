"""One finding as ``results.json`` holds it; the rest of the contract is in :mod:`.results`."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from auditor.model.enums import Confidence, Severity, Verdict


def says(description: str, ge: int | None = None, le: int | None = None) -> Meta:
    """Describe a field for the schema, with the least and the greatest value that it may have."""
    if le is None:
        return Meta(description=description, ge=ge)
    return Meta(description=description, ge=ge, le=le)


Digest = Annotated[str, Meta(extra_json_schema={"pattern": "^sha256:[0-9a-f]{64}$"})]
Fingerprint = Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9a-f]{64}$"})]
CauseDigest = Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9a-f]{16}$"})]
RuleId = Annotated[str, Meta(extra_json_schema={"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"})]
Flag = Annotated[bool, Meta(extra_json_schema={"const": True})]
"""A field that is true, or absent."""


class ResourceRef(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Which resource a finding is about, and where it was read."""

    target: str
    kind: str
    namespace: str
    name: str
    uid: str
    file: Annotated[
        str,
        says(
            "File relative to the target, that of the decisive field; of a live target the request "
            "that it was in the answer to."
        ),
    ]
    rendered: Annotated[
        str,
        says(
            "Folder relative to the target that the resource was rendered from, or the compose "
            "file that includes it; `file` and `line` are those of its template then. Absent for "
            "what was read as it stands."
        ),
    ] = ""
    line: Annotated[int, says("Line of the decisive field; absent when it is not known.", ge=1)] = 0

    @property
    def location(self) -> str:
        """``file:line`` for a person to read, and what it was rendered from."""
        found = f"{self.file}:{self.line}" if self.line else self.file
        return f"{found} (rendered from {self.rendered})" if self.rendered else found


class Observed(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One value that the condition read."""

    path: Annotated[str, says("JSON pointer (RFC 6901) in the resource, or in the fact.")]
    fact: Annotated[
        str,
        says(
            "The kind of the fact, when the value was derived and stands nowhere in the resource."
        ),
    ] = ""
    value: Annotated[
        Any,
        says("Absent when the field was. Of a long text the line that decided, with its number."),
    ] = UNSET
    file: Annotated[
        str,
        says(
            "The file that it stands in, where that is another one than the resource begins in, as "
            "with several compose files of one project."
        ),
    ] = ""
    line: Annotated[int, Meta(ge=1)] = 0
    of: Annotated[
        Annotated[int, Meta(ge=0)] | UnsetType,
        says(
            "Index into `related`: the resource that the value was read of. Absent: "
            "the finding's own."
        ),
    ] = UNSET


class Waiver(msgspec.Struct, frozen=True):
    """An owned, dated and approved acceptance of a failing finding."""

    id: str
    owner: str
    reason: str
    approved_by: str
    expires: str


class FindingState(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a finding is compared by with the same one of an earlier run."""

    fingerprint: Annotated[
        Fingerprint,
        says(
            "sha256 of rule, target uid, resource path and element, which is told by "
            "its name, else by what it is: no line, no message, no place in a list."
        ),
    ]
    verdict: Verdict
    severity: Severity
    causes: Annotated[
        tuple[CauseDigest, ...],
        says(
            "One digest for each value that made it fail. A finding that an earlier "
            "run had is new when it has a cause that it had not then."
        ),
    ] = ()


class FindingSummary(FindingState, frozen=True, gc=False, kw_only=True):
    """A finding as far as a list of differences needs it."""

    rule: str
    resource: ResourceRef
    element: str
    message: str
    covers: Annotated[int, says("Resources that this one finding stands for.", ge=1)]


class Finding(FindingSummary, frozen=True, gc=False, kw_only=True):
    """What one rule says of one resource, or of one element of it."""

    confidence: Confidence
    heuristic: Annotated[
        Flag,
        says(
            "The resource was recognised by its shape, not by a declared path; or what it lacks "
            "was looked for in files, beside which others may stand."
        ),
    ] = False
    related: Annotated[
        tuple[ResourceRef, ...],
        says("Other resources that the verdict rests on."),
    ] = ()
    observed: Annotated[
        tuple[Observed, ...],
        says("The values that the condition read and that decided."),
    ]
    covered_by: Annotated[
        RuleId,
        says(
            "The rule of a finding on the same element that is as bad or worse and contains "
            "this one: the gate does not count it."
        ),
    ] = ""
    new: Annotated[
        Flag,
        says("The baseline of this run does not have it, or had it milder, or for fewer causes."),
    ] = False
    differs: Annotated[
        Flag,
        says(
            "Only pods are so, and not the template of their owner that was read: "
            "something changed them when they were made."
        ),
    ] = False
    controls: tuple[str, ...]
    evidence: tuple[Digest, ...]
    waiver: Annotated[Waiver | None, says("The acceptance that covers it; null when none does.")]
