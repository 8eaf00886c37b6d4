"""What a library function is: implementation, signatures for the checker, history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from auditor.cel.types import Type

if TYPE_CHECKING:
    from auditor.cel.ast import Call, Node

Check: TypeAlias = "Callable[[Call, Callable[[Node], Type]], None]"
"""Takes a call, and what tells the types of the parts of its arguments."""

NEVER: Final = "never"
"""The version of what no API server has, such as ``math.greatest`` and ``cel.bind``."""


class Signature(msgspec.Struct, frozen=True):
    """One overload; ``receiver`` is the type of ``x`` in ``x.f(...)``, None for ``f(...)``.

    ``since`` is as for :class:`Function`: overloads of one name can be of different age.
    """

    receiver: Type | None
    args: tuple[Type, ...]
    result: Type
    since: str = ""


class Function(msgspec.Struct, frozen=True):
    """A function under one name, global and member forms together.

    ``implementation`` takes the receiver first, then the arguments, checks their classes itself
    and raises :class:`~auditor.cel.errors.CelEvalError` for wrong ones (``no such overload``), so
    that it serves the interpreter and compiled code alike. It must not mutate its arguments.

    ``since`` is the Kubernetes minor version whose API server first has it (``"1.28"``), ``""`` for
    what was there from the start, or :data:`NEVER`: an exported rule must not use a newer one. With
    overloads of different age it is that of the oldest; the checker tells which one a call needs.
    ``cost`` is a static weight: the number of element visits that one call stands for. ``check``
    looks at a call when a rule is loaded, and raises CelEvalError for what no API server accepts.
    """

    name: str
    implementation: Callable[..., object]
    signatures: tuple[Signature, ...]
    library: str
    since: str = ""
    cost: int = 1
    check: Check | None = None


def takes(function: Function, count: int) -> bool:
    """Whether an overload takes ``count`` values, the receiver among them; any where none is told.

    Only what was compiled unchecked asks for another number: the checker refuses it.
    """
    overloads = function.signatures
    return not overloads or any(
        len(each.args) + (each.receiver is not None) == count for each in overloads
    )


Library = Mapping[str, Function]
"""Functions by name; a dotted name (``math.greatest``) is a namespaced global function."""
