"""Functions of the library that Python has too, and calls of all the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from auditor.cel.ast import Call, Literal, Node
from auditor.cel.compiler import logic, operators, optionals
from auditor.cel.compiler.code import Code, Kind, deepest
from auditor.cel.compiler.common import MISSING, plain_call
from auditor.cel.compiler.generator import Generator
from auditor.cel.errors import CelError
from auditor.cel.regex import compile_pattern
from auditor.cel.stdlib import STDLIB

_Handler = Callable[[Generator, Call], Code]


def call(g: Generator, node: Call) -> Code:
    """A function, a method or an operator."""
    operator = _OPERATORS.get(node.function)
    if operator is not None:
        return operator(g, node)
    special = _SPECIAL.get(node.function)
    if special is not None and g.functions.get(node.function) is STDLIB[node.function]:
        return special(g, node)
    if optionals.is_optional(g, node):
        return optionals.present_or_none(g, optionals.optional(g, node, MISSING))
    return plain_call(g, node)


def _size(g: Generator, node: Call) -> Code:
    """``size(x)``: nothing but strings, bytes, lists and maps has a length."""
    operands = node.args if node.target is None else (node.target, *node.args)
    if len(operands) != 1:
        return plain_call(g, node)
    code = g.visit(operands[0])
    return Code(f"len({code.text})", Kind.INT, deepest(code))


def _affix(g: Generator, node: Call) -> Code:
    """``x.startsWith("a")`` and ``x.endsWith("a")``: only a str has those methods for a str."""
    match node:
        case Call(target=target, args=(Literal(value=str() as affix),)) if target is not None:
            code = g.visit(target)
            if code.is_constant:
                return plain_call(g, node)
            method = node.function.lower()
            return Code(f"{code.text}.{method}({affix!r})", Kind.BOOL, deepest(code))
        case _:
            return plain_call(g, node)


def _contains(g: Generator, node: Call) -> Code:
    """``x.contains("a")``."""
    match node:
        case Call(target=target, args=(Literal(value=str() as part),)) if target is not None:
            held = g.hold(g.visit(target))
            text = (
                f"({part!r} in {held.local} if {held.text}.__class__ is str"
                f" else _give_up({held.local}))"
            )
            return Code(text, Kind.BOOL, held.depth + 2)
        case _:
            return plain_call(g, node)


def _matches(g: Generator, node: Call) -> Code:
    """``x.matches("a+")``, with the pattern compiled once, where a text has what it needs."""
    match node:
        case Call(target=target, args=(Literal(value=str() as pattern),)) if target is not None:
            text = target
        case Call(target=None, args=(text, Literal(value=str() as pattern))):
            pass
        case _:
            return plain_call(g, node)
    try:
        needed = compile_pattern(pattern).needed
    except CelError:
        return plain_call(g, node)
    held = g.hold(g.visit(text))
    found = f"{g.pattern(pattern)}({held.local})"
    if needed:
        found = f"({' or '.join(f'{each!r} in {held.local}' for each in needed)}) and {found}"
    kind = f"{held.text}.__class__ is str"
    return Code(
        f"(not not ({found}) if {kind} else _give_up())",
        Kind.BOOL,
        held.depth + 4,
        negated=f"(not ({found}) if {kind} else _give_up())",
    )


def _on_target(handler: Callable[[Generator, Call, Node], Code], g: Generator, node: Call) -> Code:
    if node.target is None or node.args:
        return plain_call(g, node)
    return handler(g, node, node.target)


def _or(g: Generator, node: Call) -> Code:
    if node.target is None or len(node.args) != 1:
        return plain_call(g, node)
    if node.function == "or":
        return optionals.or_else(g, node, node.target, node.args[0])
    return optionals.or_value(g, node.target, node.args[0])


_OPERATORS: Final[Mapping[str, _Handler]] = {**operators.HANDLERS, "!_": logic.logical_not}

_SPECIAL: Final[Mapping[str, _Handler]] = {
    "size": _size,
    "startsWith": _affix,
    "endsWith": _affix,
    "contains": _contains,
    "matches": _matches,
    "hasValue": partial(_on_target, optionals.has_value),
    "value": partial(_on_target, optionals.value),
    "or": _or,
    "orValue": _or,
}
"""Standard functions that are compiled to more than a call of their implementation."""
