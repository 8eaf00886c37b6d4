"""An object of Kubernetes that makes pods and does not say which: one gap, not a doubt a rule.

No API server takes a Deployment without ``spec.template.spec``, so it is a part of one: a patch, a
draft, a template that lost its text. Each rule about pods would be undecided for the same reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from auditor.analysis.facts import plain_kind
from auditor.analysis.paths import Segment
from auditor.late import late
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource

_SPEC: Final = late(rb'"spec"\s*:\s*\{')
_HINT: Final = (
    "the API server refuses it as it is; judge a patch together with its base: "
    "kubectl kustomize DIR | auditor scan -"
)


def with_specs(
    resource: Resource, found: Iterator[Resource | Gap], path: Sequence[Segment]
) -> Iterator[Resource | Gap]:
    """Yield what was found of pods at ``path``, with a gap in place of pods without a spec."""
    nothing = True
    for fact in found:
        nothing = False
        if isinstance(fact, Resource) and not _SPEC.search(fact.body):
            yield _missing(resource, (*path, "spec"), " or is not a map")
        else:
            yield fact
    if nothing:
        yield _missing(resource, path)


def _missing(resource: Resource, path: Sequence[Segment], more: str = "") -> Gap:
    """The gap of one kind: nothing but that object is not judged for it."""
    name = f"{resource.namespace}/{resource.name}".removeprefix("/")
    where = f"{resource.source}:{resource.line}" if resource.line else resource.source
    what = f"{plain_kind(resource)} {name}: {'.'.join(map(str, path))} is missing{more}"
    return Gap("", resource.kind, GapCause.MALFORMED, f"{where}: {what}", _HINT)
