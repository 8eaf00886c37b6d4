"""Pieces of code that several kinds of nodes are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from auditor.cel.ast import Call, Literal, Node
from auditor.cel.compiler.code import Code, Kind, deepest, local
from auditor.cel.compiler.generator import Generator
from auditor.cel.functions import takes
from auditor.cel.produced import ELEMENT, FREE, FREE_INSIDE, makes
from auditor.cel.types import BOOL, INT, STRING, Type

MISSING: Final = Code("M", depth=0, atom=True)
"""What stands for ``optional.none()``: no value of the language."""

NULL: Final = Code("None", depth=0, atom=True)


def literal(_g: Generator, node: Literal) -> Code:
    """A constant."""
    return constant(node.value)


def constant(value: object) -> Code:
    """A constant in Python."""
    if value.__class__ is bool:
        return Code(repr(value), Kind.BOOL, 0, atom=True)
    if value.__class__ is int:
        return Code(repr(value) if value >= 0 else f"({value!r})", Kind.INT, 1, atom=True)
    if value.__class__ is str:
        return Code(repr(value), Kind.STRING, 0, atom=True)
    if value is None or value.__class__ is bytes:
        return Code(repr(value), depth=0, atom=True)
    if isinstance(value, float):
        return Code(_double(value), depth=2, atom=True)
    if isinstance(value, int):
        return Code(f"UInt({int(value)})")
    raise TypeError(f"no constant of the language: {type(value).__name__}")


def _double(value: float) -> str:
    if value != value:  # noqa: PLR0124  # the test for NaN
        return "(1e999 - 1e999)"
    return f"({value!r})".replace("inf", "1e999")


def condition(g: Generator, node: Node) -> Code:
    """``node`` where the language wants a bool."""
    code = g.visit(node)
    if code.kind is Kind.BOOL:
        return code
    held = g.hold(code)
    name = held.local
    return Code(
        f"({held.text} is True or {name} is not False and _give_up())",
        Kind.BOOL,
        held.depth + 1,
        negated=f"({held.text} is False or {name} is not True and _give_up())",
    )


def conditional(
    g: Generator,
    test: Code,
    then: Callable[[], Code],
    otherwise: Callable[[], Code],
) -> Code:
    """What ``then`` makes if ``test`` holds, else what ``otherwise`` makes."""
    with g.branch(test.when_true) as then_lines:
        first = then()
    with g.branch(test.when_false) as else_lines:
        second = otherwise()
    kind = first.kind if first.kind is second.kind else Kind.ANY
    if not then_lines and not else_lines:
        text = f"({first.text} if {test.text} else {second.text})"
        return Code(text, kind, deepest(test, first, second))
    result = g.temporary()
    with g.block(f"if {test.text}:"):
        g.extend(then_lines)
        g.line(f"{result} = {first.text}")
    with g.block("else:"):
        g.extend(else_lines)
        g.line(f"{result} = {second.text}")
    return local(result, kind)


def plain_call(g: Generator, node: Call) -> Code:
    """A call of a library function with all of its arguments evaluated."""
    children = node.args if node.target is None else (node.target, *node.args)
    args = g.sequence(children)
    if node.function not in g.functions or not takes(g.functions[node.function], len(args)):
        return Code("_give_up()")
    text = f"{g.function(node.function)}({', '.join(arg.text for arg in args)})"
    code = Code(text, _result_kind(g, node.function), deepest(*args))
    return not_large(g, code) if makes(g.functions[node.function]) else code


def not_large(g: Generator, code: Code) -> Code:
    """``code``, but a large result is left to the interpreter, which adds up all of them."""
    most = FREE_INSIDE if g.loops else FREE
    if code.kind not in (Kind.STRING, Kind.LIST):
        check = "_small" if g.loops else "_medium"
        return Code(f"{check}({code.text})", code.kind, code.depth + 1)
    if code.kind is Kind.LIST:
        most //= ELEMENT
    held = g.hold(code)
    text = f"({held.local} if len({held.text}) <= {most} else _give_up())"
    return Code(text, code.kind, held.depth + 2)


def _result_kind(g: Generator, function: str) -> Kind:
    kinds = {_kind_of(signature.result) for signature in g.functions[function].signatures}
    return kinds.pop() if len(kinds) == 1 else Kind.ANY


def _kind_of(result: Type) -> Kind:
    if result.name == "list":
        return Kind.LIST
    return {BOOL: Kind.BOOL, INT: Kind.INT, STRING: Kind.STRING}.get(result, Kind.ANY)
