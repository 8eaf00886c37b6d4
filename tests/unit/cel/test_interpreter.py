"""The evaluator itself: every node, the budget, depth, and what it leaves alone."""

from __future__ import annotations

import copy
import gc
import weakref
from typing import Final, get_args

import pytest

from auditor.cel.ast import (
    Bind,
    Call,
    Ident,
    ListLiteral,
    Literal,
    Logical,
    Node,
    Quantifier,
    Select,
    Transform,
)
from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.interpreter import OPERATORS, TYPE_NAMES, Evaluator, evaluate
from auditor.cel.ops import type_name
from auditor.cel.parser import parse
from auditor.cel.stdlib import STDLIB
from auditor.cel.tracing import Tracer, trace
from auditor.cel.values import (
    NONE,
    Duration,
    OptionalValue,
    Timestamp,
    TypeValue,
    UInt,
)
from tests.unit.cel.language import NAMESPACED

DEPTH: Final = 250
TEN: Final = list(range(10))


def run(source: str, *, budget: int = 1_000_000, **bindings: object) -> object:
    return evaluate(parse(source, namespaced=NAMESPACED), bindings, STDLIB, budget=budget)


def test_every_node_has_a_handler() -> None:
    kinds = set(get_args(Node))
    assert set(Evaluator.handlers) == kinds
    assert set(Tracer.handlers) == kinds


def test_every_operator_is_no_function() -> None:
    assert not OPERATORS.keys() & STDLIB.keys()


def test_type_names_are_those_of_the_values() -> None:
    values = (None, True, 1, UInt(1), 1.0, "", b"", [], {}, NONE, TypeValue("int"))
    names = {type_name(value) for value in (*values, Timestamp(0), Duration(0))}
    assert names <= TYPE_NAMES
    assert all(evaluate(Ident(name), {}, {}) == TypeValue(name) for name in names)


@pytest.mark.parametrize("name", ["google.protobuf.Timestamp", "net.IP", "kubernetes.Quantity"])
def test_dotted_type_names(name: str) -> None:
    assert run(name) == TypeValue(name)


def test_a_variable_comes_before_a_dotted_type_name() -> None:
    assert run("net.IP", net={"IP": 1}) == 1
    with pytest.raises(CelEvalError, match="no such variable: net"):
        run("net.Nope")
    with pytest.raises(CelEvalError, match="no such variable: net"):
        run("net.?IP")


def test_unknown_functions_and_variables() -> None:
    with pytest.raises(CelEvalError, match=r"^no such function: nope$"):
        evaluate(Call("nope", None, (Literal(1),)), {}, STDLIB)
    with pytest.raises(CelEvalError, match=r"^no such variable: nope$"):
        run("nope")


def test_or_is_a_function_of_others_too() -> None:
    """Only the method with one argument is the one of optionals."""
    assert evaluate(Call("or", None, (Literal(NONE), Literal(1))), {}, STDLIB) == 1


@pytest.mark.parametrize(
    ("source", "visits"),
    [
        pytest.param("x.all(a, a >= 0)", 0, id="one macro is bounded by its input"),
        pytest.param("x.map(a, a).filter(a, true).all(a, true)", 0, id="one after another"),
        pytest.param("x.all(a, x.all(b, true))", 100, id="one in another"),
        pytest.param("x.map(a, x.filter(b, true)).size() == 10", 100, id="transforms"),
        pytest.param("x.all(a, x.exists(b, true))", 10, id="until one decides"),
        pytest.param("x.all(a, x.all(b, x.exists_one(c, c == 0)))", 1100, id="three"),
        pytest.param("x.all(a, x.transformMap(b, c, b).size() == 10)", 100, id="maps"),
        pytest.param("cel.bind(y, x, y.all(a, true))", 0, id="a name is not a macro that visits"),
    ],
)
def test_budget_counts_visits_in_nested_macros(source: str, visits: int) -> None:
    assert run(source, budget=visits, x=TEN) is True
    if visits:
        with pytest.raises(CelLimitError, match="visit too many elements"):
            run(source, budget=visits - 1, x=TEN)


@pytest.mark.parametrize(
    "source",
    [
        "{} || true",
        "true && ({} || true)",
        "[1, 2].exists(z, {} || z == 2)",
        "[1, 2].all(z, {} && z == 2)",
        "cel.bind(z, {}, true)",
    ],
)
def test_limits_are_not_absorbed(source: str) -> None:
    nested = "x.all(a, x.all(b, true))"
    with pytest.raises(CelLimitError):
        run(source.replace("{}", nested), budget=5, x=TEN)


def test_default_budget_is_a_million() -> None:
    thousand = list(range(1000))
    assert run("x.all(a, x.all(b, true))", x=thousand) is True
    with pytest.raises(CelLimitError):
        run("x.all(a, x.all(b, true))", x=[*thousand, 0])


def deep(wrap: str) -> Node:
    """A tree of the parser's largest depth, made of one kind of node."""
    node: Node = Literal(True)
    for _ in range(DEPTH):
        match wrap:
            case "not":
                node = Call("!_", None, (node,))
            case "list":
                node = ListLiteral((node,), (False,))
            case "all":
                node = Quantifier("all", ListLiteral((node,), (False,)), "x", None, node)
            case "exists":
                node = Quantifier("exists", Literal([1]), "x", "y", node)
            case "map":
                node = Transform("map", Literal([1]), "x", None, None, node)
            case "bind":
                node = Bind("x", Literal(1), node)
            case _:
                node = Logical(True, Literal(True), node)
    return node


@pytest.mark.parametrize("wrap", ["not", "list", "exists", "map", "bind", "and"])
def test_the_deepest_tree_fits_the_stack(wrap: str) -> None:
    node = deep(wrap)
    result = evaluate(node, {}, STDLIB)
    assert repr(trace(node, {}, STDLIB).value) == repr(result)


def test_deeper_trees_and_values_are_a_limit_error() -> None:
    node: Node = Literal(1)
    for _ in range(5000):
        node = Call("-_", None, (node,))
    with pytest.raises(CelLimitError, match="nested too deeply"):
        evaluate(node, {}, STDLIB)
    assert trace(node, {}, STDLIB).error == "the expression or a value is nested too deeply"
    value: object = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(CelLimitError, match="nested too deeply"):
        run("x == y", x=value, y=[*value])  # type: ignore[misc]  # a list


def test_long_chains_are_not_deep() -> None:
    assert run(" || ".join(["x"] * 5000 + ["true"]), x=False) is True
    assert run(" && ".join(["x"] * 5000), x=True) is True


def test_inputs_stay_as_they_are() -> None:
    pods = [{"n": "a", "l": [1]}, {"n": "b"}]
    before = copy.deepcopy(pods)
    bindings = {"x": pods}
    source = "cel.bind(y, x.map(x, has(x.l), x.l + [2]), (y + [x]).filter(x, true))"
    result = evaluate(parse(source), bindings, STDLIB)
    assert result == [[1, 2], pods]
    assert pods == before
    assert list(bindings) == ["x"]


def test_an_error_leaves_nothing_behind() -> None:
    """Without a cycle the evaluator is freed at once: the product runs with the collector off."""
    evaluator = Evaluator({"x": [1, 0, 1]}, STDLIB, 100)

    class Marker:
        pass

    marker = Marker()
    evaluator.scope["m"] = marker
    alive = weakref.ref(marker)
    gc.disable()
    try:
        node = parse("x.all(a, 1 / a > 0) || (m.f && m.g) || cel.bind(b, m.f, b)")
        with pytest.raises(CelEvalError, match="divide by zero"):
            evaluator.eval(node)
        del evaluator, marker
        assert alive() is None
    finally:
        gc.enable()


def test_nested_scopes_come_back_after_an_error() -> None:
    assert run("[0].exists(x, [1].all(x, x / 0 == 1) || x == 0)", x=7) is True
    assert run("([0].all(x, x / 0 == 1) || x == 7)", x=7) is True


def test_messages_name_the_field() -> None:
    node = Select(Select(Ident("object"), "spec"), "hostNetwork")
    with pytest.raises(CelEvalError, match=r"^no such key: hostNetwork$"):
        evaluate(node, {"object": {"spec": {}}}, STDLIB)


def test_optional_values_in_the_input_are_values() -> None:
    assert run("x.orValue(3)", x=OptionalValue(4, present=True)) == 4
