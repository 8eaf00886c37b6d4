"""What the modules of the library are written with: tables of functions and checks of arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from auditor.cel.arithmetic import MAX_LENGTH
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import NEVER, Check, Function, Signature
from auditor.cel.produced import ELEMENT, too_much
from auditor.cel.types import Type

LINEAR: Final = 5
"""The cost of a function that visits each character or element of its operands."""


def member(receiver: Type, *args: Type, result: Type, since: str = "") -> Signature:
    """An overload that is called ``receiver.f(args)``."""
    return Signature(receiver, args, result, since)


def plain(*args: Type, result: Type, since: str = "") -> Signature:
    """An overload that is called ``f(args)``."""
    return Signature(None, args, result, since)


def function(
    library: str,
    name: str,
    implementation: Callable[..., object],
    *signatures: Signature,
    cost: int = 1,
    check: Check | None = None,
) -> Function:
    """A function whose ``since`` is that of its oldest overload."""
    since = oldest(signature.since for signature in signatures)
    return Function(name, implementation, signatures, library, since, cost, check)


def oldest(versions: Iterable[str]) -> str:
    """The first of some Kubernetes versions: ``""`` comes before all, ``never`` after all."""
    return min(versions, key=_age, default="")


def _age(version: str) -> tuple[int, ...]:
    if version == NEVER:
        return (1_000_000,)
    return tuple(map(int, version.split("."))) if version else ()


def check_length(length: int) -> None:
    """Stop before a text of ``length`` code points, or as many bytes, fills the memory.

    Raises:
        CelLimitError: it is longer than the language's ``+`` allows.
    """
    if length > MAX_LENGTH:
        raise too_much()


def check_elements(count: int) -> None:
    """Stop before a list of ``count`` elements fills the memory.

    Raises:
        CelLimitError: its references take more than the language's ``+`` allows.
    """
    check_length(ELEMENT * count)


def out_of_range(index: int) -> CelEvalError:
    """The error of a position that a string or list does not have."""
    return CelEvalError(f"index out of range: {index}")
