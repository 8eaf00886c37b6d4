"""Macros of the language and of the extensions that Kubernetes serves."""

from __future__ import annotations

from auditor.cel.ast import Bind, Has, Ident, Node, OptMap, Quantifier, Select, Transform
from auditor.cel.errors import CelSyntaxError
from auditor.cel.roots import is_rooted

_QUANTIFIERS = {
    "all": "all",
    "exists": "exists",
    "exists_one": "exists_one",
    "existsOne": "exists_one",
}
_TWO_VARIABLE = frozenset({"transformList", "transformMap", "transformMapEntry"})


def expand(
    name: str, target: Node | None, args: tuple[Node, ...], position: int, source: str
) -> Node | None:
    """The node of a macro call, None when the call is not a macro.

    Raises:
        CelSyntaxError: a macro is used in a way that it does not have.
    """
    macro = _Macro(name, args, position, source)
    if target is None:
        return macro.has() if name == "has" and len(args) == 1 else None
    if name == "bind" and isinstance(target, Ident) and target.name == "cel" and len(args) == 3:
        return Bind(macro.variable(0), args[1], args[2], position)
    if name in {"optMap", "optFlatMap"} and len(args) == 2:
        return OptMap(target, macro.variable(0), args[1], name == "optFlatMap", position)
    if name in _QUANTIFIERS and len(args) in {2, 3}:
        second = macro.second() if len(args) == 3 else None
        return Quantifier(_QUANTIFIERS[name], target, macro.variable(0), second, args[-1], position)
    if name == "filter" and len(args) == 2:
        return Transform("filter", target, macro.variable(0), None, args[1], None, position)
    if name == "map" and len(args) in {2, 3}:
        condition = args[1] if len(args) == 3 else None
        return Transform("map", target, macro.variable(0), None, condition, args[-1], position)
    if name in _TWO_VARIABLE and len(args) in {3, 4}:
        condition = args[2] if len(args) == 4 else None
        return Transform(
            name, target, macro.variable(0), macro.second(), condition, args[-1], position
        )
    return None


class _Macro:
    def __init__(self, name: str, args: tuple[Node, ...], position: int, source: str) -> None:
        self._name = name
        self._args = args
        self._position = position
        self._source = source

    def has(self) -> Node:
        argument = self._args[0]
        if not isinstance(argument, Select) or argument.optional:
            raise CelSyntaxError(
                "has() takes a field selection such as a.b",
                position=argument.position,
                source=self._source,
            )
        return Has(argument.operand, argument.field, self._position)

    def variable(self, index: int) -> str:
        argument = self._args[index]
        if not isinstance(argument, Ident) or is_rooted(argument.name):
            raise CelSyntaxError(
                f"{self._name}() takes a variable name here",
                position=argument.position,
                source=self._source,
            )
        if argument.name == "__result__":
            raise CelSyntaxError(
                "__result__ is not a name for a variable",
                position=argument.position,
                source=self._source,
            )
        return argument.name

    def second(self) -> str:
        name = self.variable(1)
        if name == self.variable(0):
            raise CelSyntaxError(
                f"{self._name}() takes two different variables",
                position=self._args[1].position,
                source=self._source,
            )
        return name
