"""Google's C++ implementation of the language, as the other opinion."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_optional, ext_strings

from auditor.cel.ops import type_name
from auditor.cel.values import (
    FALSE_KEY,
    TRUE_KEY,
    Duration,
    Timestamp,
    TypeValue,
    UInt,
)

ERROR: Final = "ERROR"
FATAL: Final = "FATAL"
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_TYPES: Final = {
    "INT": "int",
    "UINT": "uint",
    "DOUBLE": "double",
    "BOOL": "bool",
    "STRING": "string",
    "BYTES": "bytes",
    "NULL": "null_type",
    "TIMESTAMP": "google.protobuf.Timestamp",
    "DURATION": "google.protobuf.Duration",
    "TYPE": "type",
}


class Oracle:
    """Compiles without a type check, so that only evaluation is compared."""

    def __init__(self, *variables: str) -> None:
        self._environment = cel.NewEnv(
            variables=dict.fromkeys(variables, cel.Type.DYN),
            extensions=[
                ext_strings.ExtStrings(),
                ext_optional.ExtOptional(),
                ext_bindings.ExtBindings(),
            ],
        )

    def compile(self, source: str) -> Expression:
        """An expression to evaluate; raises for a syntax error."""
        return Expression(self._environment, source)

    def bind(self, bindings: Mapping[str, object]) -> Any:
        """Variables to evaluate with."""
        return self._environment.Activation(bindings)


class Expression:
    """A compiled expression."""

    def __init__(self, environment: Any, source: str) -> None:
        self._environment = environment
        self._source = source
        self._compiled = environment.compile(source, True)  # the type check is disabled

    def outcome(self, activation: Any) -> object:
        """The result in the form of :func:`canonical`, or :data:`ERROR`.

        An error that nothing can absorb is an exception, and :data:`FATAL` here. After it the
        compiled expression gives wrong results (a lazily bound name keeps its value), so it is
        compiled anew.
        """
        try:
            return _from_oracle(self._compiled.eval(activation))
        except RuntimeError:
            self._compiled = self._environment.compile(self._source, True)
            return FATAL


def _from_oracle(value: Any) -> object:
    kind = str(value.type())
    if kind.startswith("ERROR"):
        return ERROR
    if kind == "NULL":  # value() of a null would drop a reference to None that it does not own
        return ("null_type", "None")
    plain = value.value()
    if kind.startswith("LIST"):
        return ("list", [_from_oracle(item) for item in plain])
    if kind.startswith("MAP"):
        entries = {_from_key(key): _from_oracle(item) for key, item in plain.items()}
        return ("map", entries)
    if kind == "TYPE":
        name = str(plain)
        return ("type", _TYPES.get(name) or name.partition("<")[0].lower())
    if kind == "TIMESTAMP":
        return ("google.protobuf.Timestamp", (plain - _EPOCH) // _MICROSECOND)
    if kind == "DURATION":
        return ("google.protobuf.Duration", plain // _MICROSECOND)
    return (_TYPES[kind], repr(bytes(plain) if kind == "BYTES" else plain))


def _from_key(key: object) -> object:
    if key.__class__ is bool:
        return TRUE_KEY if key else FALSE_KEY
    return key


def canonical(value: object) -> object:
    """One of our values, with types spelled out and times in microseconds."""
    if isinstance(value, list):
        return ("list", [canonical(item) for item in value])
    if isinstance(value, dict):
        return ("map", {key: canonical(item) for key, item in value.items()})
    if isinstance(value, TypeValue):
        return ("type", value.name)
    if isinstance(value, Timestamp | Duration):
        return (type_name(value), value.ns // 1000)
    plain = int(value) if isinstance(value, UInt) else value
    return (type_name(value), repr(plain))
