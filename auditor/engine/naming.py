"""Names of what findings are about, which are put into their messages last.

Whether a rule fails never hangs on whom it is about, but most messages say it. So what a rule says
is remembered with a blank in place of the name, by a slice that does not have it either::

    message of the rule     {object.name} has no memory limit       memory: 0

    container web-1         slice {memory: 0}  judged               web-1 has no memory limit
    container web-2         slice {memory: 0}  remembered: _ has    web-2 has no memory limit

A name is a path that the shape of a kind lists as one, where the message shows nothing else of it
and no other expression of the rule reads it. A blank is half of a surrogate pair, which no text
that was decoded from JSON has in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from auditor.analysis.shapes import quiet
from auditor.cel import Program
from auditor.engine.causes import chain_of
from auditor.engine.outcome import Judgement, Outcome
from auditor.engine.paths import plain_paths
from auditor.engine.slices import WHOLE, Slicer, at_path, touches, unite
from auditor.late import late
from auditor.platforms.shape import Path, Shape
from auditor.policy.compiled import ActiveRule, MessageTemplate

_FIRST: Final = 0xD800
_BLANK: Final = late("[\ud800-\udbff]")


class Naming:
    """What is left blank in the messages of the rules of one kind, and how it is put in."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._names: dict[str, MessageTemplate] = {}
        self._paths: set[Path] = set()
        self._slicer: Slicer | None = None

    def without(self, rule: ActiveRule) -> ActiveRule:
        """The rule with blanks in its message."""
        parts = [
            part if isinstance(part, str) or not self._is_name(rule, part) else self._blank(part)
            for part in rule.message.parts
        ]
        if tuple(parts) == rule.message.parts:
            return rule
        return msgspec.structs.replace(rule, message=MessageTemplate(_joined(parts)))

    def _is_name(self, rule: ActiveRule, part: Program) -> bool:
        """Whether a part of a message only says whom it is about."""
        chain = chain_of(part)
        if chain is None or chain[0] or chain[1] not in self._shape.names:
            return False
        if plain_paths(part.source) != (chain[1],):
            return False
        others = (rule.each, rule.when, rule.check)
        trees = (each.reads.get("object") for each in others if each is not None)
        return not any(touches(tree, chain[1]) for tree in trees if tree is not None)

    def _blank(self, part: Program) -> str:
        source = part.source.strip()
        if source not in self._names:
            self._names[source] = MessageTemplate((part,))
            chain = chain_of(part)
            self._paths.add(chain[1] if chain is not None else ())
        return chr(_FIRST + list(self._names).index(source))

    def marked(self, judgement: Judgement) -> Judgement:
        """The judgement with the numbers of the outcomes in which something is blank."""
        if not self._names:
            return judgement
        blanks = tuple(
            number
            for number, each in enumerate(judgement.outcomes)
            if _BLANK.search(each.message) is not None
        )
        return msgspec.structs.replace(judgement, blanks=blanks) if blanks else judgement

    def named(
        self, judgements: Sequence[Judgement], body: bytes, *, clean: bool
    ) -> tuple[Judgement, ...]:
        """Judgements with the names of a body; secrets are replaced unless it is ``clean``.

        Raises:
            msgspec.DecodeError: the body is not valid JSON.
        """
        if not any(each.blanks for each in judgements):
            return tuple(judgements)
        if self._slicer is None:
            self._slicer = Slicer(unite(at_path(path, WHOLE) for path in self._paths))
        value = self._slicer.value(quiet(self._shape, body), clean=clean)
        texts = [
            (chr(_FIRST + number), name.render(value, None, None))
            for number, name in enumerate(self._names.values())
        ]
        return tuple([_named(each, texts) if each.blanks else each for each in judgements])


def _joined(parts: Iterable[str | Program]) -> tuple[str | Program, ...]:
    """The parts of a message, of which no two texts follow one another."""
    found: list[str | Program] = []
    for part in parts:
        if found and isinstance(part, str) and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return tuple(found)


def _named(judgement: Judgement, texts: Sequence[tuple[str, str]]) -> Judgement:
    outcomes = list(judgement.outcomes)
    for number in judgement.blanks:
        blank = outcomes[number]
        message = blank.message
        for mark, text in texts:
            message = message.replace(mark, text)
        outcomes[number] = Outcome(
            blank.rule,
            blank.verdict,
            blank.element,
            blank.at,
            message,
            blank.observed,
            blank.key,
            blank.causes,
        )
    return Judgement(tuple(outcomes), judgement.tallies)
