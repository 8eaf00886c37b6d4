"""Static types, as far as expressions over untyped JSON have any; ``DYN`` fits all."""

from __future__ import annotations

from typing import Final

import msgspec


class Type(msgspec.Struct, frozen=True):
    """A type term: a name and, for ``list``, ``map``, ``optional`` and ``type``, its arguments.

    A name that starts with ``"?"`` (``?A``) is a type variable of a signature.
    """

    name: str
    args: tuple[Type, ...] = ()

    def __str__(self) -> str:
        if not self.args:
            return self.name
        return f"{self.name}({', '.join(map(str, self.args))})"


DYN: Final = Type("dyn")
NULL: Final = Type("null_type")
BOOL: Final = Type("bool")
INT: Final = Type("int")
UINT: Final = Type("uint")
DOUBLE: Final = Type("double")
STRING: Final = Type("string")
BYTES: Final = Type("bytes")
TIMESTAMP: Final = Type("google.protobuf.Timestamp")
DURATION: Final = Type("google.protobuf.Duration")
QUANTITY: Final = Type("kubernetes.Quantity")
IP: Final = Type("net.IP")
CIDR: Final = Type("net.CIDR")
URL: Final = Type("kubernetes.URL")
SEMVER: Final = Type("kubernetes.Semver")
FORMAT: Final = Type("kubernetes.NamedFormat")
VAR_A: Final = Type("?A")
VAR_B: Final = Type("?B")


def list_of(element: Type) -> Type:
    """``list(element)``."""
    return Type("list", (element,))


def map_of(key: Type, value: Type) -> Type:
    """``map(key, value)``."""
    return Type("map", (key, value))


def optional_of(value: Type) -> Type:
    """``optional_type(value)``."""
    return Type("optional_type", (value,))


def type_of(value: Type) -> Type:
    """``type(value)``: the type of a type value."""
    return Type("type", (value,))
