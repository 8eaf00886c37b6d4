"""Runs in time: what each of them saw, and what became of each finding.

A run says three things of a finding: it is *open* (listed, and failing), it is *mended* (its rule
was judged on its target, nothing was hidden, and it is not there any more), or nothing at all. The
third is never taken for the second: see :mod:`auditor.history.course`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from auditor.model.enums import Severity, TargetState, Verdict

ALL_RULES: Final = "*"
"""In place of a rule: whatever the rule, it could not be told."""
NAMELESS: Final = frozenset({"", "files", "unreachable"})
"""What stands for the identity of a target that has none, or did not tell it."""


class Hidden(msgspec.Struct, frozen=True, order=True):
    """What kept ``rules`` from being judged on a target in full, in words.

    ``design``: it is never read of such a target, by nobody's fault.
    """

    why: str
    rules: tuple[str, ...]
    design: bool = False


class TargetSeen(msgspec.Struct, frozen=True):
    """A target in one run. ``globs`` are those of ``--exclude`` that left something out."""

    uri: str
    uid: str
    state: TargetState
    hidden: tuple[Hidden, ...] = ()
    globs: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """What tells it from other targets: what it says it is, else by what name it was asked.

        A cluster is the same by whatever name it was reached; of files there is but the path.
        """
        return self.uri if self.uid in NAMELESS else self.uid


class FindingSeen(msgspec.Struct, frozen=True):
    """A finding in one run that fails, or could not be decided. ``target`` is a place in a list.

    ``owner`` is who accepted it, else whose the target is by its label ``owner``; "" for nobody.
    """

    target: int
    fingerprint: str
    rule: str
    kind: str
    namespace: str
    name: str
    element: str
    verdict: Verdict
    severity: Severity
    owner: str = ""


class Judging(msgspec.Struct, frozen=True):
    """What verdicts depend on besides the targets; ``rules`` are those of the profile."""

    version: str
    profile: str
    parameters: str
    policy: str
    rules: tuple[str, ...]


class RunSeen(msgspec.Struct, frozen=True):
    """One run as a history holds it.

    ``manifest`` is the sha256 of its bundle's manifest, by which it is known. ``key`` is the key
    that stands for the bundle, "" where nobody that was trusted does.
    """

    manifest: str
    run: str
    started: str
    finished: str
    decision: str
    key: str
    judging: Judging
    targets: tuple[TargetSeen, ...]
    findings: tuple[FindingSeen, ...]

    def only(self, text: str) -> RunSeen:
        """What it says of targets whose names contain a text; maybe of none."""
        kept = [place for place, each in enumerate(self.targets) if text in each.uri]
        places = {old: new for new, old in enumerate(kept)}
        return msgspec.structs.replace(
            self,
            targets=tuple(self.targets[place] for place in kept),
            findings=tuple(
                msgspec.structs.replace(each, target=places[each.target])
                for each in self.findings
                if each.target in places
            ),
        )


class FindingCourseState(StrEnum):
    """What is known of a finding now."""

    OPEN = "open"
    UNSEEN = "unseen"
    MENDED = "mended"


class FindingCourse(msgspec.Struct, frozen=True):
    """What became of one finding. All moments are ends of runs; "" where there was none.

    ``uid`` is what tells the target from others, ``target`` how it was called last. ``decided`` is
    that of the last run that could tell. ``why`` says why the latest could not, of what is
    ``unseen``. ``otherwise``: when it was mended, another program, policy or profile judged than
    when it was open, so that it may be there still.
    """

    target: str
    uid: str
    fingerprint: str
    rule: str
    kind: str
    namespace: str
    name: str
    element: str
    severity: Severity
    owner: str
    state: FindingCourseState
    first_seen: str
    last_seen: str
    mended: str
    decided: str
    reopened: int
    why: str
    otherwise: bool


class TrendPoint(msgspec.Struct, frozen=True):
    """One run: what it changed, and what is known after it of all targets until then.

    ``undecided`` findings are those of this run alone; ``missing`` are targets that ran together
    with one of its targets before.
    """

    manifest: str
    run: str
    finished: str
    profile: str
    key: str
    targets: int
    missing: tuple[str, ...]
    new: int
    reopened: int
    mended: int
    undecided: int
    open: int
    unseen: int


class Trend(msgspec.Struct, frozen=True):
    """Runs in time, and the course of each finding, by target, rule and place."""

    points: tuple[TrendPoint, ...]
    findings: tuple[FindingCourse, ...]
