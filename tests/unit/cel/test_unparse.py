"""Trees as text: what is read back is the tree that was written."""

from __future__ import annotations

from random import Random

import pytest

from auditor.cel.ast import Literal
from auditor.cel.interpreter import evaluate
from auditor.cel.library import standard_library
from auditor.cel.parser import parse
from auditor.cel.stdlib import STDLIB
from auditor.cel.unparse import unparse
from auditor.model.policy import Rule
from tests.cases import every
from tests.policies.shipped import RULES
from tests.unit.cel.generators import Trees

NAMESPACED = frozenset(name for name in standard_library() if "." in name)
SOURCES = [
    "1 + 2 * 3",
    "(1 + 2) * 3",
    "1 - (2 - 3)",
    "-(1)",
    "-x.y",
    "(-1).abs()",
    "!(-x < 0)",
    "!!x",
    "--x",
    "a && (b || c)",
    "a && (b && c)",
    "(a ? b : c) ? d : e ? f : g",
    "a ? (b ? c : d) : e",
    "a == (b == c)",
    "a in b in c",
    'x[?"a-b"].?c.`d-e`.f',
    "has(a.b.`c/d`)",
    "[1, ?a.?b, 3u, 1.5, 1e300]",
    '{"a": 1, ?"b": c.?d}',
    'a.all(i, e, i > 0).b.exists_one(e, e == "x")',
    "a.map(e, e > 0, e * 2).filter(e, true).transformMap(k, v, k, v + 1)",
    "cel.bind(x, a.b, x + x).optMap(y, y).or(optional.none())",
    "math.greatest(1, 2) + ip('::1').family()",
    r'"\n\t\"\\\u0001" + r"\d" + b"\x00a\xff" + "é\U0001f680"',
    """'"' + "'" + "\\"'" """,
]


@pytest.mark.parametrize("source", SOURCES)
def test_sources(source: str) -> None:
    tree = parse(source, namespaced=NAMESPACED)
    assert parse(unparse(tree), namespaced=NAMESPACED) == tree


def test_rules() -> None:
    every(RULES, is_read_back)


def is_read_back(rule: Rule) -> None:
    for expression in (rule.each, rule.when, rule.check):
        if expression is not None:
            tree = parse(expression.source, namespaced=NAMESPACED)
            assert parse(unparse(tree), namespaced=NAMESPACED) == tree


@pytest.mark.parametrize("source", ["(((a)))", "a && b || c && d", "(a == b) && (c + (d * e)) > 1"])
def test_no_parentheses_too_many(source: str) -> None:
    tree = parse(source)
    assert unparse(tree) == source.replace("(((a)))", "a").replace(
        "(a == b) && (c + (d * e)) > 1", "a == b && c + d * e > 1"
    )


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e300", "-0.0"])
def test_doubles(value: str) -> None:
    text = unparse(Literal(float(value)))
    assert repr(evaluate(parse(text), {}, STDLIB)) == repr(float(value))


def test_random_trees() -> None:
    trees = Trees(Random(7), ("x", "y"))
    for _ in range(500):
        text = unparse(trees.tree(5))
        assert unparse(parse(text, namespaced=NAMESPACED)) == text
