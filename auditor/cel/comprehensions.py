"""How the macros evaluate: quantifiers, transforms, ``cel.bind`` and ``optMap``.

``all`` and ``exists`` absorb an error in one element when another decides; ``exists_one``,
``filter``, ``map`` and the rest do not.
"""

from __future__ import annotations

from auditor.cel import ops
from auditor.cel.ast import Bind, OptMap, Quantifier, Transform
from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.scopes import Failure, Scopes
from auditor.cel.values import NONE, OptionalValue


class Comprehensions(Scopes):
    """The macros, for an evaluator of everything else."""

    __slots__ = ()

    def on_quantifier(self, node: Quantifier) -> object:
        """``all`` and ``exists``; ``exists_one`` has a method of its own."""
        if node.kind == "exists_one":
            return self._count_matches(node)
        decisive = node.kind == "exists"
        problem: str | None = None
        blamed: list[object] = []
        culprit = 0
        elements = self.elements(node)
        outer = self.enter(loop=1)
        log = self.log
        start = len(log)
        try:
            for number, element in enumerate(elements):
                self.visit(node, number, element)
                mark = len(log)
                try:
                    verdict = ops.as_bool(self.eval(node.body))
                except CelLimitError:
                    raise
                except CelEvalError as error:
                    if problem is None:
                        problem = str(error)
                        self.again(node, number, element)
                        blamed, culprit = log[mark:], number
                    continue
                if verdict is decisive:
                    self.again(node, number, element)
                    del log[start:mark]
                    self.settle(number)
                    return decisive
            if problem is None:
                self.exhaust(start)
                return not decisive
            log[start:] = blamed
            self.settle(culprit)
            raise CelEvalError(problem)
        finally:
            self.leave(outer, loop=1)

    def _count_matches(self, node: Quantifier) -> bool:
        count = 0
        elements = self.elements(node)
        outer = self.enter(loop=1)
        start = len(self.log)
        try:
            for number, element in enumerate(elements):
                self.visit(node, number, element)
                if ops.as_bool(self.eval(node.body)):
                    count += 1
            self.exhaust(start)
        finally:
            self.leave(outer, loop=1)
        return count == 1

    def on_transform(self, node: Transform) -> object:
        """``filter``, ``map`` and ``transformList``; those that make maps have their own method."""
        if node.kind in ("transformMap", "transformMapEntry"):
            return self._make_map(node)
        result: list[object] = []
        elements = self.elements(node)
        outer = self.enter(loop=1)
        start = len(self.log)
        notes = self.begin()
        try:
            for number, element in enumerate(elements):
                self.visit(node, number, element)
                mark = len(self.log)
                if node.condition is not None and not ops.as_bool(self.eval(node.condition)):
                    self.drop(notes, mark)
                elif node.body is None:
                    result.append(element)
                    self.keep_same(notes, number, mark)
                else:
                    result.append(self.eval(node.body))
                    self.keep_new(notes, number, mark)
            self.exhaust(start)
        finally:
            self.leave(outer, loop=1)
        self.finish(notes)
        return result

    def _make_map(self, node: Transform) -> dict[object, object]:
        result: dict[object, object] = {}
        elements = self.elements(node)
        outer = self.enter(loop=1)
        start = len(self.log)
        try:
            for number, element in enumerate(elements):
                self.visit(node, number, element)
                if node.condition is not None and not ops.as_bool(self.eval(node.condition)):
                    continue
                value = None if node.body is None else self.eval(node.body)
                if node.kind == "transformMapEntry":
                    ops.merge_entry(result, value)
                else:
                    ops.put(result, self.scope[node.first], value)
            self.exhaust(start)
        finally:
            self.leave(outer, loop=1)
        self.finish(None)
        return result

    def on_bind(self, node: Bind) -> object:
        """``cel.bind(name, value, body)``: an error in the value counts only where it is used."""
        start = len(self.log)
        outer = self.enter()
        try:
            try:
                value = self.eval(node.value)
            except CelLimitError:
                raise
            except CelEvalError as error:
                value = Failure(str(error))
            self.define(node.name, value, start)
            return self.eval(node.body)
        finally:
            self.leave(outer)

    def on_opt_map(self, node: OptMap) -> object:
        """``optional.optMap(name, body)`` and ``optFlatMap``, whose body gives the result."""
        operand = self.eval(node.operand)
        if operand.__class__ is not OptionalValue:
            return ops.no_overload("optFlatMap" if node.flat else "optMap", operand)
        if not operand.present:
            return NONE
        outer = self.enter()
        try:
            self.define(node.name, operand.value, len(self.log))
            value = self.eval(node.body)
        finally:
            self.leave(outer)
        return value if node.flat else OptionalValue(value, present=True)
