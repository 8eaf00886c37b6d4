"""Scopes, the budget of element visits, and the log of what an evaluation read.

:class:`Scopes` is the part of the interpreter that an observer extends: its empty methods say when
something worth observing happens. ``log`` is a plain list whose entries the interpreter never looks
at; it only drops the stretches that did not decide.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from auditor.cel import ops
from auditor.cel.ast import Node, Quantifier, Transform
from auditor.cel.errors import CelLimitError
from auditor.cel.nesting import visit_weight
from auditor.cel.produced import FREE, FREE_INSIDE, LARGEST, size_of, too_much
from auditor.cel.roots import with_roots


class Failure(msgspec.Struct, frozen=True):
    """The error that a name of ``cel.bind`` stands for: it counts only where the name is used."""

    message: str


class Scopes:
    """The state of one evaluation: variables, log and what is left of the budget."""

    __slots__ = ("_largest", "_nesting", "_produced", "_remaining", "_weights", "log", "scope")

    def __init__(self, bindings: Mapping[str, object], budget: int, largest: int = LARGEST) -> None:
        """Begin an evaluation with so many element visits and so many bytes that it may make."""
        self.scope: dict[str, object] = with_roots(bindings)
        self.log: list[Any] = []
        self._remaining = budget
        self._largest = largest
        self._nesting = 0
        self._produced = 0
        self._weights: dict[int, int] = {}

    @abstractmethod
    def eval(self, node: Node, /) -> object:
        """The value of ``node`` in the current scope."""

    def enter(self, loop: int = 0) -> Any:
        """Open a scope inside the current one; what it returns belongs to :meth:`leave`."""
        outer = self.scope
        self.scope = dict(outer)
        self._nesting += loop
        return outer

    def leave(self, outer: Any, loop: int = 0) -> None:
        """Go back to the scope around."""
        self.scope = outer
        self._nesting -= loop

    def define(self, name: str, value: object, _start: int, /) -> None:
        """Give a name a value; the reads since ``_start`` belong to that value."""
        self.scope[name] = value

    def elements(self, node: Quantifier | Transform) -> Iterable[object]:
        """Evaluate the operand of a macro and list what the macro visits."""
        start = len(self.log)
        operand = self.eval(node.operand)
        self.prepare(operand, start)
        if node.second is None:
            return ops.iterate(operand)
        return ops.iterate_pairs(operand)

    def visit(self, node: Quantifier | Transform, _number: int, element: Any, /) -> None:
        """Bind the variables of a macro to its element ``_number``, within the budget."""
        if self._nesting > 1:
            weight = self._weights.get(id(node))
            if weight is None:
                self._weights[id(node)] = weight = visit_weight(node)
            self._remaining -= weight
            if self._remaining < 0:
                raise CelLimitError("the macros of the expression visit too many elements")
        if node.second is None:
            self.scope[node.first] = element
        else:
            self.scope[node.first], self.scope[node.second] = element

    def produce(self, value: object) -> None:
        """Count what an operator or function made; small results are free.

        Raises:
            CelLimitError: the evaluation has made too much.
        """
        size = size_of(value)
        if size > (FREE_INSIDE if self._nesting else FREE):
            self._produced += size
            if self._produced > self._largest:
                raise too_much(self._largest)

    # What an observer overrides; ``notes`` is what its begin() returned, None here.

    def prepare(self, operand: object, start: int, /) -> None:
        """A macro is about to visit ``operand``, whose reads began at ``start``."""

    def begin(self) -> Any:
        """A list is about to be made."""
        return None

    def keep(self, notes: Any, mark: int, /) -> None:
        """The value evaluated last became an element of a literal; its reads began at ``mark``."""

    def keep_same(self, notes: Any, number: int, mark: int, /) -> None:
        """Element ``number`` became the next element; its reads began at ``mark``."""

    def keep_new(self, notes: Any, number: int, mark: int, /) -> None:
        """The value evaluated last, made from element ``number``, became the next element."""

    def drop(self, notes: Any, mark: int, /) -> None:
        """The element whose reads began at ``mark`` was filtered out."""

    def finish(self, notes: Any, /) -> None:
        """The list is made."""

    def again(self, node: Quantifier, number: int, element: Any, /) -> None:
        """Element ``number``, visited last, may decide a quantifier; :meth:`settle` says if."""

    def settle(self, number: int, /) -> None:
        """Element ``number`` decided a quantifier."""

    def exhaust(self, start: int, /) -> None:
        """All elements were visited and none decided; their reads began at ``start``."""
