"""A trace of very many element visits: it stops in time, and still says which element decided."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

import pytest

from auditor.cel import Environment
from auditor.cel.errors import CelLimitError
from auditor.cel.limits import Limits
from auditor.cel.sizes import SATURATED
from auditor.cel.tracing import ABSENT
from auditor.cel.types import DYN

HUNDRED: Final = [{"i": number} for number in range(100)]
MANY: Final = [{"i": number} for number in range(250)]
SECONDS: Final = 5
"""Several times what is needed: the machine may be busy."""


def nested(depth: int, body: str) -> str:
    return "".join(f"x.all(a{level}, " for level in range(depth)) + body + ")" * depth


ENDLESS = {
    "five": nested(5, "true"),
    "six": nested(6, "true"),
    "six with a long body": nested(6, "a0.i < 200 && a1.i < 300 && a5.i < 400"),
    "with a filter inside": nested(4, "x.filter(y, y.i < a3.i) + [a2] != []"),
}


@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS.keys())
def test_budget_stops_in_time(source: str) -> None:
    program = Environment({"x": DYN}, limits=Limits(cost=SATURATED)).compile(source)
    start = time.process_time()
    with pytest.raises(CelLimitError, match="visit too many elements"):
        program.run(HUNDRED)
    assert time.process_time() - start < SECONDS
    start = time.process_time()
    traced = program.trace(HUNDRED)
    assert traced.error == "the macros of the expression visit too many elements"
    assert time.process_time() - start < SECONDS


class Case(NamedTuple):
    name: str
    source: str
    value: object
    error: str | None
    reads: dict[tuple[str | int, ...], object]


LATE = [
    Case(
        "the last of the last",
        "x.all(a, x.all(b, a.i != 249 || b.i != 249))",
        False,
        None,
        {(249, "i"): 249},
    ),
    Case(
        "exists",
        "x.exists(a, x.exists(b, a.i == 240 && b.i == 245))",
        True,
        None,
        {(240, "i"): 240, (245, "i"): 245},
    ),
    Case(
        "an error",
        "x.all(a, x.all(b, a.i < 249 || b.i < 249 || b.nope))",
        None,
        "no such key: nope",
        {(249, "nope"): ABSENT},
    ),
    Case(
        "through a list that a filter made",
        "x.filter(a, x.exists(b, b.i == a.i)).all(c, c.i < 249)",
        False,
        None,
        {(249, "i"): 249},
    ),
    Case(
        "after the macro",
        "x.all(a, x.all(b, a.i < 250 && b.i < 250)) && x[7].i == 8",
        False,
        None,
        {(7, "i"): 7},
    ),
]


@pytest.mark.parametrize("case", LATE, ids=[case.name for case in LATE])
def test_deciding_element_is_reported(case: Case) -> None:
    traced = Environment({"x": DYN}).compile(case.source).trace(MANY)
    assert (traced.value, traced.error) == (case.value, case.error)
    assert {read.path: read.value for read in traced.reads} == case.reads


def test_weight_of_the_body_counts_alike_in_all_evaluators() -> None:
    # 6 nodes count for 2 visits, 3 nodes for 1: 750 * 750 is above a million only twice over.
    elements = list(range(750))
    environment = Environment({"x": DYN})
    small = environment.compile("x.all(a, x.all(b, a < 800))")
    large = environment.compile("x.all(a, x.all(b, a < 800 || b < 8))")
    assert small.fast(elements) is small.exact(elements) is small.trace(elements).value is True
    for evaluate in (large.fast, large.exact):
        with pytest.raises(CelLimitError, match="visit too many elements"):
            evaluate(elements)
    assert large.trace(elements).error == "the macros of the expression visit too many elements"
