"""Conditions of a rule and changes of them, tried on its examples without doing anything twice.

A rule has some twenty examples, and each of its conditions is changed in some thirty ways. What
another condition came to for an element of an example is known by then::

    each:   object.allContainers                  evaluated once for each example
    when:   has(item.image)                       once for each element
    check:  !item.image.endsWith(":latest")       once where ``when`` is true

    check:  !item.image.endsWith(":latest~")      is evaluated anew, for elements that are known
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

import msgspec
from msgspec.structs import replace

from auditor.cel import CelEvalError, Library
from auditor.cel.ast import Node
from auditor.cel.interpreter import evaluate
from auditor.cel.mutate import Mutant, mutants
from auditor.model.enums import Verdict
from auditor.model.policy import Example

_WORST: Final = (
    Verdict.FAIL,
    Verdict.UNKNOWN,
    Verdict.MANUAL,
    Verdict.PASS,
    Verdict.NOT_APPLICABLE,
)


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict of an example whose elements have these."""
    return min(verdicts, key=_WORST.index, default=Verdict.NOT_APPLICABLE)


class Case(msgspec.Struct, frozen=True):
    """An example made ready: the body as rules see it, and the parameters.

    ``known`` is what the conditions of the rule itself came to for each element.
    """

    example: Example
    body: dict[str, object]
    params: Mapping[str, object]
    known: dict[tuple[str, int], object] = msgspec.field(default_factory=dict)


class _NoValue(Enum):
    """What an expression comes to that is an error."""

    ERROR = "error"


class Conditions(msgspec.Struct, frozen=True):
    """The conditions of a rule as syntax trees, evaluated by the interpreter.

    ``other`` is the one that was changed.
    """

    library: Library
    each: Node | None
    when: Node | None
    check: Node
    other: str = ""

    def verdict(self, case: Case) -> Verdict:
        """The worst verdict of the elements; behind one that fails none can change it."""
        items = self._items(case)
        if not isinstance(items, list):
            return Verdict.UNKNOWN
        found: list[Verdict] = []
        for at, item in enumerate(items):
            found.append(self._element(case, at, item))
            if found[-1] is Verdict.FAIL:
                break
        return worst(found)

    def failing(self, case: Case) -> Iterator[object]:
        """The elements that fail, None for the body itself."""
        items = self._items(case)
        for at, item in enumerate(items if isinstance(items, list) else ()):
            if self._element(case, at, item) is Verdict.FAIL:
                yield item

    def _items(self, case: Case) -> object:
        return [None] if self.each is None else self._value("each", self.each, case, 0, None)

    def _element(self, case: Case, at: int, item: object) -> Verdict:
        applies = self.when is None or self._value("when", self.when, case, at, item)
        if applies is False:
            return Verdict.NOT_APPLICABLE
        result = self._value("check", self.check, case, at, item) if applies is True else None
        if not isinstance(result, bool):
            return Verdict.UNKNOWN
        return Verdict.PASS if result else Verdict.FAIL

    def _value(self, name: str, tree: Node, case: Case, at: int, item: object) -> object:
        """What a condition comes to for an element; of one that is the rule's own, once."""
        if self.other in {name, "each"}:
            return self._evaluated(tree, case, item)
        if (name, at) not in case.known:
            case.known[name, at] = self._evaluated(tree, case, item)
        return case.known[name, at]

    def _evaluated(self, tree: Node, case: Case, item: object) -> object:
        bindings = {"object": case.body, "item": item, "params": case.params}
        try:
            return evaluate(tree, bindings, self.library)
        except CelEvalError:
            return _NoValue.ERROR

    def changed(self) -> Iterator[tuple[str, Conditions, Mutant]]:
        """Each change of each condition."""
        if self.each is not None:
            for mutant in mutants(self.each, boolean=False):
                yield "each", replace(self, each=mutant.tree, other="each"), mutant
        if self.when is not None:
            for mutant in mutants(self.when):
                yield "when", replace(self, when=mutant.tree, other="when"), mutant
        for mutant in mutants(self.check):
            yield "check", replace(self, check=mutant.tree, other="check"), mutant
