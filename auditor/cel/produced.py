"""How much an evaluation may produce: a bound on strings, bytes and lists that it makes.

``+`` and functions can double a value, and macros can do so again for every element. What they make
is added up over an evaluation; small results are free, so that compiled code, which does not add,
need only look for large ones and leaves those to the interpreter. The elements that macros
themselves put into lists are bounded by the budget of element visits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from auditor.cel.errors import CelLimitError

if TYPE_CHECKING:
    from auditor.cel.functions import Function

LARGEST: Final = 16 * 1024 * 1024
"""Sum of the sizes of all large results of one evaluation, as :func:`size_of` counts."""

ELEMENT: Final = 8
"""The size of an element of a list: that of a reference to it."""

FREE: Final = 65_536
"""A result up to this size is not counted outside of macros."""

FREE_INSIDE: Final = 1_024
"""A result up to this size is not counted inside a macro."""

_MADE: Final = frozenset({"bytes", "list", "string"})


def size_of(value: Any) -> int:
    """The size of a string in characters, of bytes, of a list in references; 0 for all else."""
    kind = value.__class__
    if kind is str or kind is bytes:
        return len(value)
    return ELEMENT * len(value) if kind is list else 0


def makes(function: Function) -> bool:
    """Whether a function can make a string, bytes or a list, rather than pass one on."""
    return any(signature.result.name in _MADE for signature in function.signatures)


def too_much(largest: int = LARGEST) -> CelLimitError:
    """Say that an evaluation makes more than it may."""
    return CelLimitError(f"the expression makes strings and lists of more than {largest} bytes")
