"""Evaluating a restored program where the caller has used up most of Python's stack."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from auditor.cel import Environment
from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.program import Program
from auditor.cel.types import DYN

SOURCE = "(" * 60 + "x.a" + ")" * 60 + " == 1"
TOO_DEEP = "the expression or a value is nested too deeply"


def restored() -> Program:
    """A program that has not parsed its source yet."""
    environment = Environment({"x": DYN})
    return environment.restore(environment.compile(SOURCE).dump())


def with_stack_left(frames: int, call: Callable[[], object]) -> object:
    """Call where about ``frames`` frames are left of the recursion limit."""
    used = 0
    frame = sys._getframe()
    while frame.f_back is not None:
        used, frame = used + 1, frame.f_back

    def descend(more: int) -> object:
        return descend(more - 1) if more else call()

    return descend(sys.getrecursionlimit() - used - frames)


@pytest.mark.parametrize("frames", [60, 100, 200])
def test_errors_are_limits(frames: int) -> None:
    for evaluate in (restored().run, restored().exact):
        with pytest.raises(CelLimitError, match=TOO_DEEP):
            with_stack_left(frames, lambda evaluate=evaluate: evaluate({}))
    tree = restored().tree
    with pytest.raises(CelLimitError, match=TOO_DEEP):
        with_stack_left(frames, tree)
    trace = restored().trace
    traced = with_stack_left(frames, lambda: trace({}))
    assert (traced.error, traced.reads) == (TOO_DEEP, ())


def test_same_program_has_its_own_error_later() -> None:
    program = restored()
    with pytest.raises(CelLimitError, match=TOO_DEEP):
        with_stack_left(100, lambda: program.exact({}))
    with pytest.raises(CelEvalError, match="no such key: a"):
        program.exact({})
    assert program.run({"a": 1}) is True
