"""The analysis behind :mod:`auditor.cel.reads`: which parts of the variables an expression uses.

Each node is given the places that its value may be (:class:`_Values`): parts of a variable, known
by the path from it, or a list or map made by the expression, known by the places of its elements.
Selections, indexing and macros move from place to place and read only that something is there; any
other use reads the whole value.
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
from auditor.cel.reads import WHOLE, ReadTree, make_tree
from auditor.cel.roots import bare


class _Place(msgspec.Struct, eq=False):
    """A part of a variable, while its tree grows."""

    fields: dict[str, _Place] = msgspec.field(default_factory=dict)
    elements: _Place | None = None
    whole: bool = False

    def below(self, name: str) -> _Place:
        place = self.fields.get(name)
        if place is None:
            place = self.fields[name] = _Place()
        return place

    def any_below(self) -> _Place:
        if self.elements is None:
            self.elements = _Place()
        return self.elements

    def freeze(self) -> ReadTree:
        if self.whole:
            return WHOLE
        elements = None if self.elements is None else self.elements.freeze()
        return make_tree({name: p.freeze() for name, p in self.fields.items()}, elements)


class _Values(msgspec.Struct, frozen=True):
    """What a node may be: one of ``places``, or a container made of ``items``.

    An optional is treated as the value in it.
    """

    places: tuple[_Place, ...] = ()
    items: _Values | None = None


_NOTHING: Final = _Values()


def _union(values: Iterable[_Values]) -> _Values:
    places: dict[_Place, None] = {}
    items: list[_Values] = []
    for value in values:
        places.update(dict.fromkeys(value.places))
        if value.items is not None:
            items.append(value.items)
    return _Values(tuple(places), _union(items) if items else None)


def _use(value: _Values) -> _Values:
    """Read all of ``value``; what is made of it has no places of its own."""
    rest: _Values | None = value
    while rest is not None:
        for place in rest.places:
            place.whole = True
        rest = rest.items
    return _NOTHING


def _select(value: _Values, name: str) -> _Values:
    below = _Values(tuple(place.below(name) for place in value.places))
    return below if value.items is None else _union((below, value.items))


def _elements(value: _Values) -> _Values:
    below = _Values(tuple(place.any_below() for place in value.places))
    return below if value.items is None else _union((below, value.items))


def find_reads(node: Node, variables: Iterable[str]) -> dict[str, ReadTree]:
    """The read tree of each of ``variables`` that ``node`` mentions, sorted by name."""
    roots = {name: _Place() for name in variables}
    analysis = _Analysis(roots)
    try:
        _use(analysis.visit(node))
    except RecursionError:
        return dict.fromkeys(sorted(roots), WHOLE)
    return {name: roots[name].freeze() for name in sorted(analysis.mentioned)}


class _Analysis:
    """One walk over a tree, with the names in scope."""

    def __init__(self, roots: Mapping[str, _Place]) -> None:
        self.mentioned: set[str] = set()
        self._roots = roots
        self._scope: dict[str, _Values] = {}

    def visit(self, node: Node) -> _Values:
        return _HANDLERS[node.__class__](self, node)

    def _within(self, names: Mapping[str, _Values], *nodes: Node | None) -> list[_Values]:
        """Visit ``nodes`` with ``names`` in scope, leaving out None."""
        outer = self._scope
        self._scope = {**outer, **names}
        found = [self.visit(node) for node in nodes if node is not None]
        self._scope = outer
        return found

    def on_literal(self, _node: Literal) -> _Values:
        return _NOTHING

    def on_ident(self, node: Ident) -> _Values:
        bound = self._scope.get(node.name)
        if bound is not None:
            return bound
        name = bare(node.name)
        root = self._roots.get(name)
        if root is None:
            return _NOTHING
        self.mentioned.add(name)
        return _Values((root,))

    def on_select(self, node: Select | Has) -> _Values:
        return _select(self.visit(node.operand), node.field)

    def on_has(self, node: Has) -> _Values:
        self.on_select(node)
        return _NOTHING

    def on_index(self, node: Index) -> _Values:
        operand = self.visit(node.operand)
        if isinstance(node.index, Literal) and isinstance(node.index.value, str):
            return _select(operand, node.index.value)
        _use(self.visit(node.index))
        return _elements(operand)

    def on_logical(self, node: Logical) -> _Values:
        left: Node = node
        while isinstance(left, Logical):
            _use(self.visit(left.right))
            left = left.left
        return _use(self.visit(left))

    def on_ternary(self, node: Ternary) -> _Values:
        _use(self.visit(node.condition))
        return _union((self.visit(node.then), self.visit(node.otherwise)))

    def on_list(self, node: ListLiteral) -> _Values:
        return _Values(items=_union(map(self.visit, node.elements)))

    def on_map(self, node: MapLiteral) -> _Values:
        for key in node.keys:
            _use(self.visit(key))
        return _Values(items=_union(map(self.visit, node.values)))

    def on_quantifier(self, node: Quantifier) -> _Values:
        for value in self._within(self._bound(node), node.body):
            _use(value)
        return _NOTHING

    def on_transform(self, node: Transform) -> _Values:
        names = self._bound(node)
        for value in self._within(names, node.condition):
            _use(value)
        if node.body is None:
            return _Values(items=names[node.first])
        body = _union(self._within(names, node.body))
        return _Values(items=_elements(body) if node.kind == "transformMapEntry" else body)

    def _bound(self, node: Quantifier | Transform) -> dict[str, _Values]:
        """The variables of a macro: an index or key is read by walking over the elements."""
        elements = _elements(self.visit(node.operand))
        if node.second is None:
            return {node.first: elements}
        return {node.first: _NOTHING, node.second: elements}

    def on_bind(self, node: Bind) -> _Values:
        return _union(self._within({node.name: self.visit(node.value)}, node.body))

    def on_opt_map(self, node: OptMap) -> _Values:
        return _union(self._within({node.name: self.visit(node.operand)}, node.body))

    def on_call(self, node: Call) -> _Values:
        children = node.args if node.target is None else (node.target, *node.args)
        special = _CALLS.get(node.function)
        values = [self.visit(child) for child in children]
        if special is None:
            for value in values:
                _use(value)
            return _NOTHING
        return special(children, values)


def _pass_on(_nodes: tuple[Node, ...], values: list[_Values]) -> _Values:
    """The result is one of the arguments."""
    return _union(values)


def _add(_nodes: tuple[Node, ...], values: list[_Values]) -> _Values:
    """Lists whose elements are moved; anything but a list has not the shape of its tree."""
    for value in values:
        _elements(value)
    return _union(values)


def _size(_nodes: tuple[Node, ...], values: list[_Values]) -> _Values:
    for value in values:
        _elements(value)
    return _NOTHING


def _in(nodes: tuple[Node, ...], values: list[_Values]) -> _Values:
    """``"name" in x`` is a presence test of a map, and a list has not the shape of that."""
    match nodes, values:
        case (Literal(value=str() as name), _), (_, container):
            for place in container.places:
                place.below(name)
            if container.items is not None:
                _use(container.items)
        case _, (item, container):
            _use(item)
            _use(_elements(container))
        case _:
            _use(_union(values))
    return _NOTHING


def _test(_nodes: tuple[Node, ...], _values: list[_Values]) -> _Values:
    return _NOTHING


_CALLS: Final[Mapping[str, Callable[[tuple[Node, ...], list[_Values]], _Values]]] = {
    "_+_": _add,
    "@in": _in,
    "dyn": _pass_on,
    "hasValue": _test,
    "optional.none": _pass_on,
    "optional.of": _pass_on,
    "or": _pass_on,
    "orValue": _pass_on,
    "size": _size,
    "value": _pass_on,
}
"""Functions that do not read all of their arguments."""

_HANDLERS: Final[Mapping[type, Callable[[_Analysis, Any], _Values]]] = {
    Literal: _Analysis.on_literal,
    Ident: _Analysis.on_ident,
    Select: _Analysis.on_select,
    Has: _Analysis.on_has,
    Index: _Analysis.on_index,
    Call: _Analysis.on_call,
    Logical: _Analysis.on_logical,
    Ternary: _Analysis.on_ternary,
    ListLiteral: _Analysis.on_list,
    MapLiteral: _Analysis.on_map,
    Quantifier: _Analysis.on_quantifier,
    Transform: _Analysis.on_transform,
    Bind: _Analysis.on_bind,
    OptMap: _Analysis.on_opt_map,
}
