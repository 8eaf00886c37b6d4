"""What an API server refuses about a call of ``format`` when a policy is created."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from auditor.cel.ast import Call, ListLiteral, Literal, MapLiteral, Node
from auditor.cel.errors import CelEvalError
from auditor.cel.library.format_clauses import clauses, value_of
from auditor.cel.types import Type

_ANY: Final = frozenset({"dyn", "object"})
_INTEGERS: Final = _ANY | {"int", "uint"}
_DOUBLES: Final = _ANY | {"double", "string"}
_FITTING: Final = MappingProxyType(
    {
        "d": _INTEGERS,
        "o": _INTEGERS,
        "b": _INTEGERS | {"bool"},
        "x": _INTEGERS | {"string", "bytes"},
        "X": _INTEGERS | {"string", "bytes"},
        "f": _DOUBLES,
        "e": _DOUBLES,
    }
)
"""The types that API servers let a clause write; a string can be the name of a special double."""

_WITH_TEXT: Final = _ANY | {
    "bool",
    "bytes",
    "double",
    "google.protobuf.Duration",
    "google.protobuf.Timestamp",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
}


def check_format(call: Call, kind_of: Callable[[Node], Type]) -> None:
    """Check a constant template with a list of values, as API servers do.

    Raises:
        CelEvalError: a clause is malformed or does not write values of the type that it gets, or
            there are more or fewer values than clauses.
    """
    match call:
        case Call(target=Literal(str() as template), args=(ListLiteral(values),)):
            found = list(clauses(template))
            for number, clause in enumerate(found):
                _check_value(clause.letter, value_of(number, clause, values), kind_of)
            if len(values) > len(found):
                raise CelEvalError(f"format: {len(values)} values for {len(found)} clauses")
        case _:
            pass


def _check_value(letter: str, value: Node, kind_of: Callable[[Node], Type]) -> None:
    name = kind_of(value).name
    if name not in _FITTING.get(letter, _WITH_TEXT):
        raise CelEvalError(f"format: %{letter} does not write a {name}")
    parts: tuple[Node, ...] = ()
    if letter == "s":
        match value:
            case ListLiteral(elements):
                parts = elements
            case MapLiteral(keys, values):
                parts = (*keys, *values)
            case _:
                pass
    for part in parts:
        _check_value(letter, part, kind_of)
