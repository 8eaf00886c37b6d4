"""Names, fields, indices and presence tests."""

from __future__ import annotations

from auditor.cel.ast import Has, Ident, Index, Literal, Select
from auditor.cel.compiler.code import Code, Kind, assignment, deepest, local
from auditor.cel.compiler.common import MISSING
from auditor.cel.compiler.generator import Generator
from auditor.cel.compiler.optionals import is_optional, optional, present_or_none
from auditor.cel.interpreter import TYPE_NAMES, named_type
from auditor.cel.roots import bare


def ident(g: Generator, node: Ident) -> Code:
    """A variable, or a type."""
    name = g.scope.get(node.name)
    if name is None:
        return _type_value(bare(node.name))
    if name.optional:
        return present_or_none(g, optional(g, node, MISSING))
    return local(name.local, name.kind)


def _type_value(name: str) -> Code:
    return Code(f"Type({name!r})" if name in TYPE_NAMES else "_give_up()")


def select(g: Generator, node: Select) -> Code:
    """``a.b`` and ``a.?b``, or the dotted name of a type."""
    if is_optional(g, node):
        return present_or_none(g, optional(g, node, MISSING))
    name = named_type(node, g.scope)
    if name:
        return _type_value(name)
    return field_of(g, g.visit(node.operand), node.field)


def field_of(g: Generator, operand: Code, field: str) -> Code:
    """``operand[field]`` for the name of a field, which only a map has."""
    if operand.is_constant or operand.kind is Kind.LIST:
        return Code(f"_select({operand.text}, {field!r})", depth=deepest(operand))
    if operand.local is not None:
        g.facts.maps.add(operand.local)
    path = None if operand.path is None else (*operand.path, field)
    known = None if path is None else g.facts.values.get(path)
    if known is not None:
        return Code(known, depth=0, atom=True, local=known, path=path)
    code = Code(f"{operand.text}[{field!r}]", depth=operand.depth, path=path)
    if path is None or not g.is_shared(path):
        return code
    name = g.temporary()
    g.facts.values[path] = name
    return assignment(name, code, path)


def has(g: Generator, node: Has) -> Code:
    """``has(a.b)``; on an optional, whether its value has the field."""
    if is_optional(g, node.operand):
        held = g.hold(optional(g, node.operand, MISSING))
        text = f"({held.text} is not M and _has({held.local}, {node.field!r}))"
        return Code(text, Kind.BOOL, held.depth + 2)
    operand = g.hold(g.visit(node.operand))
    name = operand.local or ""
    if name in g.facts.maps:
        return Code(
            f"({node.field!r} in {operand.text})",
            Kind.BOOL,
            operand.depth + 1,
            negated=f"({node.field!r} not in {operand.text})",
        )
    text = (
        f"({node.field!r} in {name} if {operand.text}.__class__ is dict"
        f" else _has({name}, {node.field!r}))"
    )
    known = g.facts.copy()
    known.maps.add(name)
    return Code(text, Kind.BOOL, operand.depth + 2, when_true=known)


def index(g: Generator, node: Index) -> Code:
    """``a[i]`` and ``a[?i]``."""
    if is_optional(g, node):
        return present_or_none(g, optional(g, node, MISSING))
    match node.index:
        case Literal(value=str() as name):
            return field_of(g, g.visit(node.operand), name)
        case Literal(value=int() as position) if position.__class__ is int and position >= 0:
            held = g.hold(g.visit(node.operand))
            text = (
                f"({held.local}[{position}] if {held.text}.__class__ is list"
                f" else _index({held.local}, {position}))"
            )
            return Code(text, depth=held.depth + 2)
        case _:
            operand, key = g.sequence((node.operand, node.index))
            return Code(f"_index({operand.text}, {key.text})", depth=deepest(operand, key))
