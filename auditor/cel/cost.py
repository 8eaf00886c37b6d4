"""A static estimate of what an expression costs, before any data is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from auditor.cel.ast import Call, Node, Quantifier, Transform
from auditor.cel.functions import Library
from auditor.cel.walk import children

_NODES_A_VISIT: Final = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """``nodes`` weighted by function cost, and how deep comprehensions nest."""

    nodes: int
    comprehensions: int


def estimate(node: Node, functions: Library) -> Estimate:
    """Add up an expression."""
    nodes = deepest = 0
    stack = [(node, 0)]
    while stack:
        current, depth = stack.pop()
        weight = 1
        if isinstance(current, Call) and current.function in functions:
            weight = functions[current.function].cost
        nodes += weight
        if isinstance(current, Quantifier | Transform):
            depth += 1
        deepest = max(deepest, depth)
        stack += [(child, depth) for child in children(current)]
    return Estimate(nodes, deepest)


def visit_weight(node: Quantifier | Transform) -> int:
    """What visiting one element counts for: one for every three nodes of the macro's body.

    The bodies of macros inside count themselves.
    """
    nodes = 0
    body = node.body if isinstance(node, Quantifier) else (node.condition, node.body)
    stack = [part for part in (body if isinstance(body, tuple) else (body,)) if part is not None]
    while stack:
        current = stack.pop()
        nodes += 1
        if isinstance(current, Quantifier | Transform):
            stack.append(current.operand)
        else:
            stack += children(current)
    return max(1, -(-nodes // _NODES_A_VISIT))


def nested_beyond(node: Node, limit: int) -> Node | None:
    """The first macro that more than ``limit`` - 1 macros are around, None if there is none."""
    stack = [(node, 0)]
    while stack:
        current, depth = stack.pop()
        if isinstance(current, Quantifier | Transform):
            depth += 1
            if depth > limit:
                return current
        stack += [(child, depth) for child in children(current)]
    return None
