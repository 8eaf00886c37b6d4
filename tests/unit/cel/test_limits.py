"""Every limit, just below and just above: what is allowed works, one more is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import pytest

from auditor.cel import Environment
from auditor.cel.cost import estimate
from auditor.cel.errors import CelCheckError, CelCompileError, CelEvalError, CelLimitError
from auditor.cel.interpreter import evaluate
from auditor.cel.library import standard_library
from auditor.cel.limits import DEFAULT_LIMITS, Limits, Sizes
from auditor.cel.parser import parse
from auditor.cel.sizes import SATURATED
from auditor.cel.tracing import trace
from auditor.cel.types import DYN

MEBI: Final = 2**20


class Static(NamedTuple):
    """``make(number)`` compiles, ``make(number + 1)`` does not."""

    name: str
    make: Callable[[int], str]
    most: int
    message: str
    limits: Limits = DEFAULT_LIMITS
    sizes: Sizes = Sizes()


def macros(depth: int) -> str:
    return "".join(f"[1].all(a{level}, " for level in range(depth)) + "true" + ")" * depth


SHALLOW: Final = Limits(depth=20)
STATIC: Final = [
    Static("source", "1".ljust, 100_000, "longer than 100000 characters"),
    Static("source, another limit", "1".ljust, 9, "longer than 9", Limits(source=9)),
    Static("tokens", lambda n: f"[{'1,' * (n // 2)}1]", 49_996, "more than 50000 tokens"),
    Static(
        "tokens, another limit", lambda n: f"1{'+1' * n}", 4, "than 10 tokens", Limits(nodes=10)
    ),
    Static("fields", lambda n: "x" + ".a" * n, 249, "nested deeper than 250"),
    Static("indices", lambda n: "x" + "[0]" * n, 249, "nested deeper than 250"),
    Static("methods", lambda n: "x" + ".trim()" * n, 249, "nested deeper than 250"),
    Static("signs", lambda n: "!" * n + "x", 250, "nested deeper than 250"),
    Static("conditions", lambda n: "x ? 1 : " * n + "1", 249, "nested deeper than 250"),
    Static("parentheses", lambda n: "(" * n + "x" + ")" * n, 19, "deeper than 20", SHALLOW),
    Static("lists", lambda n: "[" * n + "x" + "]" * n, 19, "deeper than 20", SHALLOW),
    Static("arguments", lambda n: "string(" * n + "x" + ")" * n, 19, "deeper than 20", SHALLOW),
    Static("macros", macros, 6, "more than 6 macros inside one another"),
    Static("macros, another limit", macros, 2, "more than 2 macros", Limits(comprehensions=2)),
    Static(
        "cost, another limit",
        lambda n: "x" + " && x" * n,
        4,
        "may cost 11 steps, the limit is 10; most of them at: ",
        Limits(cost=10),
    ),
    Static("length of a pattern", lambda n: f"x.matches('{'a' * n}')", 20_000, "longer than 20000"),
    Static("count in a pattern", lambda n: f"x.matches('a{{{n}}}')", 1000, "at most 1000"),
    Static("counts in counts", lambda n: f"x.matches('(a{{{n}}}){{10}}')", 100, "than 1000 times"),
]


@pytest.mark.parametrize("case", STATIC, ids=[case.name for case in STATIC])
def test_compiling(case: Static) -> None:
    environment = Environment({"x": DYN}, limits=case.limits, sizes=case.sizes)
    assert environment.compile(case.make(case.most)).cost.cost > 0
    step = 2 if case.name == "tokens" else 1
    with pytest.raises(CelCompileError, match=case.message):
        environment.compile(case.make(case.most + step))


@pytest.mark.parametrize(("elements", "allowed"), [(4_999_999_999, True), (5_000_000_000, False)])
def test_cost_of_a_declared_size(elements: int, *, allowed: bool) -> None:
    environment = Environment({"x": DYN}, sizes=Sizes(declared={"x": elements}))
    if allowed:
        assert environment.compile("x.all(i, true)").cost.cost == 10_000_000_000
        return
    with pytest.raises(CelCheckError, match="may cost 10,000,000,002 steps, the limit is 10,000"):
        environment.compile("x.all(i, true)")


def test_cost_is_what_is_estimated() -> None:
    source = "x.all(i, i.a == 'b' || i.b.matches('c'))"
    steps = estimate(parse(source), standard_library()).cost
    assert Environment({"x": DYN}, limits=Limits(cost=steps)).compile(source).run([]) is True
    with pytest.raises(
        CelCheckError, match=rf"may cost {steps:,} steps, the limit is {steps - 1:,}"
    ):
        Environment({"x": DYN}, limits=Limits(cost=steps - 1)).compile(source)


class Run(NamedTuple):
    """With ``values(number)`` for x and y there is a value, with one more an error."""

    name: str
    source: str
    values: Callable[[int], tuple[object, object]]
    most: int
    message: str


VISITS: Final = "the macros of the expression visit too many elements"
MADE: Final = "the expression makes strings and lists of more than 16777216 bytes"
RUNS: Final = [
    Run("string", "(x + y).size() > 0", lambda n: ("a" * n, "b" * 8 * MEBI), 8 * MEBI, MADE),
    Run("bytes", "(x + y).size() > 0", lambda n: (b"a" * n, b"b" * 8 * MEBI), 8 * MEBI, MADE),
    Run("list", "(x + y).size() > 0", lambda n: ([0] * n, [0] * MEBI), MEBI, MADE),
    Run(
        "two strings",
        "(x + x).size() + (y + y).size() > 0",
        lambda n: ("a" * n, "b" * 4 * MEBI),
        4 * MEBI,
        MADE,
    ),
    Run(
        "a string for each element",
        "x.all(i, (y + 'a').size() > 0)",
        lambda n: ([0] * n, "b" * 1024),
        16 * MEBI // 1025,
        MADE,
    ),
    Run("range", "lists.range(x).size() > 0", lambda n: (n, 0), 2 * MEBI, MADE),
    Run("split", "x.split(',').size() > 0", lambda n: ("," * (n - 1), 0), 2 * MEBI, MADE),
    Run("characters", "x.split('').size() > 0", lambda n: ("," * n, 0), 2 * MEBI, MADE),
    Run("parts", "x.split(',', y).size() > 0", lambda n: (16 * MEBI * ",", n), 2 * MEBI, MADE),
    Run(
        "digits of a number",
        "int(x) == 1",
        lambda n: ("1".rjust(n, "0"), 0),
        4096,
        "cannot convert",
    ),
]


@pytest.mark.parametrize("case", RUNS, ids=[case.name for case in RUNS])
def test_evaluating(case: Run) -> None:
    program = Environment({"x": DYN, "y": DYN}, limits=Limits(cost=SATURATED)).compile(case.source)
    below, above = case.values(case.most), case.values(case.most + 1)
    assert program.run(*below) is program.exact(*below) is program.trace(*below).value is True
    error = CelLimitError if case.message in (VISITS, MADE) else CelEvalError
    with pytest.raises(error, match=case.message):
        program.exact(*above)
    with pytest.raises(CelEvalError):
        program.fast(*above)
    assert case.message in str(program.trace(*above).error)


SMALLER: Final = [
    Run(
        "a list for each element",
        "x.all(i, (y + [i]).size() > 0)",
        lambda n: ([0] * n, [0] * 128),
        MEBI // 8 // (8 * 129),
        "more than 131072 bytes",
    ),
    Run(
        "the result of a function for each element",
        "x.all(i, y.upperAscii() != '')",
        lambda n: ([0] * n, "b" * 1025),
        MEBI // 8 // 1025,
        "more than 131072 bytes",
    ),
    Run(
        "flatten",
        "x.flatten().size() > 0",
        lambda n: ([[0] * n], 0),
        MEBI // 8 // 8,
        "more than 131072 bytes",
    ),
]
"""As above, with a 128th of what we ship: compiled code leaves all of them to the others."""


@pytest.mark.parametrize("case", SMALLER, ids=[case.name for case in SMALLER])
def test_evaluating_with_less(case: Run) -> None:
    program = Environment({"x": DYN, "y": DYN}, limits=Limits(cost=SATURATED)).compile(case.source)
    node, functions, largest = program.tree(), standard_library(), MEBI // 8
    (x, y), above = case.values(case.most), case.values(case.most + 1)
    assert program.run(x, y) is evaluate(node, {"x": x, "y": y}, functions, largest=largest) is True
    assert trace(node, {"x": x, "y": y}, functions, largest=largest).value is True
    x, y = above
    with pytest.raises(CelLimitError, match=case.message):
        evaluate(node, {"x": x, "y": y}, functions, largest=largest)
    assert case.message in str(trace(node, {"x": x, "y": y}, functions, largest=largest).error)
    with pytest.raises(CelEvalError):
        program.fast(x, y)


VISITED: Final = [
    ("visits", "x.all(i, y.all(j, true))", 2000),
    ("visits of a larger body", "x.all(i, y.all(j, (i + j) + (i + j) + (i + j) == 0))", 400),
    ("visits in two macros", "x.all(i, y.exists(j, false) || y.all(j, true))", 1000),
]
"""With so many elements in y and 500 in x the million visits that we ship are used up."""


@pytest.mark.parametrize(
    ("source", "most"), [pytest.param(*case[1:], id=case[0]) for case in VISITED]
)
def test_visits_of_other_bodies(source: str, most: int) -> None:
    """Compiled code at the million, the others at a hundredth of it, with as many elements less."""
    program = Environment({"x": DYN, "y": DYN}, limits=Limits(cost=SATURATED)).compile(source)
    node, functions = program.tree(), standard_library()
    assert program.fast([0] * 500, [0] * most) is True
    with pytest.raises(CelLimitError, match=VISITS):
        program.fast([0] * 500, [0] * (most + 1))
    below = {"x": [0] * 50, "y": [0] * (most // 10)}
    above = {"x": [0] * 50, "y": [0] * (most // 10 + 1)}
    assert evaluate(node, below, functions, budget=10_000) is True
    assert trace(node, below, functions, budget=10_000).value is True
    with pytest.raises(CelLimitError, match=VISITS):
        evaluate(node, above, functions, budget=10_000)
    assert trace(node, above, functions, budget=10_000).error == VISITS


FREE: Final = {
    "inside a macro": ("x.all(i, (y + '').size() > 0)", [0] * 17_000, "b" * 1024),
    "outside of macros": (" && ".join(["(x + y).size() > 0"] * 300), "a" * 32_768, "b" * 32_768),
}


@pytest.mark.parametrize(("source", "x", "y"), FREE.values(), ids=FREE.keys())
def test_small_results_are_free(source: str, x: object, y: str) -> None:
    program = Environment({"x": DYN, "y": DYN}).compile(source)
    assert program.run(x, y) is program.exact(x, y) is True
    with pytest.raises(CelLimitError, match=MADE):
        program.run(x, y + "b")
    with pytest.raises(CelEvalError, match="not on the fast path"):
        program.fast(x, y + "b")


def test_limits_are_not_absorbed() -> None:
    source = "true || x.all(i, x.all(j, x.all(k, true)))"
    environment = Environment({"x": DYN})
    assert environment.compile(source).run([0] * 200) is True
    for other in (f"({source.removeprefix('true || ')}) || true", f"[0].exists(i, {source[8:]})"):
        program = environment.compile(other)
        with pytest.raises(CelLimitError, match=VISITS):
            program.fast([0] * 200)
        with pytest.raises(CelLimitError, match=VISITS):
            evaluate(program.tree(), {"x": [0] * 30}, standard_library(), budget=10_000)


def test_deep_values() -> None:
    def deep(levels: int) -> object:
        value: object = 0
        for _ in range(levels):
            value = [value]
        return value

    program = Environment({"x": DYN, "y": DYN}).compile("x == y")
    assert program.run(deep(100), deep(100)) is True
    with pytest.raises(CelLimitError, match="nested too deeply"):
        program.run(deep(100_000), deep(100_000))
