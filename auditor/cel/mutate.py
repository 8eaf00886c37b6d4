"""Small faults put into a condition, to find out whether anybody would notice them.

Each mutant has one change that an author could have made by mistake. Changes that no value could
ever show are left out: the second ``?`` of a chain (the first makes it optional); another default
for which a comparison comes out the same; ``exists`` for ``all`` over a single element. What
remains and can't be seen is for people to name.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import msgspec
from msgspec.structs import replace

from auditor.cel.ast import (
    Bind,
    Call,
    Has,
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
from auditor.cel.faults import changes, default_of, negatable
from auditor.cel.unparse import unparse


class Role(Enum):
    """Where an expression stands."""

    VALUE = "value"
    CONDITION = "condition"
    NEGATED = "negated"


class Mutant(msgspec.Struct, frozen=True):
    """A changed condition. ``before`` became ``after``: the smallest conditions around the change.

    ``position`` is the offset of the change in the source.
    """

    tree: Node
    before: Node
    after: Node
    position: int


def mutants(tree: Node, *, boolean: bool = True) -> Iterator[Mutant]:
    """Every mutant of an expression once, ``boolean`` being what the whole comes to."""
    seen = {unparse(tree)}
    role = Role.CONDITION if boolean else Role.VALUE
    for mutant in (*_everywhere(tree, role), *(_constants(tree) if boolean else ())):
        text = unparse(mutant.tree)
        if text not in seen:
            seen.add(text)
            yield mutant


def _constants(node: Node) -> Iterator[Mutant]:
    for value in (True, False):
        constant = Literal(value, node.position)
        yield Mutant(constant, node, constant, node.position)


def _everywhere(node: Node, role: Role) -> Iterator[Mutant]:
    if isinstance(node, Call) and node.function == "undecided":
        return  # an error whatever its words are
    for changed in changes(node):
        yield Mutant(changed, node, changed, node.position)
    if role is Role.CONDITION and negatable(node):
        negated = Call("!_", None, (node,), node.position)
        yield Mutant(negated, node, negated, node.position)
    for slot, index, child, inner in _slots(node, role):
        for mutant in _everywhere(child, inner):
            whole = _put(node, slot, index, mutant.tree)
            if inner is Role.VALUE:
                yield Mutant(whole, node, whole, mutant.position)
            else:
                yield replace(mutant, tree=whole)


def _slots(node: Node, role: Role) -> Iterator[tuple[str, int, Node, Role]]:
    """The children of a node: (attribute, index in a tuple or -1, child, its role)."""
    match node:
        case Logical(_, left, right):
            yield "left", -1, left, Role.CONDITION
            yield "right", -1, right, Role.CONDITION
        case Ternary(condition, then, otherwise):
            yield "condition", -1, condition, Role.CONDITION
            yield "then", -1, then, role
            yield "otherwise", -1, otherwise, role
        case Quantifier(_, operand, _, _, body):
            yield "operand", -1, operand, Role.VALUE
            yield "body", -1, body, Role.CONDITION
        case Transform(_, operand, _, _, condition, body):
            yield "operand", -1, operand, Role.VALUE
            if condition is not None:
                yield "condition", -1, condition, Role.CONDITION
            if body is not None:
                yield "body", -1, body, Role.VALUE
        case Bind(_, value, body):
            yield "value", -1, value, Role.VALUE
            yield "body", -1, body, role
        case Call("!_", _, (operand,)):
            yield "args", 0, operand, Role.NEGATED
        case _:
            yield from ((*place, Role.VALUE) for place in _value_slots(node))


def _value_slots(node: Node) -> Iterator[tuple[str, int, Node]]:
    match node:
        case Call(_, target, args):
            if target is not None:
                yield "target", -1, target
            if default_of(node) is None:
                yield from (("args", index, part) for index, part in enumerate(args))
        case ListLiteral(elements):
            # a text in a list is changed by leaving it out
            yield from (
                ("elements", index, part)
                for index, part in enumerate(elements)
                if not (isinstance(part, Literal) and isinstance(part.value, str))
            )
        case MapLiteral(keys, values):
            yield from (("keys", index, part) for index, part in enumerate(keys))
            yield from (("values", index, part) for index, part in enumerate(values))
        case Index(operand, index, _):
            yield "operand", -1, operand
            yield "index", -1, index
        case Select(operand) | Has(operand):
            yield "operand", -1, operand
        case OptMap(operand, _, body):
            yield "operand", -1, operand
            yield "body", -1, body
        case _:
            return


def _put(node: Node, slot: str, index: int, child: Node) -> Node:
    value: object = child
    if index >= 0:
        parts = getattr(node, slot)
        value = (*parts[:index], child, *parts[index + 1 :])
    return replace(node, **{slot: value})
