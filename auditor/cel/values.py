"""How CEL values are represented in Python.

=============  ==========================================================================
CEL            Python
=============  ==========================================================================
null           None
bool           bool (always test ``x.__class__ is bool``: bool is a subclass of int)
int            int, within int64
uint           :class:`UInt`
double         float
string         str
bytes          bytes
list           list
map            dict; keys are str, int or UInt, and bool keys are :data:`TRUE_KEY`/:data:`FALSE_KEY`
timestamp      :class:`Timestamp`
duration       :class:`Duration`
type           :class:`TypeValue`
optional       :class:`OptionalValue`
Kubernetes     classes of their own in ``auditor.cel.library`` (Quantity, IP, CIDR, ...)
=============  ==========================================================================

JSON as decoded by msgspec is already in this form. ``1 == 1.0 == 1u`` holds for Python's hashes as
for CEL's map keys; bool keys need a form of their own because Python holds ``True == 1``.
"""

from __future__ import annotations

from typing import Final

import msgspec

from auditor.cel.errors import CelEvalError

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
UINT_MAX: Final = 2**64 - 1


class UInt(int):
    """An unsigned 64-bit integer; always compare classes, it is a subclass of int."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self)}u"


class BoolKey(msgspec.Struct, frozen=True):
    """A bool as a map key."""

    value: bool


TRUE_KEY: Final = BoolKey(True)
FALSE_KEY: Final = BoolKey(False)


class Timestamp(msgspec.Struct, frozen=True, eq=False):
    """Nanoseconds since the epoch, UTC; years 1 to 9999.

    ``offset`` is the zone the time was written in, seconds east of UTC. Only ``string()`` shows it,
    as cel-go does; it takes no part in equality, order or arithmetic.
    """

    ns: int
    offset: int = 0

    def __eq__(self, other: object) -> bool:
        return self.ns == other.ns if isinstance(other, Timestamp) else NotImplemented

    def __hash__(self) -> int:
        return hash((Timestamp, self.ns))

    def __lt__(self, other: Timestamp) -> bool:
        return self.ns < other.ns

    def __le__(self, other: Timestamp) -> bool:
        return self.ns <= other.ns

    def __gt__(self, other: Timestamp) -> bool:
        return self.ns > other.ns

    def __ge__(self, other: Timestamp) -> bool:
        return self.ns >= other.ns


class Duration(msgspec.Struct, frozen=True, order=True):
    """A signed span in nanoseconds, within int64 as in cel-go."""

    ns: int


class TypeValue(msgspec.Struct, frozen=True):
    """The value of ``type(x)`` and of a type name used as an expression."""

    name: str


class OptionalValue(msgspec.Struct, frozen=True):
    """``optional.of(value)`` when ``present``, else ``optional.none()``."""

    value: object
    present: bool


NONE: Final = OptionalValue(None, present=False)


class Unusable:
    """What stands for a value of a wrong type: any use of it is an error, as if it were not there.

    It is there, though: ``has()`` is true of it.
    """

    __slots__ = ()
    cel_type = "unusable"

    def __eq__(self, _other: object) -> bool:
        raise CelEvalError("a value of a wrong type")

    def __hash__(self) -> int:
        raise CelEvalError("a value of a wrong type")


UNUSABLE: Final = Unusable()
