"""Following the variables of an expression through it, for analyses that evaluate nothing.

Each node is given what it may be. Of ``(object.a + object.b).filter(x, x.c)`` the variable ``x``
may be an element of ``object.a`` or of ``object.b``: two places. A list or a map that the
expression itself makes is no place of a variable; it is known by what its elements may be.

What a place is, what is remembered of one, and what a call or a macro makes of it, is the business
of each analysis: :mod:`auditor.cel.reading` notes what is read, :mod:`auditor.cel.strict` of which
type it is taken to be.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar

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


class Part(Protocol):
    """A part of a variable."""

    def below(self, name: str, /) -> Any:
        """The part that a selection of it is: a place of the same analysis."""
        ...


P = TypeVar("P", bound=Part)


class Spots(msgspec.Struct, Generic[P], frozen=True):
    """What a node may be: one of ``places``, or a container made of ``items``.

    An optional is treated as the value in it.
    """

    places: tuple[P, ...] = ()
    items: Spots[P] | None = None


def union(several: Iterable[Spots[P]]) -> Spots[P]:
    """What may be any of several, each place once."""
    places: dict[P, None] = {}
    items: list[Spots[P]] = []
    for spots in several:
        places.update(dict.fromkeys(spots.places))
        if spots.items is not None:
            items.append(spots.items)
    return Spots(tuple(places), union(items) if items else None)


def below(spots: Spots[P], *steps: Callable[[P], P]) -> Spots[P]:
    """What is a step, or one of several, below; below a container that was made, its items."""
    found = Spots(tuple(step(place) for place in spots.places for step in steps))
    return found if spots.items is None else union((found, spots.items))


def select(spots: Spots[P], name: str) -> Spots[P]:
    """What a field of it may be."""
    return below(spots, lambda place: place.below(name))


class Following(ABC, Generic[P]):
    """One walk over a tree, with the names in scope.

    Attributes:
        mentioned: The variables that the expression names.
    """

    def __init__(self, roots: Mapping[str, P]) -> None:
        self.mentioned: set[str] = set()
        self._roots = roots
        self._scope: dict[str, Spots[P]] = {}

    @abstractmethod
    def used(self, spots: Spots[P], /) -> None:
        """All of a value is used."""

    @abstractmethod
    def tested(self, spots: Spots[P], /) -> None:
        """A value stands where a bool has to."""

    @abstractmethod
    def bound(self, node: Quantifier | Transform, /) -> dict[str, Spots[P]]:
        """The variables of a macro."""

    @abstractmethod
    def on_index(self, node: Index, /) -> Spots[P]:
        """``a[b]``."""

    @abstractmethod
    def on_transform(self, node: Transform, /) -> Spots[P]:
        """``map`` and its like."""

    @abstractmethod
    def on_call(self, node: Call, /) -> Spots[P]:
        """A call of a function or an operator."""

    def visit(self, node: Node) -> Spots[P]:
        """What a node may be."""
        found: Spots[P] = _HANDLERS[node.__class__](self, node)
        return found

    def within(self, names: Mapping[str, Spots[P]], node: Node) -> Spots[P]:
        """What a node may be with more names in scope."""
        outer = self._scope
        self._scope = {**outer, **names}
        found = self.visit(node)
        self._scope = outer
        return found

    def on_literal(self, _node: Literal) -> Spots[P]:
        """A constant."""
        return Spots()

    def on_ident(self, node: Ident) -> Spots[P]:
        """A variable, of the expression or of a macro."""
        known = self._scope.get(node.name)
        if known is not None:
            return known
        name = bare(node.name)
        root = self._roots.get(name)
        if root is None:
            return Spots()
        self.mentioned.add(name)
        return Spots((root,))

    def on_select(self, node: Select | Has) -> Spots[P]:
        """``a.b`` and ``a.?b``."""
        return select(self.visit(node.operand), node.field)

    def on_has(self, node: Has) -> Spots[P]:
        """``has(a.b)``."""
        self.on_select(node)
        return Spots()

    def on_logical(self, node: Logical) -> Spots[P]:
        """``a && b`` and ``a || b``, of which there may be very many."""
        left: Node = node
        while isinstance(left, Logical):
            self.tested(self.visit(left.right))
            left = left.left
        self.tested(self.visit(left))
        return Spots()

    def on_ternary(self, node: Ternary) -> Spots[P]:
        """``a ? b : c``."""
        self.tested(self.visit(node.condition))
        return union((self.visit(node.then), self.visit(node.otherwise)))

    def on_list(self, node: ListLiteral) -> Spots[P]:
        """``[a, b]``."""
        return Spots(items=union(map(self.visit, node.elements)))

    def on_map(self, node: MapLiteral) -> Spots[P]:
        """``{a: b}``."""
        for key in node.keys:
            self.used(self.visit(key))
        return Spots(items=union(map(self.visit, node.values)))

    def on_quantifier(self, node: Quantifier) -> Spots[P]:
        """``all`` and its like."""
        self.tested(self.within(self.bound(node), node.body))
        return Spots()

    def on_bind(self, node: Bind) -> Spots[P]:
        """``cel.bind(x, a, b)``."""
        return self.within({node.name: self.visit(node.value)}, node.body)

    def on_opt_map(self, node: OptMap) -> Spots[P]:
        """``a.optMap(x, b)``."""
        return self.within({node.name: self.visit(node.operand)}, node.body)


_HANDLERS: Final[Mapping[type, Callable[[Any, Any], Any]]] = {
    Literal: lambda walk, node: walk.on_literal(node),
    Ident: lambda walk, node: walk.on_ident(node),
    Select: lambda walk, node: walk.on_select(node),
    Has: lambda walk, node: walk.on_has(node),
    Index: lambda walk, node: walk.on_index(node),
    Call: lambda walk, node: walk.on_call(node),
    Logical: lambda walk, node: walk.on_logical(node),
    Ternary: lambda walk, node: walk.on_ternary(node),
    ListLiteral: lambda walk, node: walk.on_list(node),
    MapLiteral: lambda walk, node: walk.on_map(node),
    Quantifier: lambda walk, node: walk.on_quantifier(node),
    Transform: lambda walk, node: walk.on_transform(node),
    Bind: lambda walk, node: walk.on_bind(node),
    OptMap: lambda walk, node: walk.on_opt_map(node),
}
