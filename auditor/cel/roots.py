"""Names with a leading dot: the variable of the environment, whatever macros around it bind.

In ``['a'].exists(y, .y == 'b')`` the macro has a variable y of its own; ``.y`` is the other one.
The parser reads ``.y`` as a name that begins with a dot, which nothing can bind. :func:`settle`
then drops the dot wherever no macro around has a variable of that name, since there ``.y`` and
``y`` are one. What is left is rare, and each evaluator finds it by :func:`with_roots` or
:func:`bare` (language definition, "Name Resolution"; cel-go since 0.28).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from msgspec.structs import replace

from auditor.cel.ast import Bind, Ident, Literal, Node, OptMap, Quantifier, Transform
from auditor.cel.walk import walk

_Value = TypeVar("_Value")


def is_rooted(name: str) -> bool:
    """Whether a name of the tree was written with a leading dot, and a macro shadows it."""
    return name.startswith(".")


def bare(name: str) -> str:
    """A name of the tree as the environment has it."""
    return name.removeprefix(".")


def with_roots(variables: Mapping[str, _Value]) -> dict[str, _Value]:
    """The outermost scope: each variable, by its name and by that with a leading dot."""
    return {**variables, **{f".{name}": value for name, value in variables.items()}}


def shadowed_roots(node: Node) -> tuple[Ident, ...]:
    """The names with a leading dot that a macro around shadows: old servers read them otherwise."""
    return tuple(part for part in walk(node) if isinstance(part, Ident) and is_rooted(part.name))


def settle(node: Node, bound: frozenset[str] = frozenset()) -> Node:
    """The tree without the leading dots that make no difference; ``bound`` are names of macros."""
    if isinstance(node, Ident):
        plain = bare(node.name)
        return node if plain == node.name or plain in bound else replace(node, name=plain)
    if isinstance(node, Literal):
        return node
    inside = bound | _names(node)
    changed: dict[str, object] = {}
    for field in node.__struct_fields__:
        part: object = getattr(node, field)
        # what a macro visits or binds stands outside of it
        scope = bound if field in {"operand", "value"} else inside
        if isinstance(part, Node):
            changed[field] = settle(part, scope)
        elif isinstance(part, tuple):
            changed[field] = tuple(
                settle(each, scope) if isinstance(each, Node) else each for each in part
            )
    return replace(node, **changed)


def _names(node: Node) -> frozenset[str]:
    """The variables of a macro."""
    match node:
        case Quantifier() | Transform():
            names = {node.first} if node.second is None else {node.first, node.second}
            return frozenset(names)
        case Bind() | OptMap():
            return frozenset((node.name,))
        case _:
            return frozenset()
