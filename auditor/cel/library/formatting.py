"""``format``: values written into a text, as ``printf`` does.

As the API server has it since Kubernetes 1.29: cel-go ``ext/formatting.go``, which is what versions
1 to 3 of its strings library use.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from auditor.cel.arithmetic import no_overload, type_name
from auditor.cel.convert import to_bytes, to_string
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import Function
from auditor.cel.library.define import LINEAR, check_length, function, member
from auditor.cel.library.format_doubles import DEFAULT_PRECISION, fixed, scientific
from auditor.cel.library.format_text import Output, write_value
from auditor.cel.types import DYN, STRING, list_of
from auditor.cel.values import INT_MAX, UInt

_CLAUSE: Final = re.compile(r"%(?:(%)|(?:\.([0-9]*))?(.)?)", re.DOTALL)
_LONGEST_PRECISION: Final = 19
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
    used = position = 0
    for clause in _CLAUSE.finditer(template):
        output.add(template[position : clause.start()])
        position = clause.end()
        if clause[1]:
            output.add("%")
            continue
        write = _WRITERS.get(clause[3])
        if write is None:
            raise CelEvalError(f"format: no such clause: {clause[0][:80]}")
        precision = _precision(clause[2])
        if used >= len(values):
            raise CelEvalError(f"format: no value for {clause[0][:80]}: index {used} out of range")
        write(output, values[used], precision)
        used += 1
    output.add(template[position:])
    return output.text()


def _precision(digits: str | None) -> int:
    if digits is None:
        return DEFAULT_PRECISION
    if digits and len(digits.lstrip("0")) <= _LONGEST_PRECISION:
        precision = int(digits[-_LONGEST_PRECISION:])
        if precision <= INT_MAX:
            return precision
    raise CelEvalError(f"format: no such precision: .{digits[:80]}")


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
    ),
)
"""The functions of this module."""
