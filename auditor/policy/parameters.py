"""Parameters of rules: their types, bounds, and how a text becomes a value."""

from __future__ import annotations

import re

from auditor.cel.types import BOOL, INT, STRING, Type, list_of
from auditor.errors import UsageError
from auditor.model.policy import Parameter

TYPES = {
    "bool": BOOL,
    "int": INT,
    "string": STRING,
    "list(string)": list_of(STRING),
}
BOUNDED = frozenset({"int"})
"""The types that can have ``min`` and ``max``."""

CHOSEN = frozenset({"string"})
"""The types that can have ``choices``."""


def cel_type(parameter: Parameter) -> Type:
    """The CEL type of ``params.<name>``."""
    return INT if parameter.newest else TYPES[parameter.type]


def convert(parameter: Parameter, value: object) -> object:
    """Turn a value from a file or the command line into what the expression sees.

    Raises:
        UsageError: the value is not of the parameter's type or out of its bounds.
    """
    converted = _typed(parameter, value)
    if parameter.choices and converted not in parameter.choices:
        raise _bad(parameter, value, f"one of {', '.join(parameter.choices)}")
    if isinstance(converted, int) and not isinstance(converted, bool):
        low, high = parameter.minimum, parameter.maximum
        if (low is not None and converted < low) or (high is not None and converted > high):
            raise _bad(parameter, value, f"between {low} and {high}")
    return converted


def _typed(parameter: Parameter, value: object) -> object:
    match parameter.type:
        case "bool":
            if isinstance(value, bool):
                return value
            if isinstance(value, str) and value in {"true", "false"}:
                return value == "true"
            raise _bad(parameter, value, "true or false")
        case "int":
            if isinstance(value, int) and not isinstance(value, bool):
                return value
            if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
                return int(value)
            raise _bad(parameter, value, "an integer")
        case "list(string)":
            if isinstance(value, str):
                return [part.strip() for part in value.split(",") if part.strip()]
            if isinstance(value, list) and all(isinstance(item, str) for item in value):
                return list(value)
            raise _bad(parameter, value, "a list of strings, with commas on the command line")
        case _ if parameter.newest:
            return _minor(parameter, value)
        case _:
            if isinstance(value, str):
                return value
            raise _bad(parameter, value, "text")


def _minor(parameter: Parameter, value: object) -> int:
    """The minor number of a version; all that rules know are of one major version."""
    major, _, newest = parameter.newest.partition(".")
    text = str(value)
    if text == "latest":
        return int(newest)
    match = re.fullmatch(rf"v?{major}\.(0|[1-9][0-9]{{0,2}})(?:\.[0-9]+)?", text)
    if match is None or isinstance(value, float):
        raise _bad(parameter, value, f"a version such as {major}.30, in quotes, or latest")
    minor = int(match[1])
    if minor > int(newest):
        raise UsageError(
            f"parameter {parameter.name}: {text} is newer than what the rules know",
            hint=f"the newest is {parameter.newest}, which latest stands for",
        )
    return minor


def _bad(parameter: Parameter, value: object, wanted: str) -> UsageError:
    return UsageError(
        f"parameter {parameter.name}: {value!r} is not {wanted}", hint=parameter.description
    )
