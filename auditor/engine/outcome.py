"""What a rule said of a slice, before it is known which resources have that slice."""

from __future__ import annotations

import msgspec

from auditor.model.enums import Verdict

BodyPath = tuple[str | int, ...]


class Seen(msgspec.Struct, frozen=True, gc=False):
    """One observed value: its path in the body, and its JSON text ("" when the field is absent)."""

    path: BodyPath
    value: str


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """One verdict of a rule (an index into the profile's rules) on a body or one of its elements.

    ``at`` is the path of the element, () for a rule without ``each``; ``key`` is what tells it from
    the others, wherever it stands, and ``element`` names it for people. ``causes`` stand for all
    that made it fail, see :mod:`auditor.engine.causes`.
    """

    rule: int
    verdict: Verdict
    element: str
    at: BodyPath
    message: str
    observed: tuple[Seen, ...]
    key: str = ""
    causes: tuple[str, ...] = ()


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """All that a group of rules says of one slice.

    ``outcomes`` are those to be listed; ``tallies`` together count all of them: one for each set of
    rules on each of its elements, of which judgements that are alike share the integers, since one
    with a lane for each of hundreds of rules has kilobytes (:mod:`auditor.engine.tally`).
    ``blanks`` are the numbers of the outcomes whose messages lack a name
    (:mod:`auditor.engine.naming`).
    """

    outcomes: tuple[Outcome, ...]
    tallies: tuple[int, ...]
    blanks: tuple[int, ...] = ()

    @property
    def tally(self) -> int:
        """Count all verdicts."""
        return sum(self.tallies)
