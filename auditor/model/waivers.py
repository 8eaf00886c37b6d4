"""What was accepted, by whom and until when: the entries of a file of waivers, and what of them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Final

import msgspec

from auditor.model.results_finding import FindingSummary, Waiver, says
from auditor.model.terms import TermState, state_on

MANY: Final = 50
"""Findings from which a waiver is broad, whatever it names."""


WaiverState = TermState
"""Whether a waiver counts on the day of a run."""


class Selector(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which findings of its rule a waiver is about: what is given has to fit, as a glob.

    ``kind`` is with or without its platform, ``element`` as a finding has it (``container main``),
    ``file`` relative to the target; ``fingerprint`` is one finding and no glob.
    """

    target: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    element: str = ""
    file: str = ""
    fingerprint: str = ""

    @property
    def is_broad(self) -> bool:
        """Whether it names neither objects nor files: then it is about a whole target."""
        return not any(
            each.strip("*?")
            for each in (self.namespace, self.name, self.element, self.file, self.fingerprint)
        )

    def is_about(self, uri: str) -> bool:
        """Say whether it can be about a finding of a target."""
        return not self.target or fnmatchcase(uri, self.target)

    def fits(self, finding: FindingSummary) -> bool:
        """Say whether a finding is one of those."""
        found = finding.resource
        pairs = (
            (self.target, found.target),
            (self.namespace, found.namespace),
            (self.name, found.name),
            (self.element, finding.element),
            (self.file, found.file),
        )
        if self.fingerprint and self.fingerprint != finding.fingerprint:
            return False
        kinds = (found.kind, found.kind.partition("/")[2])
        if self.kind and not any(fnmatchcase(each, self.kind) for each in kinds):
            return False
        return all(fnmatchcase(value, glob) for glob, value in pairs if glob)


class WaiverEntry(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One waiver; days are as 2026-11-30, and on the day of its end it counts no more."""

    id: str
    rule: str
    select: Selector
    reason: str
    owner: str
    approved_by: str
    created: str
    expires: str
    ticket: str = ""

    def state(self, day: str, soon: str) -> WaiverState:
        """Whether it counts on a day; ``soon`` is the day from whose eve on it is expiring."""
        return state_on(self.created, self.expires, day, soon)

    @property
    def mark(self) -> Waiver:
        """What a finding that it covers carries."""
        return Waiver(self.id, self.owner, self.reason, self.approved_by, self.expires)


class WaiverResult(msgspec.Struct, frozen=True, kw_only=True):
    """A waiver of the run, and what it came to."""

    id: str
    rule: str
    select: Annotated[Selector, says("What of the rule's findings it is about; globs.")]
    reason: str
    owner: str
    approved_by: str
    created: str
    expires: Annotated[str, says("The first day, in UTC, on which it does not count any more.")]
    ticket: str
    state: Annotated[
        WaiverState,
        says("active; expiring, within 30 days; expired; pending, as it begins later."),
    ]
    findings: Annotated[
        int,
        says("Failing findings that it covers, or would if it counted. 0: it is not used.", ge=0),
    ]
    broad: Annotated[
        bool, says("It names neither objects nor files, or covers 50 findings and more.")
    ]
