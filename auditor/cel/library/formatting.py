"""``format``: values written into a text, as ``printf`` does.

As the API server has it since Kubernetes 1.29: cel-go ``ext/formatting.go``, which is what versions
1 to 3 of its strings library use.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from auditor.cel.arithmetic import no_overload, type_name
from auditor.cel.convert import to_bytes, to_string
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import Function
from auditor.cel.library.define import LINEAR, check_length, function, member
from auditor.cel.library.format_check import check_format
from auditor.cel.library.format_clauses import clauses, value_of
from auditor.cel.library.format_doubles import fixed, scientific
from auditor.cel.library.format_text import Output, write_value
from auditor.cel.types import DYN, STRING, list_of
from auditor.cel.values import UInt

_NAMED_DOUBLES: Final = MappingProxyType(
    {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
)


def format_text(template: object, values: object) -> str:
    """``template.format(values)``: each clause such as ``%s`` stands for the next value.

    Values that are left over do not matter.

    Raises:
        CelEvalError: a clause is malformed, has no value, or has one that it does not write.
    """
    if template.__class__ is not str or values.__class__ is not list:
        return no_overload("format", template, values)
    output = Output()
    position = 0
    for number, clause in enumerate(clauses(template)):
        output.add(template[position : clause.start].replace("%%", "%"))
        position = clause.end
        value = value_of(number, clause, values)
        _WRITERS[clause.letter](output, value, clause.precision)
    output.add(template[position:].replace("%%", "%"))
    return output.text()


def _write_text(output: Output, value: object, _: int) -> None:
    write_value(output, value)


def _write_decimal(output: Output, value: object, _: int) -> None:
    if value.__class__ is not int and value.__class__ is not UInt:
        raise _unfit("d", value)
    output.add(to_string(value))


def _write_digits(output: Output, value: object, clause: str) -> None:
    """``%b``, ``%o``, ``%x``, ``%X``."""
    match value:
        case bool() if clause == "b":
            output.add("1" if value else "0")
        case int() if value.__class__ is not bool:
            output.add(format(int(value), clause))
        case str() | bytes() if clause in "xX":
            encoded = to_bytes(value)
            check_length(2 * len(encoded))
            output.add(encoded.hex() if clause == "x" else encoded.hex().upper())
        case _:
            raise _unfit(clause, value)


def _digits(clause: str) -> Callable[[Output, object, int], None]:
    return lambda output, value, _: _write_digits(output, value, clause)


def _double(
    clause: str, form: Callable[[float, int], str]
) -> Callable[[Output, object, int], None]:
    def write(output: Output, value: object, precision: int) -> None:
        if value.__class__ is str and value in _NAMED_DOUBLES:
            value = _NAMED_DOUBLES[value]
        if value.__class__ is not float:
            raise _unfit(clause, value)
        output.add(form(value, precision))

    return write


def _unfit(clause: str, value: object) -> CelEvalError:
    return CelEvalError(f"format: %{clause} does not write a {type_name(value)}")


_WRITERS: Final = MappingProxyType(
    {
        "s": _write_text,
        "d": _write_decimal,
        "f": _double("f", fixed),
        "e": _double("e", scientific),
        **{clause: _digits(clause) for clause in "bxXo"},
    }
)
FUNCTIONS: Final[tuple[Function, ...]] = (
    function(
        "strings",
        "format",
        format_text,
        member(STRING, list_of(DYN), result=STRING, since="1.29"),
        cost=LINEAR,
        check=check_format,
    ),
)
"""The functions of this module."""
