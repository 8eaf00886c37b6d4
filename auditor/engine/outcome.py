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

    ``outcomes`` are those to be listed; ``tally`` counts all of them (:mod:`auditor.engine.tally`).
    ``blanks`` are the numbers of those whose messages lack a name (:mod:`auditor.engine.naming`).
    """

    outcomes: tuple[Outcome, ...]
    tally: int
    blanks: tuple[int, ...] = ()
