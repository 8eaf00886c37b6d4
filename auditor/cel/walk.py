"""Walking over a syntax tree without recursion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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

_CHILDREN: Final[Mapping[type, Callable[[Any], tuple[Node | None, ...]]]] = {
    Literal: lambda _: (),
    Ident: lambda _: (),
    Select: lambda node: (node.operand,),
    Has: lambda node: (node.operand,),
    Index: lambda node: (node.operand, node.index),
    Call: lambda node: (node.target, *node.args),
    Logical: lambda node: (node.left, node.right),
    Ternary: lambda node: (node.condition, node.then, node.otherwise),
    ListLiteral: lambda node: node.elements,
    MapLiteral: lambda node: (*node.keys, *node.values),
    Quantifier: lambda node: (node.operand, node.body),
    Transform: lambda node: (node.operand, node.condition, node.body),
    Bind: lambda node: (node.value, node.body),
    OptMap: lambda node: (node.operand, node.body),
}


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below ``node``."""
    return tuple(child for child in _CHILDREN[node.__class__](node) if child is not None)


def walk(node: Node) -> Iterator[Node]:
    """``node`` and all nodes below it, each parent before its children."""
    pending: list[Node] = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(children(current)))
