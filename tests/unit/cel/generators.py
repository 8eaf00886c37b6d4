"""Random syntax trees and JSON values, of the shapes that the compiler treats specially.

Trees are made without a parser, so that they also hold what no source text would give. They are
mostly well typed where that decides whether evaluation gets anywhere: paths repeat, guards test
what they guard, and quantifiers nest.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

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
from auditor.cel.values import UInt

FIELDS: Final = ("a", "b", "c")
LITERALS: Final[tuple[object, ...]] = (
    *(None, True, False, 0, 1, -1, 2, 7, 2**63 - 1, -(2**63), UInt(0), UInt(1), UInt(2**64 - 1)),
    *(0.0, -0.0, 1.0, 0.5, float("inf"), 1e300, "", "a", "b", "ab", "é😀", b"", b"a", '"\n{x}'),
)
SCALARS: Final[tuple[object, ...]] = (
    *(None, True, False, 0, 1, -1, 2, 7, 2**63 - 1, 0.0, 1.0, 0.5, float("nan")),
    *("", "a", "b", "ab", "é😀", "a", "b"),
)
COMPARISONS: Final = ("_==_", "_!=_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in")
ARITHMETIC: Final = ("_+_", "_-_", "_*_", "_/_", "_%_")
TESTS: Final = ("startsWith", "endsWith", "contains", "matches")


def random_value(random: Random, depth: int = 4) -> Any:
    """JSON that has some of :data:`FIELDS` and lists, with values of any type anywhere."""
    form = random.random()
    if depth > 0 and form < 0.5:
        return {name: random_value(random, depth - 1) for name in FIELDS if random.random() < 0.7}
    if depth > 0 and form < 0.75:
        return [random_value(random, depth - 1) for _ in range(random.randrange(4))]
    return random.choice(SCALARS)


def random_objects(random: Random, depth: int = 4) -> dict[str, Any]:
    """A map with all of :data:`FIELDS`, whose lists hold maps: what expressions expect."""
    value: dict[str, Any] = {}
    for name in FIELDS:
        form = random.random()
        if depth > 0 and form < 0.35:
            value[name] = random_objects(random, depth - 1)
        elif depth > 0 and form < 0.7:
            count = random.randrange(4)
            value[name] = [random_objects(random, depth - 2) for _ in range(count)]
        elif form < 0.85:
            value[name] = random.choice(SCALARS)
    return value


class Trees:
    """Makes one tree after another; the same seed gives the same trees."""

    def __init__(self, random: Random, variables: tuple[str, ...]) -> None:
        self.random = random
        self._variables = variables
        self._names = list(variables)
        self._paths: list[Node] = []
        self._bools: tuple[Callable[[int], Node], ...] = (
            *(self._logical, self._logical, self._logical, self._not, self._compare),
            *(self._compare, self._quantifier, self._quantifier, self._has, self._has),
            *(self._text_test, self._guarded, self._guarded, self._has_value, self._flag),
        )
        self._values: tuple[Callable[[int], Node], ...] = (
            *(self.path, self.path, self.path, self.boolean, self._literal, self._arithmetic),
            *(self._ternary, self._list, self._map, self._transform, self._bind, self._or_value),
            *(self._or_value, self._index, self._call, self.optional, self._select),
        )

    def tree(self, depth: int) -> Node:
        """A tree that is a condition, more often than not."""
        self._names = list(self._variables)
        self._paths = []
        if self.random.random() < 0.75:
            return self.boolean(depth)
        return self.value(depth)

    def boolean(self, depth: int) -> Node:
        """A tree that is a bool or an error, or now and then something else."""
        if self.random.random() < 0.04:
            return self.value(depth - 1)
        if depth <= 0:
            return self._flag(depth)
        return self.random.choice(self._bools)(depth - 1)

    def value(self, depth: int) -> Node:
        """A tree of any type."""
        if depth <= 0:
            return self.random.choice((self.path, self._literal))(depth)
        return self.random.choice(self._values)(depth - 1)

    def path(self, _depth: int) -> Node:
        """A name, or a selection of fields from it; often one that was there before."""
        if self._paths and self.random.random() < 0.4:
            path = self.random.choice(self._paths)
            return self._step(path) if self.random.random() < 0.3 else path
        node: Node = Ident(self.random.choice(self._names))
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 2, 3))):
            name = self.random.choice(FIELDS)
            if self.random.random() < 0.15:
                node = Index(node, Literal(name))
            else:
                node = Select(node, name)
        self._paths.append(node)
        return node

    def optional(self, depth: int) -> Node:
        """A tree that is an optional or an error."""
        form = self.random.randrange(10) if depth > 0 else 0
        if form <= 4:
            node: Node = self._optional_step(self.path(depth))
            while self.random.random() < 0.5:
                step = self._optional_step if self.random.random() < 0.6 else self._step
                node = step(node)
            return node
        if form == 5:
            return Call("optional.of", None, (self.value(depth - 1),))
        if form == 6:
            return self.random.choice(
                (
                    Call("optional.none", None, ()),
                    Call("optional.ofNonZeroValue", None, (self.value(depth - 1),)),
                    Call("first", self.value(depth - 1), ()),
                )
            )
        if form == 7:
            return Call("or", self.optional(depth - 1), (self._maybe_optional(depth - 1),))
        if form == 8:
            condition = self.boolean(depth - 1)
            return Ternary(condition, self.optional(depth - 1), self.optional(depth - 1))
        return self._opt_map(depth - 1)

    def _maybe_optional(self, depth: int) -> Node:
        return self.optional(depth) if self.random.random() < 0.9 else self.value(depth)

    def _step(self, node: Node) -> Node:
        return Select(node, self.random.choice(FIELDS))

    def _optional_step(self, node: Node) -> Node:
        if self.random.random() < 0.7:
            return Select(node, self.random.choice(FIELDS), optional=True)
        return Index(node, self._key(), optional=True)

    def _key(self) -> Node:
        if self.random.random() < 0.7:
            return Literal(self.random.choice((*FIELDS, 0, 1, 2, -1, 1.0, True)))
        return self.path(0)

    def _opt_map(self, depth: int) -> Node:
        operand = self._maybe_optional(depth)
        flat = self.random.random() < 0.4
        make = self._maybe_optional if flat else self.value
        return OptMap(operand, "o", self._within(("o",), make, depth), flat)

    def _within(self, names: tuple[str, ...], make: Callable[[int], Node], depth: int) -> Node:
        self._names += [*names, *names]
        known = len(self._paths)
        tree = make(depth)
        del self._names[-2 * len(names) :], self._paths[known:]
        return tree

    # Bools

    def _logical(self, depth: int) -> Node:
        left, right = self.boolean(depth), self.boolean(depth)
        return Logical(self.random.random() < 0.5, left, right)

    def _guarded(self, depth: int) -> Node:
        """``!has(a.b) || ... a.b ...`` and its dual, with the path spelled out again."""
        path = self.path(depth)
        name = self.random.choice(FIELDS)
        guard: Node = Has(path, name)
        inner = Select(path, name)
        use = self.random.choice(
            (
                inner,
                Has(inner, self.random.choice(FIELDS)),
                Call("_==_", None, (inner, self._literal(0))),
                Logical(True, Call("_!=_", None, (inner, Literal(0))), self.boolean(depth)),
            )
        )
        if self.random.random() < 0.5:
            return Logical(True, guard, use)
        return Logical(False, Call("!_", None, (guard,)), use)

    def _not(self, depth: int) -> Node:
        return Call("!_", None, (self.boolean(depth),))

    def _flag(self, depth: int) -> Node:
        return self.random.choice((Literal(True), Literal(False), self.path(depth)))

    def _has(self, depth: int) -> Node:
        operand = self.path(depth) if self.random.random() < 0.8 else self.value(depth)
        return Has(operand, self.random.choice(FIELDS))

    def _has_value(self, depth: int) -> Node:
        return Call("hasValue", self._maybe_optional(depth), ())

    def _compare(self, depth: int) -> Node:
        operator = self.random.choice(COMPARISONS)
        left, right = self.value(depth), self.value(depth)
        if self.random.random() < 0.5:
            left, right = self.random.choice(
                ((self.path(0), self._literal(0)), (self._literal(0), self.path(0)))
            )
        if operator == "@in" and self.random.random() < 0.5:
            values = [self._literal(0) for _ in range(self.random.randrange(5))]
            if self.random.random() < 0.6:
                values = [Literal(text) for text in ("a", "b", "ab", "", "x")[: len(values)]]
            right = ListLiteral(tuple(values), (False,) * len(values))
        return Call(operator, None, (left, right))

    def _text_test(self, depth: int) -> Node:
        argument = self.value(depth) if self.random.random() < 0.3 else Literal("a")
        return Call(self.random.choice(TESTS), self.value(depth), (argument,))

    def _quantifier(self, depth: int) -> Node:
        kind = self.random.choice(("all", "all", "exists", "exists", "exists_one"))
        first, second = self._loop_names()
        names = (first,) if second is None else (first, second)
        return Quantifier(
            kind, self._collection(depth), first, second, self._within(names, self.boolean, depth)
        )

    def _loop_names(self) -> tuple[str, str | None]:
        first = self.random.choice(("e", "f", *self._variables))
        return (first, None) if self.random.random() < 0.75 else ("i", first)

    def _collection(self, depth: int) -> Node:
        form = self.random.randrange(6)
        if form <= 2:
            return self.path(depth)
        if form == 3:
            empty = ListLiteral((), ())
            return Call("orValue", self.optional(0), (empty,))
        if form == 4:
            return Call("_+_", None, (self._collection(depth - 1), self._collection(depth - 1)))
        return self.value(depth)

    # Values

    def _literal(self, _depth: int) -> Node:
        return Literal(self.random.choice(LITERALS))

    def _select(self, depth: int) -> Node:
        return Select(self.value(depth), self.random.choice(FIELDS))

    def _index(self, depth: int) -> Node:
        return Index(self.value(depth), self._key())

    def _arithmetic(self, depth: int) -> Node:
        if self.random.random() < 0.1:
            return Call("-_", None, (self.value(depth),))
        operator = self.random.choice(ARITHMETIC)
        return Call(operator, None, (self.value(depth), self.value(depth)))

    def _ternary(self, depth: int) -> Node:
        return Ternary(self.boolean(depth), self.value(depth), self.value(depth))

    def _list(self, depth: int) -> Node:
        spread = tuple(self.random.random() < 0.25 for _ in range(self.random.randrange(4)))
        elements = tuple(
            self._maybe_optional(depth) if optional else self.value(depth) for optional in spread
        )
        return ListLiteral(elements, spread)

    def _map(self, depth: int) -> Node:
        spread = tuple(self.random.random() < 0.2 for _ in range(self.random.randrange(3)))
        keys = tuple(
            Literal(self.random.choice((*FIELDS, 0, True)))
            if self.random.random() < 0.8
            else self.value(depth)
            for _ in spread
        )
        values = tuple(
            self._maybe_optional(depth) if optional else self.value(depth) for optional in spread
        )
        return MapLiteral(keys, values, spread)

    def _transform(self, depth: int) -> Node:
        first, second = self._loop_names()
        if second is None:
            kind = self.random.choice(("filter", "map"))
            names: tuple[str, ...] = (first,)
        else:
            kind = self.random.choice(("transformList", "transformMap", "transformMapEntry"))
            names = (first, second)
        condition = (
            self._within(names, self.boolean, depth)
            if kind == "filter" or self.random.random() < 0.4
            else None
        )
        body = None if kind == "filter" else self._within(names, self.value, depth)
        if kind == "transformMapEntry":
            body = MapLiteral(
                (self._within(names, self.path, depth),), (body or Literal(1),), (False,)
            )
        return Transform(kind, self._collection(depth), first, second, condition, body)

    def _bind(self, depth: int) -> Node:
        value = self._maybe_optional(depth) if self.random.random() < 0.3 else self.value(depth)
        make = self.random.choice((self.value, self.boolean, self._or_value))
        return Bind("n", value, self._within(("n",), make, depth))

    def _or_value(self, depth: int) -> Node:
        function = self.random.choice(("orValue", "orValue", "orValue", "value"))
        args = (self.value(depth),) if function == "orValue" else ()
        return Call(function, self._maybe_optional(depth), args)

    def _call(self, depth: int) -> Node:
        value = self.value(depth)
        return self.random.choice(
            (
                Call("size", None, (value,)),
                Call("size", value, ()),
                Call("string", None, (value,)),
                Call("int", None, (value,)),
                Call("type", None, (value,)),
                Call("dyn", None, (value,)),
                Call("_==_", None, (Call("type", None, (value,)), Ident("string"))),
            )
        )
