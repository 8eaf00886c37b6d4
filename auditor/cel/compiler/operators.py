"""Comparisons, membership and arithmetic, with Python's own operators where those mean the same.

They do not where a bool may meet a number (``True == 1``), for NaN in an order, and for int64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from auditor.cel.ast import Call, ListLiteral, Literal, Node
from auditor.cel.compiler.code import Code, Kind, deepest
from auditor.cel.compiler.common import constant, not_large
from auditor.cel.compiler.generator import Generator
from auditor.cel.values import INT_MIN

_HELPERS: Final = {
    "_<_": "_lt",
    "_<=_": "_le",
    "_>_": "_gt",
    "_>=_": "_ge",
    "_+_": "_add",
    "_-_": "_sub",
    "_*_": "_mul",
    "_/_": "_div",
    "_%_": "_mod",
}
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_INVERTED: Final = {"==": "!=", "!=": "==", "is": "is not", "is not": "is"}
_FEW: Final = 3
"""Up to this many strings a tuple is searched faster than a set."""


def equality(g: Generator, node: Call) -> Code:
    """``a == b`` and ``a != b``."""
    left, right = g.sequence(node.args)
    sign = "==" if node.function == "_==_" else "!="
    match node.args:
        case (Literal(value), Literal()):
            return _generic_equality(sign, left, right)
        case (_, Literal(value)):
            return _equal_to(g, sign, left, value)
        case (Literal(value), _):
            return _equal_to(g, sign, right, value)
        case _:
            pass
    if left.kind is right.kind and left.kind in (Kind.INT, Kind.STRING, Kind.BOOL):
        return _compare(sign, left.text, right.text, deepest(left, right))
    left, right = g.hold(left), g.hold(right)
    same = f"{left.text}.__class__ is {right.text}.__class__ is str"
    return Code(
        f"({left.local} {sign} {right.local} if {same} else"
        f" {'' if sign == '==' else 'not '}_eq({left.local}, {right.local}))",
        Kind.BOOL,
        deepest(left, right) + 1,
    )


def _generic_equality(sign: str, left: Code, right: Code) -> Code:
    call = f"_eq({left.text}, {right.text})"
    same, other = call, f"(not {call})"
    if sign == "!=":
        same, other = other, same
    return Code(same, Kind.BOOL, deepest(left, right) + 1, negated=other)


def _compare(sign: str, left: str, right: str, depth: int) -> Code:
    return Code(
        f"({left} {sign} {right})",
        Kind.BOOL,
        depth,
        negated=f"({left} {_INVERTED[sign]} {right})",
    )


def _equal_to(g: Generator, sign: str, code: Code, value: object) -> Code:
    """``code`` compared with a constant; only 0 and 1 equal a bool in Python."""
    expected = constant(
        int(value) if isinstance(value, int) and value.__class__ is not bool else value
    )
    if code.is_constant:
        return _generic_equality(sign, code, constant(value))
    if value is None or value.__class__ is bool:
        return _compare("is" if sign == "==" else "is not", code.text, expected.text, deepest(code))
    if value.__class__ in (str, bytes) or value not in (0, 1) or code.kind is Kind.INT:
        return _compare(sign, code.text, expected.text, deepest(code))
    held = g.hold(code)
    equal = f"({held.text} == {expected.text} and {held.local} is not {bool(value)})"
    differs = f"({held.text} != {expected.text} or {held.local} is {bool(value)})"
    if sign == "!=":
        equal, differs = differs, equal
    return Code(equal, Kind.BOOL, held.depth + 1, negated=differs)


def order(g: Generator, node: Call) -> Code:
    """``<``, ``<=``, ``>`` and ``>=``."""
    left, right = g.sequence(node.args)
    sign = node.function[1:-1]
    match node.args:
        case (Literal(), Literal()):
            return _helper(node, left, right)
        case (_, Literal(value)) if value.__class__ in (int, str):
            return _ordered_with(g, node, sign, left, right)
        case (Literal(value), _) if value.__class__ in (int, str):
            return _ordered_with(g, node, _MIRRORED[sign], right, left)
        case _:
            return _helper(node, left, right)


def _ordered_with(g: Generator, node: Call, sign: str, code: Code, limit: Code) -> Code:
    """``code`` compared with a literal int or string."""
    if code.kind is limit.kind:
        return Code(f"({code.text} {sign} {limit.text})", Kind.BOOL, deepest(code, limit))
    held = g.hold(code)
    kind = limit.kind.value
    operands = [held.local, limit.text]
    if isinstance(node.args[0], Literal):
        operands.reverse()
    slow = f"{_HELPERS[node.function]}({operands[0]}, {operands[1]})"
    text = f"({held.local} {sign} {limit.text} if {held.text}.__class__ is {kind} else {slow})"
    return Code(text, Kind.BOOL, held.depth + 2)


def _helper(node: Call, *args: Code) -> Code:
    text = f"{_HELPERS[node.function]}({', '.join(arg.text for arg in args)})"
    kind = Kind.BOOL if node.function in ("_<_", "_<=_", "_>_", "_>=_") else Kind.ANY
    return Code(text, kind, deepest(*args))


def arithmetic(g: Generator, node: Call) -> Code:
    """``+``, ``-``, ``*``, ``/`` and ``%``, checked."""
    left, right = g.sequence(node.args)
    code = _helper(node, left, right)
    if node.function != "_+_" or Kind.INT in (left.kind, right.kind):
        return code
    kinds = {left.kind, right.kind} & {Kind.STRING, Kind.LIST}
    return not_large(g, Code(code.text, kinds.pop() if len(kinds) == 1 else Kind.ANY, code.depth))


def negation(g: Generator, node: Call) -> Code:
    """``-a``."""
    match node.args[0]:
        case Literal(value=int() as number) if number.__class__ is int and number != INT_MIN:
            return constant(-number)
        case operand:
            code = g.visit(operand)
            return Code(f"_neg({code.text})", depth=deepest(code))


def membership(g: Generator, node: Call) -> Code:
    """``a in b``."""
    item, container = node.args
    texts = _strings(container)
    if texts is not None:
        return _among(g.visit(item), texts)
    code, among = g.sequence(node.args)
    if among.kind is Kind.LIST and code.kind is Kind.STRING:
        return Code(f"({code.text} in {among.text})", Kind.BOOL, deepest(code, among))
    unlikely = among.kind is Kind.LIST or among.is_constant
    if unlikely or not code.atom or (code.is_constant and code.kind is not Kind.STRING):
        return Code(f"_in({code.text}, {among.text})", Kind.BOOL, deepest(code, among))
    held = g.hold(among)
    contains = f"({held.text}.__class__ is dict or {held.local}.__class__ is list)"
    if code.kind is not Kind.STRING:
        contains = f"{contains} and {code.text}.__class__ is str"
    return Code(
        f"({code.text} in {held.local} if {contains} else _in({code.text}, {held.local}))",
        Kind.BOOL,
        held.depth + 2,
    )


def _strings(node: Node) -> list[str] | None:
    """The elements of a list literal of nothing but literal strings."""
    if not isinstance(node, ListLiteral) or any(node.optional):
        return None
    values = [part.value for part in node.elements if isinstance(part, Literal)]
    texts = [value for value in values if isinstance(value, str)]
    return texts if len(texts) == len(node.elements) else None


def _among(code: Code, texts: list[str]) -> Code:
    """``code in texts``: a value that cannot be looked up in a set is left to the interpreter."""
    distinct = list(dict.fromkeys(texts))
    if not distinct:
        return Code(f"({code.text} in ())", Kind.BOOL, deepest(code))
    listed = ", ".join(map(repr, distinct))
    group = f"({listed},)" if len(distinct) <= _FEW else f"{{{listed}}}"
    return Code(
        f"({code.text} in {group})",
        Kind.BOOL,
        code.depth + 2,
        negated=f"({code.text} not in {group})",
    )


HANDLERS: Final[Mapping[str, Callable[[Generator, Call], Code]]] = {
    "_==_": equality,
    "_!=_": equality,
    "_<_": order,
    "_<=_": order,
    "_>_": order,
    "_>=_": order,
    "_+_": arithmetic,
    "_-_": arithmetic,
    "_*_": arithmetic,
    "_/_": arithmetic,
    "_%_": arithmetic,
    "-_": negation,
    "@in": membership,
}
"""How each operator is compiled, by its name in the tree; ``!`` is in :mod:`.logic`."""
