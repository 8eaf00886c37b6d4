"""Macros as loops that stop as soon as an element decides, and literals of lists and maps.

A loop inside a loop counts the elements it may visit; when there are too many, the interpreter is
left to count exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from auditor.cel.ast import Call, ListLiteral, Literal, MapLiteral, Node, Quantifier, Transform
from auditor.cel.compiler.code import Code, Kind, deepest, local
from auditor.cel.compiler.common import condition, constant, not_large
from auditor.cel.compiler.generator import Generator
from auditor.cel.compiler.optionals import content_of, is_optional, optional
from auditor.cel.compiler.runtime import BUDGET
from auditor.cel.nesting import visit_weight
from auditor.cel.produced import ELEMENT, FREE, FREE_INSIDE

_EMPTY = Code("E", Kind.LIST, 0, atom=True)


def quantifier(g: Generator, node: Quantifier) -> Code:
    """``all``, ``exists`` and ``exists_one``."""
    result = g.temporary()
    if node.kind == "exists_one":
        with _loop(g, node, f"{result} = 0"):
            test = condition(g, node.body)
            with g.block(f"if {test.text}:"):
                g.line(f"{result} += 1")
        return Code(f"({result} == 1)", Kind.BOOL)
    decisive = node.kind == "exists"
    with _loop(g, node, f"{result} = {not decisive}"):
        body = condition(g, node.body)
        with g.block(f"if {body.text if decisive else body.opposite}:"):
            g.line(f"{result} = {decisive}")
            g.line("break")
    return local(result, Kind.BOOL)


def transform(g: Generator, node: Transform) -> Code:
    """``filter``, ``map``, ``transformList``, ``transformMap``, ``transformMapEntry``."""
    result = g.temporary()
    makes_map = node.kind in ("transformMap", "transformMapEntry")
    with _loop(g, node, f"{result} = {'{}' if makes_map else '[]'}"):
        if node.condition is None:
            _keep(g, node, result)
        else:
            test = condition(g, node.condition)
            g.facts.add(test.when_true)
            with g.block(f"if {test.text}:"):
                _keep(g, node, result)
    return local(result, Kind.ANY if makes_map else Kind.LIST)


def _keep(g: Generator, node: Transform, result: str) -> None:
    """Add what an element gives to the result."""
    first = g.scope[node.first].local
    value = first if node.body is None else g.visit(node.body).text
    match node.kind:
        case "transformMapEntry":
            g.line(f"_merge({result}, {value})")
        case "transformMap":
            g.line(f"_put({result}, {first}, {value})")
        case _:
            g.line(f"{result}.append({value})")


@contextmanager
def _loop(g: Generator, node: Quantifier | Transform, start: str) -> Iterator[None]:
    """Write a loop over the operand of a macro, after ``start``; its body is what follows."""
    elements = _elements(g, node)
    g.line(start)
    with g.inner_scope(), g.branch() as lines:
        first = g.bind(node.first)
        names = first if node.second is None else f"{first}, {g.bind(node.second)}"
        g.loops += 1
        yield
        g.loops -= 1
    with g.block(f"for {names} in {elements}:"):
        g.extend(lines)


def _elements(g: Generator, node: Quantifier | Transform) -> str:
    """What a loop runs over; the statements before it have checked and counted it."""
    if node.second is None and (constants := _constants(node.operand)):
        _count(g, node, str(len(constants)))
        return f"({', '.join(constants)},)"
    operand = _collection(g, node.operand)
    if node.second is None:
        name = _iterable(g, operand)
        _count(g, node, f"len({name})")
        return name
    name = g.store(g.hold(operand)).text
    _count(g, node, f"len({name})")
    pairs = g.temporary()
    g.line(f"{pairs} = enumerate({name}) if {name}.__class__ is list else _pairs({name})")
    return pairs


def _iterable(g: Generator, operand: Code) -> str:
    """Write a local variable of its own with what a macro with one variable visits."""
    if operand.kind is Kind.LIST:
        return g.store(g.hold(operand)).text
    held = g.hold(operand)
    iterable = g.temporary()
    is_list = f"{held.text}.__class__ is list"
    g.line(f"{iterable} = {held.local} if {is_list} else _iterate({held.local})")
    return iterable


def _count(g: Generator, node: Quantifier | Transform, visits: str) -> None:
    """Write the count of the elements that a loop inside another may visit."""
    if g.loops:
        g.counts_visits = True
        weight = visit_weight(node)
        g.line(f"n += {visits}" if weight == 1 else f"n += {weight} * {visits}")
        with g.block(f"if n > {BUDGET}:"):
            g.line("_over_budget()")


def _constants(node: Node) -> list[str]:
    """The elements of a list of constants in Python, if ``node`` is one."""
    if not isinstance(node, ListLiteral) or any(node.optional):
        return []
    values = [constant(part.value).text for part in node.elements if isinstance(part, Literal)]
    return values if len(values) == len(node.elements) else []


def _collection(g: Generator, node: Node) -> Code:
    """A list that is only iterated over, so that it may be shared with others."""
    match node:
        case Call(function="orValue", target=target, args=(ListLiteral(()),)) if target is not None:
            if is_optional(g, target):
                return optional(g, target, _EMPTY)
        case Call(function="_+_", args=(left, right)):
            return _concatenation(g, left, right)
        case _:
            pass
    return g.visit(node)


def _concatenation(g: Generator, left: Node, right: Node) -> Code:
    """``left + right`` without a copy if ``right`` is empty."""
    first, second = map(g.hold, g.in_order(partial(_collection, g, part) for part in (left, right)))
    first, second = g.store(first), g.store(second)
    result = g.temporary()
    lists = f"{first.text}.__class__ is {second.text}.__class__ is list"
    with g.block(f"if {lists}:"):
        g.line(f"{result} = {first.text} + {second.text} if {second.text} else {first.text}")
        most = (FREE_INSIDE if g.loops else FREE) // ELEMENT
        with g.block(f"if len({result}) > {most}:"):
            g.line("_give_up()")
    with g.block("else:"):
        added = not_large(g, Code(f"_add({first.text}, {second.text})"))
        g.line(f"{result} = {added.text}")
    return local(result)


# Literals


def list_literal(g: Generator, node: ListLiteral) -> Code:
    """``[a, ?b]``."""
    if not any(node.optional):
        parts = g.sequence(node.elements)
        return Code(f"[{', '.join(part.text for part in parts)}]", Kind.LIST, deepest(*parts))
    result = g.temporary()
    g.line(f"{result} = []")
    for child, is_spread in zip(node.elements, node.optional, strict=True):
        if is_spread:
            held = g.hold(content_of(g, child))
            with g.block(f"if {held.text} is not M:"):
                g.line(f"{result}.append({held.local})")
        else:
            g.line(f"{result}.append({g.visit(child).text})")
    return local(result, Kind.LIST)


def map_literal(g: Generator, node: MapLiteral) -> Code:
    """``{k: v, ?k: v}``."""
    names = {
        key.value for key in node.keys if isinstance(key, Literal) and key.value.__class__ is str
    }
    if len(names) == len(node.keys) and not any(node.optional):
        values = g.sequence(node.values)
        keys = [constant(key.value).text for key in node.keys if isinstance(key, Literal)]
        entries = (f"{key}: {value.text}" for key, value in zip(keys, values, strict=True))
        return Code(f"{{{', '.join(entries)}}}", depth=deepest(*values))
    result = g.temporary()
    g.line(f"{result} = {{}}")
    for key, child, is_spread in zip(node.keys, node.values, node.optional, strict=True):
        if is_spread:
            name, content = g.in_order((partial(g.visit, key), partial(content_of, g, child)))
            stored, held = g.store(name), g.hold(content)
            with g.block(f"if {held.text} is not M:"):
                g.line(f"_put({result}, {stored.text}, {held.local})")
        else:
            name, value = g.sequence((key, child))
            g.line(f"_put({result}, {name.text}, {value.text})")
    return local(result)
