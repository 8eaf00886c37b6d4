"""How large the values of an expression can be, before any data is seen.

A :class:`Size` speaks of a value of which not even the type is known: it is a list of so many
elements, a text of so many characters, whichever it turns out to be. Numbers stop growing at
:data:`SATURATED`, so that doublings of doublings stay quick to compute.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from auditor.cel.limits import Sizes

SATURATED: Final = 2**63 - 1


def plus(*numbers: int) -> int:
    """The sum, at most :data:`SATURATED`."""
    return min(sum(numbers), SATURATED)


def times(*numbers: int) -> int:
    """The product, at most :data:`SATURATED`."""
    product = 1
    for number in numbers:
        product = min(product * number, SATURATED)
    return product


class Size(msgspec.Struct, frozen=True):
    """An upper bound on a value.

    Attributes:
        elements: Elements of a list or entries of a map.
        text: Characters of a string, or bytes.
        total: Everything in it, as far as an equality looks.
        element: What is in the list or map; None if nothing is.
        path: For a part of a variable, the path to it: ``object.spec.containers[].name``.
    """

    elements: int = 0
    text: int = 0
    total: int = 1
    element: Size | None = None
    path: str = ""


SCALAR: Final = Size()
"""A number, a bool, a time: what has no parts."""


def text_of(length: int) -> Size:
    """A string."""
    return Size(0, length, plus(1, length))


def list_of(elements: int, element: Size) -> Size:
    """A list or map of equal elements."""
    return Size(elements, 0, plus(1, times(elements, element.total)), element)


def literal(value: object) -> Size:
    """A constant."""
    return text_of(len(value)) if isinstance(value, str | bytes) else SCALAR


def larger(sizes: Iterable[Size | None]) -> Size:
    """What is at least as large as each of several values."""
    known = [size for size in sizes if size is not None]
    if len(known) <= 1:
        return known[0] if known else SCALAR
    elements = [size.element for size in known if size.element is not None]
    return Size(
        max(size.elements for size in known),
        max(size.text for size in known),
        max(size.total for size in known),
        larger(elements) if elements else None,
    )


def joined(left: Size, right: Size) -> Size:
    """``left + right``."""
    elements = [size.element for size in (left, right) if size.element is not None]
    return Size(
        plus(left.elements, right.elements),
        plus(left.text, right.text),
        plus(left.total, right.total),
        larger(elements) if elements else None,
    )


def variable(path: str, sizes: Sizes) -> Size:
    """A part of a variable: as large as is declared for its path, or else the default."""
    declared = sizes.declared.get(path)
    if declared is None:
        return Size(sizes.elements, sizes.text, sizes.total, None, path)
    return Size(declared, declared, max(declared, sizes.total), None, path)


def field(size: Size, name: str, sizes: Sizes) -> Size:
    """``size.name``; ``[]`` is the name of an element."""
    if size.path:
        return variable(size.path + name if name == "[]" else f"{size.path}.{name}", sizes)
    return size.element if size.element is not None else SCALAR
