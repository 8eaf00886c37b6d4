"""Which changes are made to which expressions."""

from __future__ import annotations

import pytest

from auditor.cel import DYN, Environment
from auditor.cel.mutate import mutants
from auditor.cel.parser import parse
from auditor.cel.patterns import pattern_changes
from auditor.cel.unparse import unparse

ENVIRONMENT = Environment({"x": DYN, "y": DYN})

CASES = [
    ("x && y", ["x", "y", "x || y", "!x && y", "x && !y", "true", "false"]),
    ("x || y", ["x", "y", "x && y", "!x || y", "x || !y", "true", "false"]),
    ("!x", ["x", "true", "false"]),
    ("x == y", ["x != y", "true", "false"]),
    ("x < y", ["x <= y", "x >= y", "true", "false"]),
    ("x <= y", ["x < y", "x > y", "true", "false"]),
    ("x > y", ["x >= y", "x <= y", "true", "false"]),
    ("x >= 3", ["x > 3", "x < 3", "x >= 4", "x >= 2", "true", "false"]),
    ("x ? y : x", ["y", "x", "!x ? y : x", "x ? !y : x", "x ? y : !x", "true", "false"]),
    ("x.all(e, e)", [
        "x.exists(e, e)",
        "x.all(e, true)",
        "x.all(e, false)",
        "!x.all(e, e)",
        "x.all(e, !e)",
        "true",
        "false",
    ]),
    ("has(x.a)", ["!has(x.a)", "true", "false"]),
    ("x.a[0] == y", ["x.a[0] != y", "x.a[1] == y", "x.a[-1] == y", "true", "false"]),
    ("x in [1, y]", [
        "!(x in [1, y])",
        "x in [y]",
        "x in [1]",
        "x in [2, y]",
        "x in [0, y]",
        "true",
        "false",
    ]),
    ('x in ["a", "b"]', ['!(x in ["a", "b"])', 'x in ["b"]', 'x in ["a"]', "true", "false"]),
    ("x.?a.orValue(false)", [
        "x.?a.value()",
        "!x.?a.orValue(false)",
        "x.a.orValue(false)",
        "x.?a.orValue(true)",
        "true",
        "false",
    ]),
    ('x.startsWith("a")', [
        'x.contains("a")',
        '!x.startsWith("a")',
        'x.startsWith("a~")',
        'x.startsWith("")',
        "true",
        "false",
    ]),
]  # fmt: skip

VALUES = [
    ("x + y", ["x", "y"]),
    ("x - 1.5", ["x + 1.5", "x - 2.5", "x - 0.5"]),
    ("x * 2u", ["x / 2u", "x * 3u", "x * 1u"]),
    ("x.filter(e, e)", ["x", "x.filter(e, !e)"]),
    ("x.lowerAscii()", ["x"]),
    ("x.?a.?b.orValue([])", ["x.?a.?b.value()", "x.a.?b.orValue([])"]),
    ("x[?0].a", ["x[0].a", "x[?1].a", "x[?-1].a"]),
    ("{'a': x}", ['{"a~": x}', '{"": x}']),
    ("cel.bind(e, true, e)", ["cel.bind(e, false, e)"]),
]  # fmt: skip

DEFAULTS = [
    ('x.?a.orValue("") == "b"', 'x.?a.orValue("b") == "b"'),
    ('x.?a.orValue("b") == "b"', 'x.?a.orValue("b~") == "b"'),
    ('x.?a.orValue("none") in ["b", "c"]', 'x.?a.orValue("b") in ["b", "c"]'),
    ('x.?a.orValue("b") in ["b", "c"]', 'x.?a.orValue("b~") in ["b", "c"]'),
    ("x.?a.orValue(5) < 10", "x.?a.orValue(10) < 10"),
    ("10 < x.?a.orValue(5)", "10 < x.?a.orValue(11)"),
    ("x.?a.orValue(1) >= y", "x.?a.orValue(0) >= y"),
    ("x.?a.orValue(1) >= y", "x.?a.orValue(2) >= y"),
]

PATTERNS = [
    ("^a$", ["a$", "^a"]),
    ("a+b*c?", ["a*b*c?", "a+b+c?", "a+b*c"]),
    ("a{3}", ["a{4}", "a{2}"]),
    ("[ab][^c]", ["[^ab][^c]", "[ab][c]"]),
    ("a|b", ["b", "a"]),
    ("x(a|b|c)y", ["x(b|c)y", "x(a|c)y", "x(a|b)y"]),
    ("(?i)a(?:b|c)", ["a(?:b|c)", "(?i)a(?:c)", "(?i)a(?:b)"]),
    (r"\^\|[\]|]", [r"\^\|[^\]|]"]),
]


def changed(source: str, *, boolean: bool) -> list[str]:
    return [unparse(mutant.tree) for mutant in mutants(parse(source), boolean=boolean)]


@pytest.mark.parametrize(("source", "expected"), CASES, ids=[case[0] for case in CASES])
def test_conditions(source: str, expected: list[str]) -> None:
    assert changed(source, boolean=True) == expected


@pytest.mark.parametrize(("source", "expected"), VALUES, ids=[case[0] for case in VALUES])
def test_values(source: str, expected: list[str]) -> None:
    assert changed(source, boolean=False) == expected


@pytest.mark.parametrize(("source", "expected"), DEFAULTS, ids=[" to ".join(c) for c in DEFAULTS])
def test_a_default_is_changed_so_that_the_comparison_turns(source: str, expected: str) -> None:
    assert expected in changed(source, boolean=True)


def test_a_default_that_cannot_turn_the_comparison_stays() -> None:
    found = changed('x.?a.orValue("") == "b"', boolean=True)
    assert [text for text in found if "orValue" in text and 'orValue("")' not in text] == [
        'x.?a.orValue("b") == "b"'
    ]


@pytest.mark.parametrize(("pattern", "expected"), PATTERNS, ids=[case[0] for case in PATTERNS])
def test_patterns(pattern: str, expected: list[str]) -> None:
    assert sorted(pattern_changes(pattern)) == sorted(expected)


def test_patterns_are_changed_where_they_are_used() -> None:
    assert 'x.matches("a$")' in changed('x.matches("^a$")', boolean=True)


def test_a_mutant_tells_the_smallest_condition_around_the_change() -> None:
    source = "x.all(e, e == 1 && !(e in y)) || x == 2"
    tree = ENVIRONMENT.compile(source).tree()
    told = {f"{unparse(m.before)} => {unparse(m.after)}": m.position for m in mutants(tree)}
    assert told["e == 1 => e == 2"] == source.index("1")
    assert told["e == 1 => e != 1"] == source.index("==")
    assert told["!(e in y) => e in y"] == source.index("!")
    assert told["x == 2 => x == 3"] == source.index("2")


def test_no_mutant_is_made_twice() -> None:
    found = changed("x.all(e, e == 1 && !(e in y)) && x.exists(e, e == 1)", boolean=True)
    assert len(found) == len(set(found))


def test_quantifiers_of_one_element_are_left_alone() -> None:
    """They all say the same of it; of a list with an optional element they do not."""
    found = changed("[x].all(e, e == y)", boolean=True)
    assert not [each for each in found if "exists" in each]
    assert "[?x].exists(e, e == y)" in changed("[?x].all(e, e == y)", boolean=True)
