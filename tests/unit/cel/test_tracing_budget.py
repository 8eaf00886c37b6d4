"""A trace of very many element visits: it stops in time, and still says which element decided."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

import pytest

from auditor.cel import Environment
from auditor.cel.ast import Quantifier, Transform
from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.interpreter import evaluate
from auditor.cel.library import standard_library
from auditor.cel.limits import Limits
from auditor.cel.parser import parse
from auditor.cel.sizes import SATURATED
from auditor.cel.tracing import ABSENT, Trace, trace
from auditor.cel.tracing_scopes import DETAILS
from auditor.cel.types import DYN
from auditor.cel.walk import walk
from tests.unit.cel.generators import Trees, random_objects, random_value
from tests.unit.cel.language import NAMESPACED

HUNDRED: Final = [{"i": number} for number in range(100)]
BUDGET: Final = 10_000
"""Instead of the million that we ship."""


def nested(depth: int, body: str) -> str:
    return "".join(f"x.all(a{level}, " for level in range(depth)) + body + ")" * depth


ENDLESS = {
    "five": nested(5, "true"),
    "six": nested(6, "true"),
    "six with a long body": nested(6, "a0.i < 200 && a1.i < 300 && a5.i < 400"),
    "with a filter inside": nested(4, "x.filter(y, y.i < a3.i) + [a2] != []"),
}


TOO_MANY: Final = "the macros of the expression visit too many elements"


@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS.keys())
def test_budget_stops_every_evaluator(source: str) -> None:
    """The compiled code has the budget that we ship, the others one that is passed to them."""
    program = Environment({"x": DYN}, limits=Limits(cost=SATURATED)).compile(source)
    node, functions = program.tree(), standard_library()
    with pytest.raises(CelLimitError, match=TOO_MANY):
        program.fast(HUNDRED)
    with pytest.raises(CelLimitError, match=TOO_MANY):
        evaluate(node, {"x": HUNDRED}, functions, budget=BUDGET)
    assert trace(node, {"x": HUNDRED}, functions, budget=BUDGET).error == TOO_MANY


def test_budget_that_we_ship_stops_every_evaluator() -> None:
    program = Environment({"x": DYN}, limits=Limits(cost=SATURATED)).compile(ENDLESS["five"])
    with pytest.raises(CelLimitError, match=TOO_MANY):
        program.run(HUNDRED)
    assert program.trace(HUNDRED).error == TOO_MANY


class Case(NamedTuple):
    name: str
    source: str
    value: object
    error: str | None
    reads: dict[tuple[str | int, ...], object]


def late(many: int, large: int) -> list[Case]:
    """Cases that are decided late, for lists of so many elements: x has ``many``, y ``large``."""
    return [*late_in_both(many), *late_in_one(large), after(many)]


def late_in_both(many: int) -> list[Case]:
    """Macros in macros over x."""
    last = many - 1
    return [
        Case(
            "the last of the last",
            f"x.all(a, x.all(b, a.i != {last} || b.i != {last}))",
            False,
            None,
            {(last, "i"): last},
        ),
        Case(
            "exists",
            f"x.exists(a, x.exists(b, a.i == {last - 9} && b.i == {last - 4}))",
            True,
            None,
            {(last - 9, "i"): last - 9, (last - 4, "i"): last - 4},
        ),
        Case(
            "an error",
            f"x.all(a, x.all(b, a.i < {last} || b.i < {last} || b.nope))",
            None,
            "no such key: nope",
            {(last, "nope"): ABSENT},
        ),
        Case(
            "through a list that a filter made",
            f"x.filter(a, x.exists(b, b.i == a.i)).all(c, c.i < {last})",
            False,
            None,
            {(last, "i"): last},
        ),
    ]


def late_in_one(large: int) -> list[Case]:
    """Macros over y."""
    end = large - 1
    return [
        Case("in a large list", f"y.all(a, a.i != {end})", False, None, {(end, "i"): end}),
        Case(
            "an error in a large list",
            f"y.all(a, a.i < {end - 1} || a.nope)",
            None,
            "no such key: nope",
            {(end - 1, "nope"): ABSENT},
        ),
        Case(
            "a large list that is filtered",
            f"y.filter(a, a.i > 10).exists(b, b.i == {end})",
            True,
            None,
            {(end, "i"): end},
        ),
        Case(
            "all of a large list",
            f"y.all(a, a.i < {large})",
            True,
            None,
            {(number, "i"): number for number in range(32)},
        ),
    ]


def after(many: int) -> Case:
    """What is decided after a macro over x in itself."""
    return Case(
        "after the macro",
        f"x.all(a, x.all(b, a.i < {many} && b.i < {many})) && x[7].i == 8",
        False,
        None,
        {(7, "i"): 7},
    )


def numbered(count: int) -> list[dict[str, int]]:
    return [{"i": number} for number in range(count)]


def check_late(case: Case, traced: Trace) -> None:
    assert (traced.value, traced.error) == (case.value, case.error)
    assert {read.path: read.value for read in traced.reads} == case.reads


@pytest.mark.parametrize("case", late(25, 700), ids=[case.name for case in late(25, 700)])
def test_deciding_element_is_reported(case: Case) -> None:
    """With a hundredth of the details that we ship, and lists that have a few more."""
    values = {"x": numbered(25), "y": numbered(700)}
    node = Environment({"x": DYN, "y": DYN}).compile(case.source).tree()
    check_late(case, trace(node, values, standard_library(), details=DETAILS // 100))


SHIPPED = [
    case
    for case in late(250, 70_000)
    if case.name
    in {"the last of the last", "an error in a large list", "a large list that is filtered"}
]


@pytest.mark.parametrize("case", SHIPPED, ids=[case.name for case in SHIPPED])
def test_deciding_element_is_reported_of_as_many_as_we_ship(case: Case) -> None:
    program = Environment({"x": DYN, "y": DYN}).compile(case.source)
    check_late(case, program.trace(numbered(250), numbered(70_000)))


def test_weight_of_the_body_counts_alike_in_all_evaluators() -> None:
    # 6 nodes count for 2 visits, 3 nodes for 1: 75 * 75 is above 10,000 only twice over, and 750 *
    # 750 above a million.
    few, many = list(range(75)), list(range(750))
    environment, functions = Environment({"x": DYN}), standard_library()
    small = environment.compile("x.all(a, x.all(b, a < 800))")
    large = environment.compile("x.all(a, x.all(b, a < 800 || b < 8))")
    assert small.fast(many) is True
    with pytest.raises(CelLimitError, match=TOO_MANY):
        large.fast(many)
    for budget in (BUDGET, 5_625):
        assert evaluate(small.tree(), {"x": few}, functions, budget=budget) is True
        assert trace(small.tree(), {"x": few}, functions, budget=budget).value is True
    for program, budget in ((large, BUDGET), (small, 5_624)):
        with pytest.raises(CelLimitError, match=TOO_MANY):
            evaluate(program.tree(), {"x": few}, functions, budget=budget)
        assert trace(program.tree(), {"x": few}, functions, budget=budget).error == TOO_MANY


def test_few_details_change_neither_values_nor_errors() -> None:
    random = Random(11)
    trees = Trees(random, ("x", "y"))
    functions = standard_library()
    loops = 0
    for number in range(600):
        node = trees.tree(random.choice((3, 4, 5, 6)))
        loops += any(isinstance(part, Quantifier | Transform) for part in walk(node))
        for _ in range(3):
            bindings = {"x": random_objects(random), "y": random_value(random)}
            traced = trace(node, bindings, functions, details=number % 4)
            try:
                expected = repr(evaluate(node, bindings, functions)), None
            except CelEvalError as error:
                expected = repr(None), str(error)
            assert (repr(traced.value), traced.error) == expected, node
    assert loops > 100


FEW = {
    "all": "o.a.all(c, c.x == 1 && o.b.all(d, d != c.y))",
    "exists": "o.a.exists(c, o.b.exists(d, d == c.y))",
    "error": "o.a.all(c, c.y < 3 || c.nope)",
    "error inside": "o.a.all(c, o.b.all(d, d < 3 || c.nope))",
    "filter": "o.a.filter(c, c.y > 1).all(d, d.y != 3)",
    "two variables": "o.a.all(i, c, c.y != 3)",
    "over a map": "o.m.all(k, o.m[k] < 3)",
    "over a map, two variables": "o.m.exists(k, v, v == 3)",
    "over a sum": "(o.a + o.?n.orValue([])).all(c, c.y != 3)",
}
OBJECT: Final = {
    "a": [{"x": 1, "y": 1}, {"x": 1, "y": 2}, {"x": 1, "y": 3}],
    "b": [1, 2, 3],
    "m": {"p": 1, "q": 2, "r": 3},
}


@pytest.mark.parametrize("source", FEW.values(), ids=FEW.keys())
def test_few_details_report_the_same_deciding_reads(source: str) -> None:
    node, functions = parse(source, namespaced=NAMESPACED), standard_library()
    full = trace(node, {"o": OBJECT}, functions)
    for details in range(8):
        traced = trace(node, {"o": OBJECT}, functions, details=details)
        assert (traced.value, traced.error) == (full.value, full.error)
        assert {read.path for read in traced.reads} == {read.path for read in full.reads}
