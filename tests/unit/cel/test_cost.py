"""The static estimate: what it multiplies, what it refuses, and that it is an upper bound."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Final

import pytest

from auditor.cel import Environment
from auditor.cel.ast import Node
from auditor.cel.cost import estimate
from auditor.cel.errors import CelCheckError, CelEvalError
from auditor.cel.interpreter import Evaluator
from auditor.cel.library import standard_library
from auditor.cel.limits import Sizes
from auditor.cel.parser import parse
from auditor.cel.sizes import SATURATED
from auditor.cel.types import DYN
from tests.unit.cel.generators import Trees, random_value

FUNCTIONS: Final = standard_library()
NAMESPACED: Final = frozenset(name for name in FUNCTIONS if "." in name)
TEN: Final = Sizes(elements=10, text=100, total=1000)


def cost(source: str, sizes: Sizes = TEN) -> int:
    return estimate(parse(source, namespaced=NAMESPACED), FUNCTIONS, sizes).cost


COSTS = {
    "constant": ("1", 1),
    "name": ("x", 1),
    "selection": ("x.a.b", 3),
    "index": ("x[0]", 3),
    "presence": ("has(x.a)", 2),
    "both sides": ("x.a && x.b || x.c", 8),
    "dearer branch": ("x ? y.a : y.a.b.c", 6),
    "list": ("[1, 2, 3]", 4),
    "map": ("{1: 2, 3: 4}", 5),
    "macro": ("x.all(i, true)", 22),
    "macro over a literal": ("[1, 2].all(i, true)", 8),
    "macro over a name that is bound": ("cel.bind(a, [1, 2], a.all(i, true))", 10),
    "macro of two variables": ("x.all(i, e, true)", 22),
    "macro in a macro": ("x.all(i, y.all(j, true))", 232),
    "macro in the operand of a macro": ("x.filter(i, true).all(j, true)", 43),
    "filter keeps the size": ("[1, 2].filter(i, true).all(j, true)", 13),
    "map keeps the number": ("[1, 2].map(i, 'a').all(j, true)", 13),
    "filter and map": ("[1, 2].map(i, true, x.a)", 12),
    "map that is made": ("[1, 2].transformMap(i, e, x.a).all(k, true)", 15),
    "optional": ("x.?a.optMap(v, v.b)", 5),
    "comparison with a constant": ("x.a == 'ab'", 4 + 3),
    "comparison of unknown values": ("x == y", 2 + 1001),
    "order": ("x < y", 3),
    "element of a literal": ("x in ['a', 'b']", 4 + 1 + 4),
    "element of a list": ("1 in x", 2 + 11),
    "sum of lists": ("x + y", 2 + 1 + 22),
    "text": ("x.startsWith('a')", 2 + 101),
    "text and text": ("x.startsWith(y)", 2 + 201),
    "at once": ("x.size()", 2),
    "function with a weight": ("x.lowerAscii()", 1 + 5 * 101),
    "pattern": ("x.matches('a+')", 2 + 10 * 11),
    "long pattern": ("x.matches('aaaaaaaaaaaa')", 2 + 10 * 11 * 4),
    "pattern of unknown length": ("x.matches(y)", 2 + 10 * 11 * 26),
    "split": ("'a,b'.split(',').all(p, true)", 14 + 2),
}


@pytest.mark.parametrize(("source", "steps"), COSTS.values(), ids=COSTS.keys())
def test_cost(source: str, steps: int) -> None:
    assert cost(source) == steps


DECLARED = {
    "list": ({"object.items": 3}, "object.items.all(i, true)", 3 + 1 + 3 + 2),
    "list in a list": (
        {"object.items": 3, "object.items[].parts": 2},
        "object.items.all(i, i.parts.all(p, true))",
        3 + 1 + 3 + 3 * (2 + 1 + 2 + 2) - 1,
    ),
    "text": ({"object.name": 20}, "object.name.matches('a')", 2 + 1 + 10 * 3),
    "another path": ({"object.others": 3}, "object.items.all(i, true)", 23),
    "through a name": ({"object.items": 3}, "cel.bind(a, object.items, a.all(i, true))", 11),
    "through a filter": ({"object.items": 3}, "object.items.filter(i, true).all(j, true)", 16),
}


@pytest.mark.parametrize(("declared", "source", "steps"), DECLARED.values(), ids=DECLARED.keys())
def test_declared_sizes(declared: dict[str, int], source: str, steps: int) -> None:
    sizes = Sizes(elements=10, text=100, total=1000, declared=declared)
    assert cost(source, sizes) == steps


def nested(depth: int, body: str = "true") -> str:
    return "".join(f"x.all(a{level}, " for level in range(depth)) + body + ")" * depth


def doubled(times: int, start: str, double: str, last: str) -> str:
    source = "".join(
        f"cel.bind(a{number + 1}, {double.replace('_', f'a{number}')}, " for number in range(times)
    )
    return f"cel.bind(a0, {start}, {source}{last.replace('_', f'a{times}')}{')' * times})"


REFUSED = {
    "six macros over lists": (nested(6), ".all(a5"),
    "a pattern in macros": (nested(4, "a3.matches(a0 + a1)"), ".matches"),
    "comparisons in macros": (nested(4, "a0 == a1 || a2 == a3 || [a1, a3] == x"), ".all(a3"),
    "doubled list": (doubled(40, "x", "_ + _", "_.size() > 0"), "+ a"),
    "doubled list of lists": (doubled(40, "[x]", "[_, _]", "_ == [_]"), "== ["),
    "doubled map": (doubled(40, "{'a': x}", "{'a': _, 'b': _}", "_ == {'a': _}"), "== {"),
    "list of itself": (doubled(5, "x", "_.map(i, _)", "_ == _"), "== a"),
    "elements of elements": (
        doubled(6, "x", "_.map(i, _)", "_.all(a, a.all(b, b.all(c, c.all(d, d.all(e, e == x)))))"),
        "== x",
    ),
}


@pytest.mark.parametrize(("source", "where"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses(source: str, where: str) -> None:
    with pytest.raises(CelCheckError) as caught:
        Environment({"x": DYN}).compile(source)
    error = caught.value
    steps = estimate(parse(source), FUNCTIONS).cost
    assert steps > 10**10
    assert error.message == (
        f"an evaluation may cost {steps:,} steps, the limit is 10,000,000,000;"
        f" most of them at: {source[error.position : error.position + 32]}"
    )
    assert source.startswith(where, error.position)
    assert "fewer macros" in error.hint


def test_numbers_are_saturated() -> None:
    assert cost(doubled(60, "x", "[_, _]", "_ == _")) == SATURATED


def test_what_is_declared_small_is_accepted() -> None:
    source = nested(6, "a0 == a5")
    with pytest.raises(CelCheckError, match="an evaluation may cost"):
        Environment({"x": DYN}).compile(source)
    small = Environment({"x": DYN}, sizes=Sizes(declared={"x": 4}))
    assert small.compile(source).run([1, 1]) is True


def test_restored_estimate() -> None:
    environment = Environment({"x": DYN})
    program = environment.compile("x.all(i, i == 'a')")
    again = environment.restore(program.dump()).cost
    assert (again, again.cost, again.comprehensions) == (program.cost, 1 + 1 + 64 + 64 * 4 + 64, 1)


class Counting(Evaluator):
    """The interpreter, with a count of the nodes that it evaluates."""

    __slots__ = ("steps",)

    def __init__(self, bindings: dict[str, object]) -> None:
        super().__init__(bindings, FUNCTIONS, 1_000_000)
        self.steps = 0

    def eval(self, node: Node) -> object:
        self.steps += 1
        return super().eval(node)


def test_estimate_is_an_upper_bound() -> None:
    random = Random(5)
    trees = Trees(random, ("x", "y"))
    longest = 0
    for _ in range(400):
        node = trees.tree(random.choice((3, 5, 7)))
        most = estimate(node, FUNCTIONS, Sizes()).cost
        for _ in range(4):
            evaluator = Counting({"x": random_value(random), "y": random_value(random)})
            with suppress(CelEvalError):
                evaluator.eval(node)
            assert evaluator.steps <= most, node
            longest = max(longest, evaluator.steps)
    assert longest > 40
