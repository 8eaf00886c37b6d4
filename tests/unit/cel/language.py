"""What the tables of the language tests are made of."""

from __future__ import annotations

from typing import Final, NamedTuple

from auditor.cel.errors import CelEvalError
from auditor.cel.interpreter import evaluate
from auditor.cel.parser import parse
from auditor.cel.stdlib import STDLIB

NAMESPACED: Final = frozenset(name for name in STDLIB if "." in name)


class Case(NamedTuple):
    """An expression with its value, or the message of its error, and a value for ``x``."""

    name: str
    source: str
    result: object
    x: object = None


def value_of(source: str, **bindings: object) -> object:
    """What the interpreter makes of a source text."""
    return evaluate(parse(source, namespaced=NAMESPACED), bindings, STDLIB)


def check_value(case: Case) -> None:
    """Assert the value and its class: ``1``, ``1.0`` and ``True`` are three values."""
    result = value_of(case.source, x=case.x)
    assert repr(result) == repr(case.result)


def check_error(case: Case) -> None:
    """Assert the whole message of the error."""
    try:
        result = value_of(case.source, x=case.x)
    except CelEvalError as error:
        assert str(error) == case.result  # noqa: PT017  # the whole message, from a table
    else:
        raise AssertionError(f"{case.source} has the value {result!r}")
