"""What an evaluation may produce: doublings end with an error, early, in every evaluator alike."""

from __future__ import annotations

import time
import tracemalloc
from itertools import pairwise
from typing import Final

import pytest

from auditor.cel import Environment
from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.interpreter import evaluate
from auditor.cel.library import standard_library
from auditor.cel.limits import Limits
from auditor.cel.sizes import SATURATED
from auditor.cel.tracing import trace
from auditor.cel.types import DYN

ENVIRONMENT: Final = Environment({"x": DYN, "y": DYN}, limits=Limits(cost=SATURATED))
MESSAGE: Final = "the expression makes strings and lists of more than 16777216 bytes"
MEGABYTE: Final = 2**20
HUNDRED: Final = list(range(100))


def doubled(times: int, of: str = "x", last: str = "size(a{})") -> str:
    """``cel.bind(a0, x + x, cel.bind(a1, a0 + a0, ...))``."""
    names = [of, *(f"a{number}" for number in range(times))]
    binds = (f"cel.bind({new}, {old} + {old}, " for old, new in pairwise(names))
    return "".join(binds) + last.format(times - 1) + ")" * times


TOO_MUCH = {
    "a list": (doubled(30), [1]),
    "a string": (doubled(30), "a"),
    "bytes": (doubled(30), b"a"),
    "a sum of sums": ("+".join(["x"] * 300), [0] * 1000),
    "a string in a macro": (f"x.map(i, {doubled(12, of='string(i)')}).size()", [0] * 20_000),
}
IN_MACROS = {
    "a list in a macro": ("x.map(i, y + y).size() > 0", [0] * 20_000),
    "a list of lists": (f"x.map(i, x.map(j, {doubled(5, of='y')})).size()", [0] * 300),
    "after a filter": (f"x.filter(i, {doubled(6, of='y')} > 0).size()", [0] * 20_000),
    "joined": ("x.all(i, x.map(j, 'aaaaaaaaaaaaaaaaaaaaaaaa').join() != '')", [0] * 900),
    "replaced": ("x.all(i, ('" + "a" * 300 + "').replace('', 'bbbbbbbb') != '')", [0] * 100_000),
}


@pytest.mark.parametrize(("source", "x"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_every_evaluator_stops(source: str, x: object) -> None:
    program = ENVIRONMENT.compile(source)
    for evaluated in (program.run, program.exact):
        with pytest.raises(CelLimitError, match=MESSAGE):
            evaluated(x, HUNDRED * 2)
    with pytest.raises(CelEvalError, match=rf"not on the fast path|{MESSAGE}"):
        program.fast(x, HUNDRED * 2)
    assert program.trace(x, HUNDRED * 2).error == MESSAGE


@pytest.mark.parametrize(("source", "x"), IN_MACROS.values(), ids=IN_MACROS.keys())
def test_every_evaluator_stops_within_macros(source: str, x: object) -> None:
    """At a sixteenth of what we ship, but for compiled code, which leaves it to the others."""
    program = ENVIRONMENT.compile(source)
    values = {"x": x, "y": HUNDRED * 2}
    node, functions, less = program.tree(), standard_library(), "of more than 1048576 bytes"
    with pytest.raises(CelEvalError, match=rf"not on the fast path|{MESSAGE}"):
        program.fast(x, HUNDRED * 2)
    with pytest.raises(CelLimitError, match=less):
        evaluate(node, values, functions, largest=MEGABYTE)
    assert less in str(trace(node, values, functions, largest=MEGABYTE).error)


@pytest.mark.parametrize("x", [[1], "a", b"a"], ids=["list", "string", "bytes"])
def test_doubling_up_to_the_limit(x: object) -> None:
    # 2^19 elements of 8 bytes are a quarter of the limit, so are 2^22 characters.
    times = 19 if isinstance(x, list) else 22
    program = ENVIRONMENT.compile(doubled(times))
    assert program.run(x, 0) == program.exact(x, 0) == program.trace(x, 0).value == 2**times
    with pytest.raises(CelLimitError, match=MESSAGE):
        ENVIRONMENT.compile(doubled(times + 2)).run(x, 0)


@pytest.mark.parametrize("x", [[1], "a"], ids=["list", "string"])
def test_memory_stays_small(x: object) -> None:
    program = ENVIRONMENT.compile(doubled(40))
    start = time.process_time()
    for evaluated in (program.run, program.trace):
        tracemalloc.start()
        try:
            evaluated(x, 0)
        except CelLimitError:
            pass
        finally:
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert most < 80 * MEGABYTE
    assert time.process_time() - start < 10


def test_small_results_are_free() -> None:
    source = "x.all(i, x.all(j, ('abcdefgh' + 'i').replace('a', 'b') == 'bbcdefghi'))"
    program = ENVIRONMENT.compile(source)
    assert program.fast([0] * 400, 0) is True
    # 3,200 texts of nine characters are many times what may be made here
    values = {"x": [0] * 40, "y": 0}
    assert evaluate(program.tree(), values, standard_library(), largest=1_000) is True


def test_large_results_of_compiled_code_are_counted_by_the_interpreter() -> None:
    program = ENVIRONMENT.compile("x.map(i, y + y).size()")
    many = [0] * 1000
    with pytest.raises(CelEvalError, match="not on the fast path"):
        program.fast(many, many)
    assert program.run(many, many) == 1000
