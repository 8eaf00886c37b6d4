"""What generated code runs with: the names it may use, and how a function is made of it.

A generated function sees these helpers, the functions and patterns it was compiled with, and
nothing else: it has no builtins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Final, NoReturn

from auditor.cel import ops
from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.produced import FREE, FREE_INSIDE, size_of
from auditor.cel.values import NONE, OptionalValue, TypeValue, UInt

MISSING: Final = object()
"""Stands for ``optional.none()`` where generated code keeps an optional as its bare value."""

BUDGET: Final = 1_000_000
"""Element visits of macros inside macros that one evaluation may make, as in the interpreter."""


def give_up(*_values: object) -> NoReturn:
    """Leave an operand of the wrong type, or whatever was not compiled, to the interpreter."""
    raise CelEvalError("not on the fast path")


def over_budget() -> NoReturn:
    """Leave it to the interpreter to count exactly."""
    raise CelLimitError("the macros of the expression visit too many elements")


def small(value: object) -> object:
    """``value``, made inside a macro, if it is not so large that the interpreter would count it."""
    if value.__class__ is str and len(value) <= FREE_INSIDE:
        return value
    return value if size_of(value) <= FREE_INSIDE else give_up()


def medium(value: object) -> object:
    """``value``, made outside of macros, if the interpreter would not count it."""
    if value.__class__ is str and len(value) <= FREE:
        return value
    return value if size_of(value) <= FREE else give_up()


def content(value: object, default: object) -> object:
    """What is in an optional, or ``default``; raises for a value that is none."""
    optional = ops.spread(value)
    return optional.value if optional.present else default


def look_up(operand: object, key: object, default: object) -> object:
    """``operand[?key].orValue(default)``."""
    found = ops.optional_index(operand, key)
    return found.value if found.present else default


HELPERS: Final[Mapping[str, object]] = {
    "E": [],  # only ever iterated over
    "M": MISSING,
    "NONE": NONE,
    "Opt": OptionalValue,
    "Type": TypeValue,
    "UInt": UInt,
    "_add": ops.add,
    "_content": content,
    "_div": ops.div,
    "_eq": ops.equal,
    "_ge": ops.greater_equal,
    "_give_up": give_up,
    "_gt": ops.greater,
    "_has": ops.has_field,
    "_in": ops.in_,
    "_index": ops.index,
    "_iterate": ops.iterate,
    "_le": ops.less_equal,
    "_look_up": look_up,
    "_lt": ops.less,
    "_medium": medium,
    "_merge": ops.merge_entry,
    "_mod": ops.mod,
    "_mul": ops.mul,
    "_neg": ops.neg,
    "_over_budget": over_budget,
    "_pairs": ops.iterate_pairs,
    "_put": ops.put,
    "_select": ops.select,
    "_small": small,
    "_sub": ops.sub,
    "dict": dict,
    "enumerate": enumerate,
    "int": int,
    "len": len,
    "list": list,
    "str": str,
}
"""Everything a generated function may name, beside its own functions ``f0`` and patterns ``x0``."""


class Later:
    """A global of a generated function that is made when it is first called."""

    __slots__ = ("_make", "_name", "_namespace")

    def __init__(
        self,
        namespace: dict[str, object],
        name: str,
        make: Callable[[], Callable[..., object]],
    ) -> None:
        self._namespace = namespace
        self._name = name
        self._make = make

    def __call__(self, *args: object) -> object:
        """Make the global, put it in place of this, and call it."""
        target = self._make()
        self._namespace[self._name] = target
        return target(*args)


def function_code(text: str) -> CodeType:
    """The code object of the one function in a generated source.

    Raises:
        RecursionError, SyntaxError, MemoryError: Python cannot express it.
    """
    module = compile(text, "<cel>", "exec", dont_inherit=True)
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))


def make_function(
    code: CodeType,
    late: Mapping[str, Callable[[], Callable[..., object]]],
) -> Callable[..., object]:
    """The function of a code object, with globals of its own.

    ``late`` makes the functions and patterns that ``code`` names; each is made when first called.
    """
    namespace: dict[str, object] = {"__builtins__": {}}
    for name in code.co_names:
        if name in HELPERS:
            namespace[name] = HELPERS[name]
    for name, make in late.items():
        namespace[name] = Later(namespace, name, make)
    return FunctionType(code, namespace)
