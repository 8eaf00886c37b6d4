"""The overloads of the operators, in the order in which the checker of cel-go tries them."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from auditor.cel.functions import Signature
from auditor.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    VAR_A,
    VAR_B,
    Type,
    list_of,
    map_of,
    optional_of,
)

_LIST: Final = list_of(VAR_A)
_MAP: Final = map_of(VAR_A, VAR_B)
_NUMBERS: Final = (INT, UINT, DOUBLE)
_CROSS_TYPE: Final = "1.28"


def _on(*args: Type, result: Type) -> Signature:
    return Signature(None, args, result)


def _same(*kinds: Type) -> Iterator[Signature]:
    """Two operands and a result of one type."""
    for kind in kinds:
        yield _on(kind, kind, result=kind)


def _orders() -> Iterator[Signature]:
    for kind in (BOOL, STRING, BYTES, TIMESTAMP, DURATION):
        yield _on(kind, kind, result=BOOL)
    for left in _NUMBERS:
        for right in _NUMBERS:
            since = "" if left == right else _CROSS_TYPE
            yield Signature(None, (left, right), BOOL, since)


_EQUALITY: Final = (_on(VAR_A, VAR_A, result=BOOL),)
_ORDERS: Final = tuple(_orders())

OPERATORS: Final = MappingProxyType(
    {
        "_==_": _EQUALITY,
        "_!=_": _EQUALITY,
        "_<_": _ORDERS,
        "_<=_": _ORDERS,
        "_>_": _ORDERS,
        "_>=_": _ORDERS,
        "_+_": (
            *_same(BYTES, DOUBLE, DURATION),
            _on(DURATION, TIMESTAMP, result=TIMESTAMP),
            _on(TIMESTAMP, DURATION, result=TIMESTAMP),
            *_same(INT, _LIST, STRING, UINT),
        ),
        "_-_": (
            *_same(DOUBLE, DURATION, INT),
            _on(TIMESTAMP, DURATION, result=TIMESTAMP),
            _on(TIMESTAMP, TIMESTAMP, result=DURATION),
            *_same(UINT),
        ),
        "_*_": tuple(_same(DOUBLE, INT, UINT)),
        "_/_": tuple(_same(DOUBLE, INT, UINT)),
        "_%_": tuple(_same(INT, UINT)),
        "-_": (_on(DOUBLE, result=DOUBLE), _on(INT, result=INT)),
        "!_": (_on(BOOL, result=BOOL),),
        "@in": (_on(VAR_A, _LIST, result=BOOL), _on(VAR_A, _MAP, result=BOOL)),
        "_?_:_": (_on(BOOL, VAR_A, VAR_A, result=VAR_A),),
        "_[_]": (
            _on(_LIST, INT, result=VAR_A),
            _on(_MAP, VAR_A, result=VAR_B),
            _on(optional_of(_LIST), INT, result=optional_of(VAR_A)),
            _on(optional_of(_MAP), VAR_A, result=optional_of(VAR_B)),
        ),
        "_[?_]": (
            _on(_LIST, INT, result=optional_of(VAR_A)),
            _on(optional_of(_LIST), INT, result=optional_of(VAR_A)),
            _on(_MAP, VAR_A, result=optional_of(VAR_B)),
            _on(optional_of(_MAP), VAR_A, result=optional_of(VAR_B)),
        ),
    }
)
"""The operators by the names that the syntax tree gives them, and forms that type like one."""
