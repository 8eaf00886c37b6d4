"""The analysis behind :mod:`auditor.cel.reads`: which parts of the variables an expression uses.

Each node is given the places that its value may be (:mod:`auditor.cel.spots`): parts of a variable,
known by the path from it, or a list or map made by the expression, known by those of its elements.
Selections, indexing and macros move from place to place and read only that something is there; any
other use reads the whole value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

import msgspec

from auditor.cel.ast import Call, Index, Literal, Node, Quantifier, Transform
from auditor.cel.reads import WHOLE, ReadTree, make_tree
from auditor.cel.spots import Following, Spots, below, select, union


class _Growing(msgspec.Struct, eq=False):
    """A part of a variable, while its tree grows."""

    fields: dict[str, _Growing] = msgspec.field(default_factory=dict)
    elements: _Growing | None = None
    whole: bool = False

    def below(self, name: str) -> _Growing:
        place = self.fields.get(name)
        if place is None:
            place = self.fields[name] = _Growing()
        return place

    def any_below(self) -> _Growing:
        if self.elements is None:
            self.elements = _Growing()
        return self.elements

    def freeze(self) -> ReadTree:
        if self.whole:
            return WHOLE
        elements = None if self.elements is None else self.elements.freeze()
        return make_tree({name: p.freeze() for name, p in self.fields.items()}, elements)


_Values: TypeAlias = Spots[_Growing]

_NOTHING: Final[_Values] = Spots()


def _use(value: _Values) -> _Values:
    """Read all of ``value``; what is made of it has no places of its own."""
    rest: _Values | None = value
    while rest is not None:
        for place in rest.places:
            place.whole = True
        rest = rest.items
    return _NOTHING


def _elements(value: _Values) -> _Values:
    return below(value, _Growing.any_below)


def find_reads(node: Node, variables: Iterable[str]) -> dict[str, ReadTree]:
    """The read tree of each of ``variables`` that ``node`` mentions, sorted by name."""
    roots = {name: _Growing() for name in variables}
    analysis = _Analysis(roots)
    try:
        _use(analysis.visit(node))
    except RecursionError:
        return dict.fromkeys(sorted(roots), WHOLE)
    return {name: roots[name].freeze() for name in sorted(analysis.mentioned)}


class _Analysis(Following[_Growing]):
    """Notes what is read of each place."""

    def used(self, spots: _Values) -> None:
        _use(spots)

    def tested(self, spots: _Values) -> None:
        _use(spots)

    def on_index(self, node: Index) -> _Values:
        operand = self.visit(node.operand)
        if isinstance(node.index, Literal) and isinstance(node.index.value, str):
            return select(operand, node.index.value)
        _use(self.visit(node.index))
        return _elements(operand)

    def on_transform(self, node: Transform) -> _Values:
        names = self.bound(node)
        if node.condition is not None:
            _use(self.within(names, node.condition))
        if node.body is None:
            return Spots(items=names[node.first])
        body = self.within(names, node.body)
        return Spots(items=_elements(body) if node.kind == "transformMapEntry" else body)

    def bound(self, node: Quantifier | Transform) -> dict[str, _Values]:
        """The variables of a macro: an index or key is read by walking over the elements."""
        elements = _elements(self.visit(node.operand))
        if node.second is None:
            return {node.first: elements}
        return {node.first: _NOTHING, node.second: elements}

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
    return union(values)


def _add(_nodes: tuple[Node, ...], values: list[_Values]) -> _Values:
    """Lists whose elements are moved; anything but a list has not the shape of its tree."""
    for value in values:
        _elements(value)
    return union(values)


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
            _use(union(values))
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
