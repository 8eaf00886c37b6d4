"""Which fields decided: an evaluation that also says what it read, and where values came from.

:func:`trace` evaluates as :func:`~auditor.cel.interpreter.evaluate` does and returns the reads that
decided the result:

* of ``all`` and ``exists`` those of the one element that decided, if one did; of ``&&`` and ``||``
  those of the operand that decided, if one did; of ``?:`` those of the condition and the branch
  taken; of an error those of the operand or element that raised it;
* of ``a in list`` the element, where the list holds it;
* a field once, by its longest path. A missing field has the value :data:`ABSENT`, under the whole
  path that was looked for;
* at most 32 for a macro that no single element decided.

A value keeps its origin, a root variable and a path, through selections, macros, ``cel.bind``,
optionals, ``filter``, list literals and ``+`` of lists. When an element of such a list decides, the
reads that only said what else the list holds are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from auditor.cel.ast import (
    Call,
    Has,
    Ident,
    Index,
    Node,
    Select,
)
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import Library
from auditor.cel.interpreter import DEFAULT_BUDGET, LAZY, Evaluator, run
from auditor.cel.produced import LARGEST
from auditor.cel.provenance import (
    ABSENT,
    Origin,
    Path,
    Read,
    Source,
    derive,
    is_origin,
    leaves,
    origins_of,
    step,
)
from auditor.cel.roots import bare
from auditor.cel.tracing_scopes import DETAILS, LoggingEvaluator
from auditor.cel.values import OptionalValue

__all__ = ["ABSENT", "Origin", "Path", "Read", "Trace", "Tracer", "trace"]


class Trace(msgspec.Struct, frozen=True):
    """The result of an evaluation and what it rests on.

    Either ``error`` is None and ``value`` is the result, or ``error`` is the message. ``elements``
    has, for a result that is a list, the origin of each element; ``origin`` is that of the result
    itself. An origin is None for a computed value.
    """

    value: object
    error: str | None
    reads: tuple[Read, ...]
    elements: tuple[Origin | None, ...]
    origin: Origin | None


def trace(
    node: Node,
    bindings: Mapping[str, object],
    functions: Library,
    *,
    budget: int = DEFAULT_BUDGET,
    largest: int = LARGEST,
    details: int = DETAILS,
) -> Trace:
    """Evaluate as :func:`~auditor.cel.interpreter.evaluate` does, and report what decided.

    ``details`` is the number of element visits of which all reads are logged; later elements are
    evaluated without a log, and once more with it if they decide.
    """
    tracer = Tracer(bindings, functions, budget, details, largest)
    try:
        value = run(tracer, node)
    except CelEvalError as error:
        return Trace(None, str(error), leaves(tracer.log), (), None)
    source = tracer.source
    elements = origins_of(source, value)
    return Trace(value, None, leaves(tracer.log), elements, source if is_origin(source) else None)


class Tracer(LoggingEvaluator):
    """The interpreter with a log of reads; ``source`` is that of the value evaluated last."""

    __slots__ = ()

    def _arrive(self, source: Source, value: object) -> None:
        """The evaluation is at ``value``, which came from ``source``: log it as read."""
        self.source = source
        if is_origin(source):
            if value.__class__ is OptionalValue:
                value = value.value if value.present else ABSENT
            self.log.append(Read(source[0], source[1], value))

    # Names, selections, calls

    def on_ident(self, node: Ident) -> object:
        """A variable: its origin, and what using a bound name implies."""
        named = self._names.get(node.name)
        if named is None:
            source: Source = (bare(node.name), ()) if node.name in self.scope else None
        else:
            source = named.source
            self.log.extend(named.reads)
        value = super().on_ident(node)
        self._arrive(source, value)
        return value

    def take_field(self, operand: object, node: Select) -> object:
        """A selection: one step along the path."""
        source = step(self.source, node.field)
        try:
            value = super().take_field(operand, node)
        except CelEvalError:
            if operand.__class__ is dict:
                self._arrive(source, ABSENT)
            raise
        self._arrive(source, value)
        return value

    def test_field(self, operand: object, node: Has) -> bool:
        """A presence test reads the field."""
        source = step(self.source, node.field)
        found = super().test_field(operand, node)
        inner = operand.value if operand.__class__ is OptionalValue else operand
        self._arrive(source, inner[node.field] if found and inner.__class__ is dict else ABSENT)
        return found

    def on_index(self, node: Index) -> object:
        """As in the base, with the origin of the operand kept while the key evaluates."""
        operand = self.eval(node.operand)
        source = self.source
        key = self.eval(node.index)
        self.source = source
        return self.take_element(operand, key, node)

    def take_element(self, operand: object, key: object, node: Index) -> object:
        """An indexing: one step along the path."""
        source = step(self.source, key)
        try:
            value = super().take_element(operand, key, node)
        except CelEvalError:
            if operand.__class__ is dict or operand.__class__ is list:
                self._arrive(source, ABSENT)
            raise
        self._arrive(source, value)
        return value

    def on_call(self, node: Call) -> object:
        """As in the base, with the origins of the arguments kept."""
        if node.target is not None and node.function in LAZY and len(node.args) == 1:
            return self.choose(node, node.target)
        args: list[object] = []
        sources: list[Source] = []
        for child in node.args if node.target is None else (node.target, *node.args):
            args.append(self.eval(child))
            sources.append(self.source)
        value = self.apply(node.function, args)
        if node.function == "@in":
            if args[1].__class__ is dict and args[0].__class__ is str:
                self._look_up(sources[1], args[1], args[0])
                return value
            if value is True:
                self._find(sources[1], args[1], args[0])
        self.source = derive(node.function, value, args, sources)
        return value

    def _look_up(self, source: Source, operand: Any, key: str) -> None:
        """``key in operand`` reads one key of a map, whether it is there or not."""
        self._arrive(step(source, key), operand.get(key, ABSENT))
        self.source = None

    def _find(self, source: Source, operand: Any, wanted: object) -> None:
        """``wanted in operand`` reads the element that is equal, and of the same type, if any."""
        if is_origin(source) and operand.__class__ is list:
            kind = wanted.__class__
            for index, item in enumerate(operand):
                if item.__class__ is kind and item == wanted:
                    self._arrive(step(source, index), item)
                    return


Tracer.handlers = {
    **Evaluator.handlers,
    Ident: Tracer.on_ident,
    Index: Tracer.on_index,
    Call: Tracer.on_call,
}
