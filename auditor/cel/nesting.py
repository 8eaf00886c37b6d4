"""Macros inside one another: how deep they nest, and what visiting an element counts for."""

from __future__ import annotations

from typing import Final

from auditor.cel.ast import Node, Quantifier, Transform
from auditor.cel.walk import children

_NODES_A_VISIT: Final = 3


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


def deepest(node: Node) -> int:
    """How many macros are inside one another."""
    most = 0
    stack = [(node, 0)]
    while stack:
        current, depth = stack.pop()
        depth += isinstance(current, Quantifier | Transform)
        most = max(most, depth)
        stack += [(child, depth) for child in children(current)]
    return most


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
