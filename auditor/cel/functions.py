"""What a library function is: implementation, signatures for the checker, history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auditor.cel.types import Type


@dataclass(frozen=True, slots=True)
class Signature:
    """One overload; ``receiver`` is the type of ``x`` in ``x.f(...)``, None for ``f(...)``."""

    receiver: Type | None
    args: tuple[Type, ...]
    result: Type


@dataclass(frozen=True, slots=True)
class Function:
    """A function under one name, global and member forms together.

    ``implementation`` takes the receiver first, then the arguments, checks their classes itself and
    raises :class:`~auditor.cel.errors.CelEvalError` for wrong ones (``no such overload``), so that it
    serves the interpreter and compiled code alike. It must not mutate its arguments.

    ``since`` is the Kubernetes minor version whose API server first has it (``"1.28"``), or ``""``
    for what the language itself had from the start: an exported rule must not use a newer one.
    ``cost`` is a static weight: the number of element visits that one call stands for.
    """

    name: str
    implementation: Callable[..., object]
    signatures: tuple[Signature, ...]
    library: str
    since: str = ""
    cost: int = 1


Library = Mapping[str, Function]
"""Functions by name; a dotted name (``math.greatest``) is a namespaced global function."""
