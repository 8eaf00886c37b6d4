"""Of which types an expression takes its variables' fields to be: one ``Wants`` a variable.

``"0" == 0`` is false and no error, so a comparison with a constant comes to a result whatever the
type of the other side. Which type was meant is said by the constant: by what stands beside it in
``==``, ``!=``, ``<``, ``in`` and ``orValue()``, and by where a bool has to stand. Kubernetes types
its own expressions in the same way: what is compared with ``==`` is of one type there.

A field has no type here when the expression handles several: it compares it with constants of more
than one, asks for its ``type()``, or converts it (``string(x)``, ``dyn(x)``).
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
from auditor.cel.roots import bare
from auditor.cel.types import BOOL, DOUBLE, INT, STRING, UINT, Type
from auditor.cel.wants import ANY, EITHER, NUMBER, Wants, combine

_KINDS: Final = {
    BOOL.name: "bool",
    INT.name: "int",
    UINT.name: "int",
    DOUBLE.name: NUMBER,
    STRING.name: "string",
    "list": "list",
    "map": "map",
}
_BOTH: Final = 2
_HANDLED: Final = frozenset({"bool", "bytes", "double", "dyn", "int", "string", "type", "uint"})
"""Functions that are given values of any of several types on purpose."""

_ORDER: Final = frozenset({"_<_", "_<=_", "_>_", "_>=_"})
_SAME: Final = frozenset({"_+_", "dyn", "optional.of", "optional.ofNonZeroValue", "or", "value"})
"""Functions whose result is of the type of their arguments, which it is made of."""


class _Place(msgspec.Struct, eq=False):
    """A part of a variable, while what is known of it grows."""

    kind: str = ANY
    fields: dict[str, _Place] = msgspec.field(default_factory=dict)
    item: _Place | None = None
    value: _Place | None = None

    def below(self, name: str) -> _Place:
        return self.fields.setdefault(name, _Place())

    def any_item(self) -> _Place:
        self.item = self.item or _Place()
        return self.item

    def any_value(self) -> _Place:
        self.value = self.value or _Place()
        return self.value

    def freeze(self) -> Wants:
        frozen = {name: place.freeze() for name, place in sorted(self.fields.items())}
        return Wants(
            self.kind,
            {name: wants for name, wants in frozen.items() if wants},
            (self.item.freeze() if self.item else None) or None,
            (self.value.freeze() if self.value else None) or None,
        )


class _Spots(msgspec.Struct, frozen=True):
    """What a node may be: one of ``places``, or a container made of ``items``.

    An optional is treated as the value in it.
    """

    places: tuple[_Place, ...] = ()
    items: _Spots | None = None


_NOWHERE: Final = _Spots()


def _union(several: Iterable[_Spots]) -> _Spots:
    places: dict[_Place, None] = {}
    items: list[_Spots] = []
    for spots in several:
        places.update(dict.fromkeys(spots.places))
        if spots.items is not None:
            items.append(spots.items)
    return _Spots(tuple(places), _union(items) if items else None)


def _below(spots: _Spots, *steps: Callable[[_Place], _Place]) -> _Spots:
    below = _Spots(tuple(step(place) for place in spots.places for step in steps))
    return below if spots.items is None else _union((below, spots.items))


def _note(spots: _Spots, kind: str) -> None:
    for place in spots.places:
        place.kind = combine(place.kind, kind)


def _want(spots: _Spots, kind: Type) -> None:
    """The value at ``spots`` is meant to be of a type, as far as that is one of JSON."""
    if kind.name == "optional_type":
        _want(spots, kind.args[0])
        return
    _note(spots, _KINDS.get(kind.name, ANY))
    if kind.name == "list" and kind.args[0].name in _KINDS:
        _want(_below(spots, _Place.any_item), kind.args[0])


def find_wants(
    node: Node, variables: Iterable[str], type_of: Callable[[Node], Type], expect: Type
) -> dict[str, Wants]:
    """What ``node``, of type ``expect``, takes ``variables`` to be, where it says so."""
    roots = {name: _Place() for name in variables}
    analysis = _Analysis(roots, type_of)
    try:
        _want(analysis.visit(node), expect)
    except RecursionError:
        return {}
    found = {name: place.freeze() for name, place in sorted(roots.items())}
    return {name: wants for name, wants in found.items() if wants}


class _Analysis:
    """One walk over a tree, with the names in scope."""

    def __init__(self, roots: Mapping[str, _Place], type_of: Callable[[Node], Type]) -> None:
        self._roots = roots
        self._type_of = type_of
        self._scope: dict[str, _Spots] = {}

    def visit(self, node: Node) -> _Spots:
        return _HANDLERS[node.__class__](self, node)

    def _within(self, names: Mapping[str, _Spots], node: Node) -> _Spots:
        outer = self._scope
        self._scope = {**outer, **names}
        found = self.visit(node)
        self._scope = outer
        return found

    def on_literal(self, _node: Literal) -> _Spots:
        return _NOWHERE

    def on_ident(self, node: Ident) -> _Spots:
        bound = self._scope.get(node.name)
        if bound is not None:
            return bound
        root = self._roots.get(bare(node.name))
        return _NOWHERE if root is None else _Spots((root,))

    def on_select(self, node: Select | Has) -> _Spots:
        return _below(self.visit(node.operand), lambda place: place.below(node.field))

    def on_has(self, node: Has) -> _Spots:
        self.on_select(node)
        return _NOWHERE

    def on_index(self, node: Index) -> _Spots:
        operand = self.visit(node.operand)
        key = node.index.value if isinstance(node.index, Literal) else None
        if isinstance(key, str):
            return _below(operand, lambda place: place.below(key))
        self.visit(node.index)
        if self._type_of(node.index) == INT:
            return _below(operand, _Place.any_item)
        return _below(operand, _Place.any_item, _Place.any_value)

    def on_logical(self, node: Logical) -> _Spots:
        left: Node = node
        while isinstance(left, Logical):
            _want(self.visit(left.right), BOOL)
            left = left.left
        _want(self.visit(left), BOOL)
        return _NOWHERE

    def on_ternary(self, node: Ternary) -> _Spots:
        _want(self.visit(node.condition), BOOL)
        return _union((self.visit(node.then), self.visit(node.otherwise)))

    def on_list(self, node: ListLiteral) -> _Spots:
        return _Spots(items=_union(map(self.visit, node.elements)))

    def on_map(self, node: MapLiteral) -> _Spots:
        for key in node.keys:
            self.visit(key)
        return _Spots(items=_union(map(self.visit, node.values)))

    def on_quantifier(self, node: Quantifier) -> _Spots:
        _want(self._within(self._bound(node), node.body), BOOL)
        return _NOWHERE

    def on_transform(self, node: Transform) -> _Spots:
        names = self._bound(node)
        if node.condition is not None:
            _want(self._within(names, node.condition), BOOL)
        made = names[node.first] if node.body is None else self._within(names, node.body)
        return _Spots(items=made) if node.kind != "transformMapEntry" else made

    def _bound(self, node: Quantifier | Transform) -> dict[str, _Spots]:
        """The variables of a macro; with one, it has the keys of a map, which are texts."""
        operand = self.visit(node.operand)
        if node.second is None:
            return {node.first: _below(operand, _Place.any_item)}
        each = _below(operand, _Place.any_item, _Place.any_value)
        return {node.first: _NOWHERE, node.second: each}

    def on_bind(self, node: Bind) -> _Spots:
        return self._within({node.name: self.visit(node.value)}, node.body)

    def on_opt_map(self, node: OptMap) -> _Spots:
        return self._within({node.name: self.visit(node.operand)}, node.body)

    def on_call(self, node: Call) -> _Spots:
        nodes = node.args if node.target is None else (node.target, *node.args)
        spots = [self.visit(child) for child in nodes]
        kinds = [self._type_of(child) for child in nodes]
        name = node.function
        if name in _HANDLED:
            for each in spots:
                _note(each, EITHER)
        elif name == "!_":
            _want(spots[0], BOOL)
        elif len(nodes) == _BOTH:
            self._compare(name, spots, kinds)
        if name == "orValue" or name in _SAME:
            return _union(spots)
        return _NOWHERE

    def _compare(self, name: str, spots: list[_Spots], kinds: list[Type]) -> None:
        """What each of two sides says of the other."""
        if name in {"_==_", "_!=_"}:
            _want(spots[0], kinds[1])
            _want(spots[1], kinds[0])
        elif name == "orValue":
            _want(spots[0], kinds[1])
        elif name in _ORDER:
            _want(spots[0], _ordered(kinds[1]))
            _want(spots[1], _ordered(kinds[0]))
        elif name == "@in":
            if kinds[1].name in {"list", "map"}:
                _want(spots[0], kinds[1].args[0])
            _want(_below(spots[1], _Place.any_item), kinds[0])


def _ordered(kind: Type) -> Type:
    """What has an order with a type: any number with any other."""
    return DOUBLE if kind in {INT, UINT} else kind


_HANDLERS: Final[Mapping[type, Callable[[_Analysis, Any], _Spots]]] = {
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
