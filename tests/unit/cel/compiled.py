"""How compiled code is compared with the interpreter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from auditor.cel.ast import Node
from auditor.cel.compiler.generate import Compiled, generate
from auditor.cel.compiler.runtime import make_function
from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.functions import Library
from auditor.cel.regex import compile_pattern
from auditor.cel.values import OptionalValue

ERROR = "no value"
LIMIT = "a limit"
Outcome = object


def canonical(value: object) -> object:
    """``value`` with its classes and the order of its maps spelled out; NaN equals itself."""
    if isinstance(value, list):
        return ["list", *map(canonical, value)]
    if isinstance(value, dict):
        return ["map", *((canonical(key), canonical(item)) for key, item in value.items())]
    if isinstance(value, OptionalValue):
        return ["optional", value.present, canonical(value.value)]
    return [type(value).__name__, repr(value)]


def outcome(evaluate: Callable[..., object], *args: object) -> Outcome:
    """What an evaluation that raises nothing but CelEvalError comes to."""
    try:
        return canonical(evaluate(*args))
    except CelLimitError:
        return LIMIT
    except CelEvalError:
        return ERROR


def fast_outcome(fast: Callable[..., object], *args: object) -> Outcome | None:
    """What the fast path comes to; None when it gave up, as it may at any time."""
    try:
        return canonical(fast(*args))
    except Exception:  # noqa: BLE001  # the contract of Program.fast
        return None


def function_of(
    node: Node, variables: tuple[str, ...], functions: Library
) -> tuple[Compiled, Callable[..., Any]]:
    """The compiled form of a tree that no source text was needed for."""
    compiled = generate(node, variables, functions)
    late: dict[str, Callable[[], Callable[..., object]]] = {}
    for name, function in compiled.functions.items():
        late[name] = partial(lambda known: functions[known].implementation, function)
    for name, pattern in compiled.patterns.items():
        late[name] = partial(lambda known: compile_pattern(known).search, pattern)
    return compiled, make_function(compiled.code, late)
