"""Expressions that are made to be too much: each is refused, quickly and with an error of ours."""

from __future__ import annotations

import time

import pytest

from auditor.cel import Environment
from auditor.cel.errors import CelCompileError, CelEvalError
from auditor.cel.limits import Limits
from auditor.cel.parser import parse
from auditor.cel.types import DYN

MANY = 100_000
WIDE = Limits(source=2_000_000, nodes=1_000_000)

NESTED = {
    "parentheses": "(" * MANY + "1" + ")" * MANY,
    "lists": "[" * MANY + "]" * MANY,
    "maps": "{1:" * MANY,
    "nots": "!" * MANY + "x",
    "minuses": "-" * MANY + "x",
    "conditions": "x?(" * MANY + "1" + "):1" * MANY,
    "alternatives": "x?1:" * MANY + "1",
    "fields": "x" + ".a" * MANY,
    "indices": "x" + "[0]" * MANY,
    "calls": "f(" * MANY,
    "methods": "x" + ".f()" * MANY,
}


@pytest.mark.parametrize(
    "part", [pytest.param(10, id="a tenth"), pytest.param(1, id="whole", marks=pytest.mark.long)]
)
@pytest.mark.parametrize("source", NESTED.values(), ids=NESTED.keys())
def test_nesting_is_refused(source: str, part: int) -> None:
    environment = Environment({"x": DYN})
    with pytest.raises(CelCompileError, match="longer than"):
        environment.compile(source)
    with pytest.raises(CelCompileError, match="nested"):
        parse(source[: len(source) // part], limits=WIDE)


WHOLE = {
    "sum": ("1" + "+1" * 20_000, "nested too deeply"),
    "conjunction": ("true" + "&&true" * 8_000, "nested too deeply"),
    "source of a megabyte": ("x+" * 500_000 + "x", "longer than"),
    "macros in macros": (
        "".join(f"x.all(a{i}, " for i in range(7)) + "true" + ")" * 7,
        "more than 6 macros",
    ),
    "macros in macros without end": ("[1].map(a, " * 90 + "1" + ")" * 90, "nested|more than 6"),
}


@pytest.mark.parametrize(("source", "message"), WHOLE.values(), ids=WHOLE.keys())
def test_compiling_is_refused(source: str, message: str) -> None:
    start = time.process_time()
    with pytest.raises(CelCompileError, match=message):
        Environment({"x": DYN}).compile(source)
    assert time.process_time() - start < 10


RUN = {
    "pattern with many ways": ("'a'.matches('(a{1000}b{1000})'+y) || x", "too large|RE2"),
    "nested counts": ("x.matches('(a{100}){100}' + y)", "more than 1000 times"),
}


@pytest.mark.parametrize(("source", "message"), RUN.values(), ids=RUN.keys())
def test_running_is_refused(source: str, message: str) -> None:
    program = Environment({"x": DYN, "y": DYN}).compile(source)
    text = "(a{1000}b{1000})" * 100
    with pytest.raises(CelEvalError, match=message):
        program.run("a", text if "|| x" in source else "")


def test_budget_stops_both_alike() -> None:
    program = Environment({"x": DYN, "y": DYN}).compile("x.all(a, x.all(b, x.all(c, true)))")
    elements = list(range(110))
    for evaluate in (program.fast, program.exact):
        with pytest.raises(CelEvalError, match="visit too many elements"):
            evaluate(elements, 0)


def test_pattern_that_would_backtrack_for_ever() -> None:
    program = Environment({"x": DYN, "y": DYN}).compile("x.matches('^(a+)+$')")
    assert program.run("a" * 50_000, 0) is True
    assert program.run("a" * 50_000 + "b", 0) is False
