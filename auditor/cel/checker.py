"""Static checks: names, functions and arity; what a mistake in a rule usually is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from auditor.cel.ast import (
    Bind,
    Call,
    Ident,
    Literal,
    Node,
    OptMap,
    Quantifier,
    Select,
    Transform,
)
from auditor.cel.errors import CelCheckError
from auditor.cel.functions import Library
from auditor.cel.types import BOOL, DYN, Type
from auditor.cel.walk import children

_TYPE_NAMES = frozenset(
    ("bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type")
)
_BOOLEAN = frozenset({"!_", "_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_", "@in"})

Fields = Mapping[str, Mapping[str, Type]]
"""Fields of variables that have a fixed set of them, by variable."""


def check(
    node: Node,
    *,
    source: str,
    variables: Mapping[str, Type],
    functions: Library,
    expect: Type = DYN,
    fields: Fields | None = None,
) -> Type:
    """Check an expression and return the type of its result, DYN when it isn't known.

    Raises:
        CelCheckError: an undeclared name, an unknown function or parameter, or a result that can't
            be of type ``expect``.
    """
    checker = _Checker(source, functions, fields or {})
    checker.visit(node, frozenset(variables))
    result = _type_of(node, variables, functions)
    if DYN not in (expect, result) and expect != result:
        raise CelCheckError(
            f"the result is {result}, not {expect}", position=node.position, source=source
        )
    return result


class _Checker:
    def __init__(self, source: str, functions: Library, fields: Fields) -> None:
        self._source = source
        self._functions = functions
        self._fields = fields

    def visit(self, node: Node, scope: frozenset[str]) -> None:
        match node:
            case Ident(name, position):
                if name not in scope and name not in _TYPE_NAMES:
                    self._fail(f"undeclared name {name!r}", position, name, scope)
            case Select(Ident(root), field, _, position) if root in self._fields:
                known = self._fields[root]
                if field not in known:
                    self._fail(f"{root} has no {field!r}", position, field, known)
            case Quantifier(_, operand, first, second, body):
                self.visit(operand, scope)
                self.visit(body, scope | {first, second or first})
            case Transform(_, operand, first, second):
                self.visit(operand, scope)
                for child in children(node)[1:]:
                    self.visit(child, scope | {first, second or first})
            case Bind(name, value, body):
                self.visit(value, scope)
                self.visit(body, scope | {name})
            case OptMap(operand, name, body):
                self.visit(operand, scope)
                self.visit(body, scope | {name})
            case _:
                if isinstance(node, Call):
                    self._call(node)
                for child in children(node):
                    self.visit(child, scope)

    def _call(self, node: Call) -> None:
        name = node.function
        if name in _BOOLEAN or (name.endswith("_") and name.startswith(("_", "-", "!"))):
            return
        function = self._functions.get(name)
        if function is None:
            self._fail(f"unknown function {name!r}", node.position, name, self._functions)
            return
        arities = {
            (signature.receiver is not None, len(signature.args))
            for signature in function.signatures
        }
        if arities and (node.target is not None, len(node.args)) not in arities:
            raise CelCheckError(
                f"{name}() does not take {len(node.args)} arguments here",
                position=node.position,
                source=self._source,
            )

    def _fail(self, message: str, position: int, name: str, known: Iterable[str]) -> None:
        close = difflib.get_close_matches(name, list(known), 1)
        hint = f"did you mean {close[0]!r}?" if close else ""
        raise CelCheckError(message, position=position, source=self._source, hint=hint)


def _type_of(node: Node, variables: Mapping[str, Type], functions: Library) -> Type:
    match node:
        case Literal(value):
            names = {bool: "bool", int: "int", float: "double", str: "string", bytes: "bytes"}
            name = names.get(value.__class__)
            return Type(name) if name is not None else DYN
        case Quantifier():
            return BOOL
        case Ident(name):
            return variables.get(name, DYN)
        case Call(name, _, _) if name in _BOOLEAN:
            return BOOL
        case Call(name, _, _) if name in functions:
            results = {signature.result for signature in functions[name].signatures}
            result = results.pop() if len(results) == 1 else DYN
            return DYN if "?" in str(result) else result
        case _:
            return DYN
