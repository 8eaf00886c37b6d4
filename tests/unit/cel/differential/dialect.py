"""Where cel-cpp differs from cel-go: an interpreter that has cel-cpp's side of each difference.

The random comparison runs this dialect, so that every result must be equal and nothing has to be
skipped. Each override is a row of ``auditor/cel/README.md``; ``test_against_cel_cpp`` asserts both
sides of each row with an expression of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isnan
from random import Random
from typing import Final

from auditor.cel import ops
from auditor.cel.ast import Call, Has, Index, Node, Quantifier, Select, Transform
from auditor.cel.convert import to_string
from auditor.cel.errors import CelEvalError
from auditor.cel.interpreter import DEFAULT_BUDGET, LAZY, Evaluator
from auditor.cel.library import standard_library
from auditor.cel.values import NONE, Duration, OptionalValue, Timestamp
from tests.unit.cel.differential.dialect_texts import adapt, is_split_of_nothing

_KEY_TYPES: Final = (str, int, float)
_ORDERS: Final = frozenset({"_<_", "_<=_", "_>_", "_>=_"})
_EPOCH: Final = Timestamp(0)
FUNCTIONS: Final = standard_library()


class CppDialect(Evaluator):
    """The interpreter, with the answers of cel-cpp where it is known to differ.

    With ``order``, maps are visited in random orders, as cel-cpp visits them in one of its own.
    """

    __slots__ = ("_order", "_visits_map", "fatal", "unordered")

    def __init__(self, bindings: Mapping[str, object], order: Random | None = None) -> None:
        super().__init__(bindings, FUNCTIONS, DEFAULT_BUDGET)
        self.unordered = self.fatal = self._visits_map = False
        self._order = order

    def on_call(self, node: Call) -> object:
        """All arguments are evaluated, also after an error: see ``fatal`` in :meth:`take_field`."""
        if node.function in LAZY and node.target is not None:
            return super().on_call(node)
        children = node.args if node.target is None else (node.target, *node.args)
        values: list[object] = []
        first: CelEvalError | None = None
        for child in children:
            try:
                values.append(self.eval(child))
            except CelEvalError as error:
                first = first or error
        if first is not None:
            raise first
        return self.apply(node.function, values)

    def take_field(self, operand: object, node: Select) -> object:
        """Null has no fields at all, not even optional ones.

        A field of an optional that holds no map is an error that nothing absorbs: noted in
        ``fatal``, as whether cel-cpp gets there depends on what it evaluates lazily.
        """
        inner = self._note(operand, optional=node.optional)
        if inner is None:
            ops.no_overload("_?._", None, node.field)
        return super().take_field(operand, node)

    def test_field(self, operand: object, node: Has) -> bool:
        """``has(null.f)`` is an error."""
        if self._note(operand, optional=False) is None:
            ops.no_overload("has", None, node.field)
        return super().test_field(operand, node)

    def _note(self, operand: object, *, optional: bool) -> object:
        inner = _contents(operand)
        if operand is not inner and not optional and inner.__class__ is not dict:
            self.fatal = True
        return inner

    def take_element(self, operand: object, key: object, node: Index) -> object:
        """Null has no ``[?k]``, a list only with an int, and a map with anything."""
        inner = _contents(operand)
        if inner.__class__ is dict and node.optional and not isinstance(key, _KEY_TYPES):
            return NONE
        if inner is None or (
            inner.__class__ is list and node.optional and key.__class__ is not int
        ):
            ops.no_overload("_[?_]", inner, key)
        return super().take_element(operand, key, node)

    def choose(self, node: Call, target: Node) -> object:
        """``or`` and ``orValue`` exist for optionals only."""
        value = self.eval(target)
        if value.__class__ is not OptionalValue:
            ops.no_overload(node.function, value)
        if value.present:
            return value.value if node.function == "orValue" else value
        other = self.eval(node.args[0])
        if node.function == "or" and other.__class__ is not OptionalValue:
            ops.no_overload("or", value, other)
        return other

    def apply(self, function: str, args: list[object]) -> object:
        """Operators and functions with a difference."""
        if function in _ORDERS and _unordered_numbers(args):
            return False
        if function == "@in" and args[1].__class__ is dict and not isinstance(args[0], _KEY_TYPES):
            ops.no_overload("@in", *args)
        if function in {"-_", "int"} and args[0].__class__ is Duration:
            ops.no_overload(function, *args)
        if function == "int" and args[0].__class__ is bool:
            return int(args[0])
        if function == "optional.ofNonZeroValue" and args[0] == _EPOCH:
            return NONE
        if function == "string" and isinstance(args[0], Timestamp | Duration):
            return _text(args[0])
        if is_split_of_nothing(function, args):
            return [""]
        return super().apply(function, adapt(function, args))

    def prepare(self, operand: object, _start: int, /) -> None:
        """Maps are visited in an order of their own: note that it may matter."""
        self._visits_map = operand.__class__ is dict
        if isinstance(operand, dict) and len(operand) > 1:
            self.unordered = True

    def elements(self, node: Quantifier | Transform) -> Iterable[object]:
        """Shuffle what a macro visits in a map."""
        found = super().elements(node)
        if self._order is None or not self._visits_map:
            return found
        shuffled = list(found)
        self._order.shuffle(shuffled)
        return shuffled


CppDialect.handlers = {**Evaluator.handlers, Call: CppDialect.on_call}


def _text(value: Timestamp | Duration) -> str:
    """Times in UTC; a fraction has three, six or nine digits."""
    plain = Timestamp(value.ns) if isinstance(value, Timestamp) else value
    text = to_string(plain)
    whole, point, fraction = text[:-1].partition(".")
    digits = fraction.ljust(-(-len(fraction) // 3) * 3, "0")
    return f"{whole}{point}{digits}{text[-1]}"


def _contents(value: object) -> object:
    if value.__class__ is OptionalValue:
        return value.value if value.present else value
    return value


def _unordered_numbers(values: list[object]) -> bool:
    numbers = [
        item for item in values if item.__class__ is not bool and isinstance(item, int | float)
    ]
    return len(numbers) == len(values) and any(map(isnan, numbers))
