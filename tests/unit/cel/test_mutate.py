"""Which changes are made to which expressions."""

from __future__ import annotations

import pytest

from auditor.cel import DYN, Environment
from auditor.cel.mutate import OTHER, mutants

ENVIRONMENT = Environment({"x": DYN, "y": DYN})

CASES = [
    ("x && y", ["&& to ||", "the right side of && left out", "the left side of && left out"]),
    ("x || y", ["|| to &&", "the right side of || left out", "the left side of || left out"]),
    ("!x", ["! left out"]),
    ("x == y", ["== to !="]),
    ("x < y", ["< to <="]),
    ("x >= 3", [">= to >", "3 to 2", "3 to 4"]),
    ("x ? y : x", ["the condition of ?: always true", "the condition of ?: always false"]),
    ("x.all(e, e)", ["all to exists"]),
    ("x.exists(e, e)", ["exists to all"]),
    ("x.exists_one(e, e)", ["exists_one to exists"]),
    ("x.filter(e, e)", ["filter left out"]),
    ("has(x.a)", ["has() negated"]),
    ("x.?a.orValue(false)", ["false to true"]),
    ("x + y", ["the right side of + left out", "the left side of + left out"]),
    ("x.matches('a')", ["matches negated", "a text replaced by another"]),
    ("x in [1, y]", [
        "in negated",
        "element 0 of a list left out",
        "element 1 of a list left out",
        "1 to 0",
        "1 to 2",
    ]),
    ("x.?a.orValue('') == 'b'", ["== to !=", "a text replaced by another"]),
    ("x.a[0]", ["0 to -1", "0 to 1"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "changes"), CASES, ids=[case[0] for case in CASES])
def test_changes(source: str, changes: list[str]) -> None:
    tree = ENVIRONMENT.compile(source).tree()
    found = list(mutants(tree))
    described = [mutant.change for mutant in found]
    assert [change for change in described if change != "the default replaced by another"] == (
        changes
    )
    assert all(mutant.tree != tree for mutant in found)


def test_a_default_becomes_what_it_is_compared_with() -> None:
    tree = ENVIRONMENT.compile("x.?a.orValue('none') in ['b', 'c']").tree()
    (mutant,) = [m for m in mutants(tree) if m.change == "the default replaced by another"]
    same = ENVIRONMENT.compile("x.?a.orValue('b') in ['b', 'c']").tree()
    assert mutant.tree == same


def test_a_default_that_is_a_member_becomes_none() -> None:
    tree = ENVIRONMENT.compile("x.?a.orValue('b') in ['b', 'c']").tree()
    (mutant,) = [m for m in mutants(tree) if m.change == "the default replaced by another"]
    same = ENVIRONMENT.compile(f"x.?a.orValue('{OTHER}') in ['b', 'c']").tree()
    assert mutant.tree == same


def test_every_place_changes_once() -> None:
    tree = ENVIRONMENT.compile("x.all(e, e == 1 && !(e in y))").tree()
    trees = [mutant.tree for mutant in mutants(tree)]
    assert len(trees) == len({repr(each) for each in trees})
