"""Judges what only changes another object, as a patch does: what is written can fail, nothing else.

Here are a rule on privileged containers and one on memory limits, on three patches::

    securityContext: {privileged: true}     fails          does not apply: no limit is written
    securityContext: {privileged: false}    not applicable: the rest of the container is not known
    image: r.io/a:2                         not applicable

So a failure stands when all that decided it is written. A pass would be said of an object that was
not read, and that a condition can't be evaluated, or can't decide, for fields none of which is
there says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from auditor.engine.judge import Judge
from auditor.engine.outcome import Judgement, Outcome
from auditor.engine.tally import lane
from auditor.model.enums import Verdict
from auditor.platforms.shape import Shape
from auditor.policy.compiled import ActiveRule

_ABSENT: Final = ("not decided: no such key", "not decided: index out of bounds")
"""How a rule says that it reads a field, or an element, that is not there."""


class Partial:
    """The rules of a kind, for bodies that are not whole; made ready when the first one comes."""

    def __init__(
        self, rules: Sequence[tuple[int, ActiveRule]], shape: Shape, *, listed: frozenset[int]
    ) -> None:
        self._rules = rules
        self._shape = shape
        self._listed = listed

    @cached_property
    def _judge(self) -> Judge:
        every = frozenset(index for index, _ in self._rules)
        return Judge(self._rules, self._shape, list_all=every)

    def judge(self, body: dict[str, object], *, templated: bool) -> Judgement:
        """Judge one prepared body; see :meth:`auditor.engine.judge.Judge.judge`."""
        outcomes: list[Outcome] = []
        tally = 0
        for outcome in self._judge.judge(body, templated=templated).outcomes:
            stands = _stands(outcome)
            verdict = outcome.verdict if stands else Verdict.NOT_APPLICABLE
            tally += lane(outcome.rule, verdict)
            if stands:
                outcomes.append(outcome)
            elif outcome.rule in self._listed:
                outcomes.append(_inapplicable(outcome))
        return Judgement(tuple(outcomes), (tally,))


def _stands(outcome: Outcome) -> bool:
    """Whether a verdict rests on what is written alone."""
    match outcome.verdict:
        case Verdict.FAIL:
            return all(seen.value for seen in outcome.observed)
        case Verdict.UNKNOWN:
            # a rule that can't decide for what is not written says nothing either
            nothing = outcome.observed and not any(seen.value for seen in outcome.observed)
            return not nothing and not outcome.message.startswith(_ABSENT)
        case _:
            return False


def _inapplicable(outcome: Outcome) -> Outcome:
    unit = (outcome.element, outcome.at, "", (), outcome.key)
    return Outcome(outcome.rule, Verdict.NOT_APPLICABLE, *unit)
