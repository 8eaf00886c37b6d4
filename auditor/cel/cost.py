"""A static estimate of what an expression costs, before any data is seen.

Every step costs one, and what looks at the whole of a value costs by its size; a macro multiplies
the cost of its body by the number of elements that it visits. Data is taken to be as large as
:class:`~auditor.cel.limits.Sizes` says. The estimate is an upper bound for data of that size: both
sides of ``&&`` are counted, and all elements of ``exists``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from auditor.cel.ast import (
    Bind,
    Call,
    Has,
    Ident,
    Index,
    ListLiteral,
    Literal,
    Logical,
    MapLiteral,
    Node,
    OptMap,
    Quantifier,
    Select,
    Ternary,
    Transform,
)
from auditor.cel.call_costs import call_cost, call_size
from auditor.cel.functions import Library
from auditor.cel.limits import DEFAULT_SIZES, Sizes
from auditor.cel.nesting import deepest
from auditor.cel.roots import bare
from auditor.cel.sizes import SCALAR, Size, field, larger, list_of, literal, plus, times, variable


class Estimate(msgspec.Struct, frozen=True):
    """``cost`` in steps, the ``position`` of the part that most of it goes to, and the nesting."""

    cost: int
    comprehensions: int
    position: int


class _Part(msgspec.Struct, frozen=True):
    """What a node costs, how large its value is, and where most of the cost is, if it is below."""

    cost: int
    size: Size
    position: int | None = None


def estimate(node: Node, functions: Library, sizes: Sizes = DEFAULT_SIZES) -> Estimate:
    """What an evaluation of ``node`` costs at most, for data of these sizes."""
    part = _Estimator(functions, sizes).visit(node)
    position = node.position if part.position is None else part.position
    return Estimate(part.cost, deepest(node), position)


class _Estimator:
    """One walk over a tree, with the sizes of the names that macros bind."""

    def __init__(self, functions: Library, sizes: Sizes) -> None:
        self._functions = functions
        self._sizes = sizes
        self._scope: dict[str, Size] = {}

    def visit(self, node: Node) -> _Part:
        return _HANDLERS[node.__class__](self, node)

    def _within(self, names: Mapping[str, Size], node: Node) -> _Part:
        outer = self._scope
        self._scope = {**outer, **names}
        try:
            return self.visit(node)
        finally:
            self._scope = outer

    def on_literal(self, node: Literal) -> _Part:
        return _Part(1, literal(node.value))

    def on_ident(self, node: Ident) -> _Part:
        size = self._scope.get(node.name)
        return _Part(1, variable(bare(node.name), self._sizes) if size is None else size)

    def on_select(self, node: Select) -> _Part:
        part = self.visit(node.operand)
        size = field(part.size, node.field, self._sizes)
        return _Part(plus(1, part.cost), size, part.position)

    def on_has(self, node: Has) -> _Part:
        part = self.visit(node.operand)
        return _Part(plus(1, part.cost), SCALAR, part.position)

    def on_index(self, node: Index) -> _Part:
        operand, index = self.visit(node.operand), self.visit(node.index)
        size = field(operand.size, "[]", self._sizes)
        return _sum((operand, index), 1, size, node.position)

    def on_call(self, node: Call) -> _Part:
        children = node.args if node.target is None else (node.target, *node.args)
        parts = [self.visit(child) for child in children]
        args = [part.size for part in parts]
        function = self._functions.get(node.function)
        size = call_size(node, args, function)
        return _sum(parts, call_cost(node, args, function), size, node.position)

    def on_logical(self, node: Logical) -> _Part:
        parts: list[_Part] = []
        left: Node = node
        while isinstance(left, Logical):
            parts.append(self.visit(left.right))
            left = left.left
        parts.append(self.visit(left))
        return _sum(parts, len(parts) - 1, SCALAR, node.position)

    def on_ternary(self, node: Ternary) -> _Part:
        then, otherwise = self.visit(node.then), self.visit(node.otherwise)
        branch = then if then.cost >= otherwise.cost else otherwise
        size = larger((then.size, otherwise.size))
        return _sum((self.visit(node.condition), branch), 1, size, node.position)

    def on_list(self, node: ListLiteral) -> _Part:
        return self._container(node.elements, len(node.elements), node.position)

    def on_map(self, node: MapLiteral) -> _Part:
        return self._container((*node.keys, *node.values), len(node.keys), node.position)

    def _container(self, nodes: tuple[Node, ...], length: int, position: int) -> _Part:
        parts = [self.visit(child) for child in nodes]
        total = plus(1, *(part.size.total for part in parts))
        size = Size(length, 0, total, larger([part.size for part in parts]))
        return _sum(parts, 1, size, position)

    def on_quantifier(self, node: Quantifier) -> _Part:
        operand = self.visit(node.operand)
        body = self._within(self._bound(node, operand.size), node.body)
        return _loop(node, operand, (body,), SCALAR)

    def on_transform(self, node: Transform) -> _Part:
        operand = self.visit(node.operand)
        names = self._bound(node, operand.size)
        parts = [
            self._within(names, part) for part in (node.condition, node.body) if part is not None
        ]
        if node.body is None:
            return _loop(node, operand, parts, operand.size)
        element = parts[-1].size
        if node.kind == "transformMapEntry":
            element = element.element or SCALAR
        return _loop(node, operand, parts, list_of(operand.size.elements, element))

    def _bound(self, node: Quantifier | Transform, operand: Size) -> dict[str, Size]:
        element = field(operand, "[]", self._sizes)
        return {node.first: element} | ({} if node.second is None else {node.second: element})

    def on_bind(self, node: Bind) -> _Part:
        value = self.visit(node.value)
        body = self._within({node.name: value.size}, node.body)
        return _sum((value, body), 1, body.size, node.position)

    def on_opt_map(self, node: OptMap) -> _Part:
        operand = self.visit(node.operand)
        body = self._within({node.name: operand.size}, node.body)
        return _sum((operand, body), 1, body.size, node.position)


def _sum(parts: Iterable[_Part], own: int, size: Size, position: int) -> _Part:
    """A node that costs ``own``, and whose children are evaluated once each."""
    costs = [(own, position), *((part.cost, part.position) for part in parts)]
    return _combine(costs, size)


def _loop(
    node: Quantifier | Transform, operand: _Part, parts: Iterable[_Part], size: Size
) -> _Part:
    """A macro: its body is evaluated for every element of the operand."""
    visits = operand.size.elements
    costs: list[tuple[int, int | None]] = [(operand.cost, operand.position)]
    inner = [(times(visits, part.cost), part.position) for part in parts]
    costs += [(cost, node.position if at is None else at) for cost, at in inner]
    return _combine([(plus(1, visits), node.position), *costs], size)


def _combine(costs: list[tuple[int, int | None]], size: Size) -> _Part:
    """The sum of several costs; it is at the position of that which is half of it or more."""
    total = plus(*(cost for cost, _ in costs))
    most, position = max(costs, key=_cost)
    return _Part(total, size, position if total > _CHEAP and 2 * most >= total else None)


def _cost(entry: tuple[int, int | None]) -> int:
    return entry[0]


_CHEAP: Final = 64
"""What costs no more than this is never the costly part of an expression."""

_HANDLERS: Final[Mapping[type, Callable[[_Estimator, Any], _Part]]] = {
    Literal: _Estimator.on_literal,
    Ident: _Estimator.on_ident,
    Select: _Estimator.on_select,
    Has: _Estimator.on_has,
    Index: _Estimator.on_index,
    Call: _Estimator.on_call,
    Logical: _Estimator.on_logical,
    Ternary: _Estimator.on_ternary,
    ListLiteral: _Estimator.on_list,
    MapLiteral: _Estimator.on_map,
    Quantifier: _Estimator.on_quantifier,
    Transform: _Estimator.on_transform,
    Bind: _Estimator.on_bind,
    OptMap: _Estimator.on_opt_map,
}
