"""What a finding is about, in words: its subject, the others it rests on, what was read."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from auditor.model.results_finding import Finding, Observed, ResourceRef
from reports.once import once

SHOWN_RELATED = 3
_LONGEST = 100


def named(resource: ResourceRef) -> str:
    """Name a resource by its kind, as people call it, and its name."""
    kind = resource.kind.rpartition("/")[2].partition(".")[0]
    name = f"{resource.namespace}/{resource.name}" if resource.namespace else resource.name
    return f"{kind} {name}"


@once
def subject(finding: Finding) -> str:
    """Say whom a finding is about, and what is particular about it."""
    where = named(finding.resource)
    if finding.element:
        where += f", {finding.element}"
    if finding.covers > 1:
        where += f" (covers {finding.covers})"
    if finding.differs:
        where += " (only its pods: they differ from the template)"
    if finding.heuristic:
        where += " (heuristic)"
    if finding.covered_by:
        where += f" (covered by {finding.covered_by})"
    return f"{where} (new)" if finding.new else where


def location_of(resource: ResourceRef, *, many_targets: bool) -> str:
    """Say where a resource stands; of several targets also in which."""
    return f"{resource.target} {resource.location}" if many_targets else resource.location


def related(finding: Finding, *, many_targets: bool) -> Iterator[str]:
    """Name the other resources that a finding rests on, the first few with their places."""
    for other in finding.related[:SHOWN_RELATED]:
        yield f"with {named(other)}  {location_of(other, many_targets=many_targets)}"
    more = len(finding.related) - SHOWN_RELATED
    if more > 0:
        yield f"with {more} more"


def observed(finding: Finding, item: Observed) -> str:
    """Say what was read, where it is, and of whom when that is not the subject."""
    path = f"{item.path} (derived)" if item.fact else item.path
    if not isinstance(item.of, msgspec.UnsetType):
        path += f" of {named(finding.related[item.of])}"
    return f"{path} {_value(item)}"


@once
def observations(finding: Finding) -> tuple[str, ...]:
    """Say of each value that was read what :func:`observed` does."""
    return tuple(observed(finding, item) for item in finding.observed)


def _value(item: Observed) -> str:
    if item.value is msgspec.UNSET:
        return "is not set"
    text = msgspec.json.encode(item.value).decode()
    return f"= {text if len(text) <= _LONGEST else text[: _LONGEST - 3] + '...'}"
