"""The compiler: a syntax tree to the source of one Python function, and that to a code object.

The function takes the variables as positional arguments and returns the value that the interpreter
would, or raises anything at all where it is not sure: then the interpreter decides. Its text has no
names but those made here and no constants but ``repr`` of literals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import CodeType
from typing import Any, Final

import msgspec

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
from auditor.cel.compiler import calls, common, logic, macros, optionals, selections
from auditor.cel.compiler.code import Code
from auditor.cel.compiler.generator import Generator
from auditor.cel.compiler.runtime import function_code
from auditor.cel.functions import Library

_HANDLERS: Final[Mapping[type, Callable[[Generator, Any], Code]]] = {
    Literal: common.literal,
    Ident: selections.ident,
    Select: selections.select,
    Has: selections.has,
    Index: selections.index,
    Call: calls.call,
    Logical: logic.logical,
    Ternary: logic.ternary,
    ListLiteral: macros.list_literal,
    MapLiteral: macros.map_literal,
    Quantifier: macros.quantifier,
    Transform: macros.transform,
    Bind: optionals.bind,
    OptMap: optionals.opt_map,
}


class Compiled(msgspec.Struct, frozen=True):
    """A generated function.

    Attributes:
        text: Its Python source.
        code: Its code object.
        functions: The library functions it calls, by their global name.
        patterns: The regular expressions it searches for, by their global name.
    """

    text: str
    code: CodeType
    functions: Mapping[str, str]
    patterns: Mapping[str, str]


def generate(node: Node, variables: Sequence[str], functions: Library) -> Compiled:
    """Compile ``node``, a function of ``variables`` in this order.

    What Python cannot express (twenty loops inside one another, a tree deeper than its stack) gives
    a function that leaves everything to the interpreter.
    """
    parameters = ", ".join(f"v{number}" for number in range(len(variables)))
    head = f"def cel({parameters}):"
    g = Generator(node, variables, functions, _HANDLERS)
    try:
        result = g.visit(node)
        lines = ["n = 0"] if g.counts_visits else []
        lines += [f"{'    ' * level}{text}" for level, text in g.lines]
        lines.append(f"return {result.text}")
        text = "\n    ".join((head, *lines)) + "\n"
        return Compiled(
            text,
            function_code(text),
            {name: function for function, name in g.used_functions.items()},
            {name: pattern for pattern, name in g.used_patterns.items()},
        )
    except (RecursionError, SyntaxError, MemoryError):
        text = f"{head}\n    _give_up()\n"
        return Compiled(text, function_code(text), {}, {})
