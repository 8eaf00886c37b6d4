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
from typing import Final, TypeAlias

import msgspec

from auditor.cel.ast import Call, Index, Literal, Node, Quantifier, Transform
from auditor.cel.spots import Following, Spots, below, select, union
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


class _Known(msgspec.Struct, eq=False):
    """A part of a variable, while what is known of it grows."""

    kind: str = ANY
    fields: dict[str, _Known] = msgspec.field(default_factory=dict)
    item: _Known | None = None
    value: _Known | None = None

    def below(self, name: str) -> _Known:
        return self.fields.setdefault(name, _Known())

    def any_item(self) -> _Known:
        self.item = self.item or _Known()
        return self.item

    def any_value(self) -> _Known:
        self.value = self.value or _Known()
        return self.value

    def freeze(self) -> Wants:
        frozen = {name: place.freeze() for name, place in sorted(self.fields.items())}
        return Wants(
            self.kind,
            {name: wants for name, wants in frozen.items() if wants},
            (self.item.freeze() if self.item else None) or None,
            (self.value.freeze() if self.value else None) or None,
        )


_Spots: TypeAlias = Spots[_Known]

_NOWHERE: Final[_Spots] = Spots()


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
        _want(below(spots, _Known.any_item), kind.args[0])


def find_wants(
    node: Node, variables: Iterable[str], type_of: Callable[[Node], Type], expect: Type
) -> dict[str, Wants]:
    """What ``node``, of type ``expect``, takes ``variables`` to be, where it says so."""
    roots = {name: _Known() for name in variables}
    analysis = _Analysis(roots, type_of)
    try:
        _want(analysis.visit(node), expect)
    except RecursionError:
        return {}
    found = {name: place.freeze() for name, place in sorted(roots.items())}
    return {name: wants for name, wants in found.items() if wants}


class _Analysis(Following[_Known]):
    """Notes of each place what type it is taken to be."""

    def __init__(self, roots: Mapping[str, _Known], type_of: Callable[[Node], Type]) -> None:
        super().__init__(roots)
        self._type_of = type_of

    def used(self, _spots: _Spots) -> None:
        """Nothing is said of the type."""

    def tested(self, spots: _Spots) -> None:
        _want(spots, BOOL)

    def on_index(self, node: Index) -> _Spots:
        operand = self.visit(node.operand)
        if isinstance(node.index, Literal) and isinstance(node.index.value, str):
            return select(operand, node.index.value)
        self.visit(node.index)
        if self._type_of(node.index) == INT:
            return below(operand, _Known.any_item)
        return below(operand, _Known.any_item, _Known.any_value)

    def on_transform(self, node: Transform) -> _Spots:
        names = self.bound(node)
        if node.condition is not None:
            self.tested(self.within(names, node.condition))
        made = names[node.first] if node.body is None else self.within(names, node.body)
        return Spots(items=made) if node.kind != "transformMapEntry" else made

    def bound(self, node: Quantifier | Transform) -> dict[str, _Spots]:
        """The variables of a macro; with one, it has the keys of a map, which are texts."""
        operand = self.visit(node.operand)
        if node.second is None:
            return {node.first: below(operand, _Known.any_item)}
        each = below(operand, _Known.any_item, _Known.any_value)
        return {node.first: _NOWHERE, node.second: each}

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
            return union(spots)
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
            _want(below(spots[1], _Known.any_item), kinds[0])


def _ordered(kind: Type) -> Type:
    """What has an order with a type: any number with any other."""
    return DOUBLE if kind in {INT, UINT} else kind
