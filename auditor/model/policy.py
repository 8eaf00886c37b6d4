"""What is asked: rules, controls and profiles, as written in policy files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from auditor.errors import Location
from auditor.model.enums import About, Basis, Confidence, Decider, Severity, Verdict

LARGEST_FILE = 1 << 20
"""Bytes that a policy file has at most."""


class Parameter(msgspec.Struct, frozen=True):
    """A typed knob of a rule, referred to as ``params.<name>``.

    ``type`` is one of ``bool``, ``int``, ``string``, ``list(string)``, or that of the versions of a
    platform, of which ``newest`` is the newest that rules know; a version reaches the expression as
    its minor number (``1.30`` is 30, ``latest`` the newest).
    """

    name: str
    type: str
    default: object
    description: str
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    newest: str = ""


class Example(msgspec.Struct, frozen=True):
    """One sample that a rule's author vouches for; ``body`` is the whole object as JSON.

    For a rule with ``each``, ``expect`` is the worst verdict of its elements.
    """

    name: str
    expect: Verdict
    body: bytes
    parameters: Mapping[str, object]
    location: Location


class Expression(msgspec.Struct, frozen=True):
    """A CEL source, and where its characters stand in the policy file.

    ``segments`` are the stretches of the source that stand in one line of the file, in order:
    (offset in the source, line, column). YAML folds lines and has escapes, so there can be many.
    """

    source: str
    location: Location
    segments: tuple[tuple[int, int, int], ...] = ()

    def locate(self, offset: int) -> Location:
        """The place in the file of a character of the source."""
        start, line, column = self._segment(offset)
        return Location(self.location.file, line, column + offset - start)

    def excerpt(self, offset: int) -> str:
        """The part of the source on the file's line of that character, and a caret below it."""
        line = self._segment(offset)[1]
        segments = self.segments or (self._segment(offset),)
        start = min(begin for begin, row, _ in segments if row == line)
        end = min((begin for begin, row, _ in segments if row > line), default=len(self.source))
        text = self.source[start:end].rstrip()
        return f"{text}\n{' ' * (offset - start)}^"

    def _segment(self, offset: int) -> tuple[int, int, int]:
        before = [segment for segment in self.segments if segment[0] <= offset]
        return before[-1] if before else (0, self.location.line, self.location.column)


class Equivalent(msgspec.Struct, frozen=True):
    """A change of a condition that no example can notice, and why; see ``rules test``."""

    change: str
    reason: str


class Rule(msgspec.Struct, frozen=True):
    """One check. ``message`` holds CEL in braces: ``container {item.name} is privileged``.

    ``covered_by`` are the ids of rules that say something worse of the same element: where one of
    them fails, this rule's finding says nothing new.

    A rule ``about`` files is no reason to read anything from a live target.
    """

    id: str
    title: str
    severity: Severity
    confidence: Confidence
    applies_to: tuple[str, ...]
    check: Expression
    message: Expression
    each: Expression | None
    when: Expression | None
    needs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    rationale: str
    remediation: str
    references: tuple[str, ...]
    controls: tuple[str, ...]
    tags: tuple[str, ...]
    aliases: tuple[str, ...]
    examples: tuple[Example, ...]
    location: Location
    equivalent: tuple[Equivalent, ...] = ()
    about: About = About.OBJECTS
    covered_by: tuple[str, ...] = ()


class Framework(msgspec.Struct, frozen=True, omit_defaults=True):
    """A collection of controls, such as a benchmark; ``version`` is its edition, "" for none.

    ``unreviewed`` says on what the mapping rests where nobody has compared it with the text, ""
    where somebody has. ``dated`` is the day on which its source was looked at. ``total`` is how
    many controls it has in all, 0 where that is not known, and ``rest`` why those that are not
    listed are not. One that is ``selected_only`` is in reports of profiles that select by it.
    """

    id: str
    title: str
    url: str
    version: str
    mapping: Basis = Basis.CHECKS
    unreviewed: str = ""
    dated: str = ""
    total: int = 0
    rest: str = ""
    selected_only: bool = False


class Control(msgspec.Struct, frozen=True):
    """A framework's requirement; ``rules`` are the ids of the rules that map to it.

    ``decided_by`` says what would decide it where rules can't, and ``question`` what to ask a
    person until then; None and "" where rules do. ``through`` are other controls, as
    ``framework:id``, whose rules are among ``rules``. ``left_out`` says why no rule speaks to it.
    """

    framework: str
    id: str
    title: str
    rules: tuple[str, ...]
    decided_by: Decider | None = None
    question: str = ""
    through: tuple[str, ...] = ()
    left_out: str = ""
    unreviewed: bool = False
    mapping: Basis = Basis.CHECKS


class Override(msgspec.Struct, frozen=True):
    """A profile's change of a rule's severity, with the reason that a reader will ask for."""

    rule: str
    severity: Severity
    reason: str


class Selection(msgspec.Struct, frozen=True):
    """What a profile takes or leaves: any of ids, tags and controls, narrowed by severity."""

    ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    severity: Severity | None = None


class Profile(msgspec.Struct, frozen=True):
    """A selection of rules with parameters and a gate, as written (``extends`` unresolved).

    ``waiver_days`` is how many a waiver may last, None where it does not say.
    """

    id: str
    title: str
    description: str
    extends: tuple[str, ...]
    select: tuple[Selection, ...]
    exclude: tuple[Selection, ...]
    parameters: Mapping[str, object]
    overrides: tuple[Override, ...]
    gate: str
    location: Location
    waiver_days: int | None = None


def policy_digest(files: Iterable[tuple[int, str, str]]) -> str:
    """Tell policies apart: by the folder, the name in it and the sha256 of each file, in order."""
    total = hashlib.sha256()
    for folder, name, content in files:
        total.update(f"{folder}\0{name}\0{content}\n".encode())
    return f"sha256:{total.hexdigest()}"
