"""What a rule said of a slice, before it is known which resources have that slice."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.model.enums import Verdict

BodyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """One observed value: its path in the body, and its JSON text ("" when the field is absent)."""

    path: BodyPath
    value: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One verdict of a rule (an index into the profile's rules) on a body or one of its elements.

    ``at`` is the path of the element, () for a rule without ``each``.
    """

    rule: int
    verdict: Verdict
    element: str
    at: BodyPath
    message: str
    observed: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that a group of rules says of one slice.

    ``outcomes`` are those to be listed; ``tally`` counts all of them (:mod:`auditor.engine.tally`).
    """

    outcomes: tuple[Outcome, ...]
    tally: int
