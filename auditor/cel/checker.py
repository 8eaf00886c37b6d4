"""Static checks: what API servers would refuse, and what a mistake in a rule usually is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from auditor.cel.ast import Call, Literal, Node
from auditor.cel.complaints import spell
from auditor.cel.errors import CelCheckError, CelEvalError
from auditor.cel.features import Ages
from auditor.cel.functions import Library
from auditor.cel.inference import Fields
from auditor.cel.inference_macros import MacroInference
from auditor.cel.types import DYN, Type
from auditor.cel.unify import Unifier
from auditor.cel.walk import walk

_CONVERSIONS: Final = frozenset(
    {"bool", "bytes", "double", "duration", "int", "string", "timestamp", "uint"}
)


class Checked(NamedTuple):
    """What a check found out.

    Attributes:
        result: The type of the result, DYN when it isn't known.
        ages: The Kubernetes version that brought what a call needs, by name and position.
        type_of: The type of a part of the expression, DYN when it isn't known.
    """

    result: Type
    ages: Ages
    type_of: Callable[[Node], Type]


def check(
    node: Node,
    *,
    source: str,
    variables: Mapping[str, Type],
    functions: Library,
    expect: Type = DYN,
    fields: Fields | None = None,
) -> Checked:
    """Check an expression.

    Types are gradual: what comes from a variable of type DYN fits everywhere.

    Raises:
        CelCheckError: an undeclared name, an unknown function or parameter, operands that fit no
            overload, literals of several types, a pattern or time that is none, or a result that
            can't be of type ``expect``.
    """
    inference = MacroInference(source, functions, fields or {})
    result = inference.run(node, variables)
    for part in walk(node):
        if isinstance(part, Call):
            _check_constants(part, source, functions)
    if not Unifier().fits(result, expect):
        hint = "compare it with == to get a bool" if expect.name == "bool" else ""
        raise CelCheckError(
            f"the result is {spell(result)}, not {spell(expect)}",
            position=node.position,
            source=source,
            hint=hint,
        )
    return Checked(result, inference.ages, inference.kind_of)


def _check_constants(call: Call, source: str, functions: Library) -> None:
    """Convert constants and compile constant patterns, as API servers do since 1.29."""
    match call:
        case Call(function=name, args=(Literal(value) as argument,)) if name in _CONVERSIONS:
            given: tuple[object, ...] = (value,)
        case (
            Call(function="matches", args=(*_, Literal(str() as text) as argument))
            | Call(function="find" | "findAll", args=(Literal(str() as text) as argument, *_))
        ):
            given = ("", text)
        case _:
            return
    try:
        functions[call.function].implementation(*given)
    except CelEvalError as error:
        raise CelCheckError(str(error), position=argument.position, source=source) from None
