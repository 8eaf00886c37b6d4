"""``&&``, ``||``, ``!`` and ``?:`` as the operators of Python."""

from __future__ import annotations

from functools import partial

from auditor.cel.ast import Call, Logical, Node, Ternary
from auditor.cel.compiler.code import Code, Kind, deepest
from auditor.cel.compiler.common import condition, conditional
from auditor.cel.compiler.generator import Generator, Lines


def logical(g: Generator, node: Logical) -> Code:
    """A chain of one operator: each operand is evaluated unless one before it decided."""
    first, *others = _operands(node)
    joined = [condition(g, first)]
    after_first = g.facts.copy()
    for operand in others:
        g.facts.add(joined[-1].when_true if node.conjunction else joined[-1].when_false)
        with g.collected() as lines:
            code = condition(g, operand)
        if lines:
            joined = [_store_with_lines(g, node, joined, code, lines)]
        else:
            joined.append(code)
    if node.conjunction:
        g.facts.add(joined[-1].when_true)
    else:
        g.facts.add(joined[-1].when_false)
    known, g.facts = g.facts, after_first
    return Code(
        _join(node, joined),
        Kind.BOOL,
        deepest(*joined),
        when_true=known if node.conjunction else None,
        when_false=None if node.conjunction else known,
    )


def _join(node: Logical, operands: list[Code]) -> str:
    if len(operands) == 1:
        return operands[0].text
    return f"({(' and ' if node.conjunction else ' or ').join(code.text for code in operands)})"


def _store_with_lines(
    g: Generator,
    node: Logical,
    before: list[Code],
    code: Code,
    lines: Lines,
) -> Code:
    """The operands so far and ``code``, which needs ``lines`` if those did not decide."""
    result = g.temporary()
    g.line(f"{result} = {_join(node, before)}")
    with g.block(f"if {result}:" if node.conjunction else f"if not {result}:"):
        g.extend(lines)
        g.line(f"{result} = {code.text}")
    return Code(
        result,
        Kind.BOOL,
        0,
        atom=True,
        local=result,
        when_true=code.when_true,
        when_false=code.when_false,
    )


def _operands(node: Logical) -> list[Node]:
    operands: list[Node] = []
    left: Node = node
    while isinstance(left, Logical) and left.conjunction is node.conjunction:
        operands.append(left.right)
        left = left.left
    operands.append(left)
    operands.reverse()
    return operands


def logical_not(g: Generator, node: Call) -> Code:
    """``!a``."""
    code = condition(g, node.args[0])
    return Code(
        code.opposite,
        Kind.BOOL,
        code.depth + 1,
        negated=code.text,
        when_true=code.when_false,
        when_false=code.when_true,
    )


def ternary(g: Generator, node: Ternary) -> Code:
    """``c ? a : b``."""
    test = condition(g, node.condition)
    return conditional(g, test, partial(g.visit, node.then), partial(g.visit, node.otherwise))
