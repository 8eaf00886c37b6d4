"""What the grammar accepts and where it says that a text goes wrong."""

from __future__ import annotations

import re

import pytest

from auditor.cel.ast import Ident, Index, ListLiteral, Literal, MapLiteral, Node, Select
from auditor.cel.errors import CelSyntaxError
from auditor.cel.parser import parse

X, Y, ONE = Ident("x"), Ident("y"), Literal(1)

TREES: dict[str, tuple[str, Node]] = {
    "leading dot": (".x.y", Select(X, "y")),
    "space after a leading dot": (". x", X),
    "optional field": ("x.?y", Select(X, "y", optional=True)),
    "optional index": ("x[?1]", Index(X, ONE, optional=True)),
    "quoted field": ("x.`a-b/c`", Select(X, "a-b/c")),
    "reserved word as a field": ("x.if", Select(X, "if")),
    "comma after a list": ("[1,]", ListLiteral((ONE,), (False,))),
    "optional element": ("[?x, y]", ListLiteral((X, Y), (True, False))),
    "comma after a map": ("{1: x,}", MapLiteral((ONE,), (X,), (False,))),
    "optional entry": ("{?1: x}", MapLiteral((ONE,), (X,), (True,))),
    "parentheses": ("((x))", X),
    "comma in an empty list": ("[ , ]", ListLiteral((), ())),
    "comma in an empty map": ("{,}", MapLiteral((), (), ())),
}


@pytest.mark.parametrize(("source", "tree"), TREES.values(), ids=TREES.keys())
def test_tree(source: str, tree: Node) -> None:
    assert parse(source) == tree


SAME = {
    "and binds tighter": ("x || y && z", "x || (y && z)"),
    "relations from the left": ("x < y == z", "(x < y) == z"),
    "products before sums": ("x + y * z", "x + (y * z)"),
    "minus of a minus": ("x--1", "x - (-1)"),
    "not of a negative number": ("!-1", "!(-1)"),
    "conditions from the right": ("x ? 1 : y ? 2 : 3", "x ? 1 : (y ? 2 : 3)"),
    "in": ("!x in y", "(!x) in y"),
    "name of a macro": ("x.existsOne(i, i)", "x.exists_one(i, i)"),
}


@pytest.mark.parametrize(("source", "same"), SAME.values(), ids=SAME.keys())
def test_precedence(source: str, same: str) -> None:
    assert parse(source) == parse(same)


REFUSED = {
    "message": ("a.B{c: 1}", 3, "messages cannot be built"),
    "reserved word": ("x + while", 4, "reserved word"),
    "comma after arguments": ("f(x,)", 4, "unexpected ')'"),
    "comma before an element": ("[,1]", 2, "expected ']', found '1'"),
    "comma before an entry": ("{,1: 2}", 2, "expected '}', found '1'"),
    "two commas": ("[1,,]", 3, "unexpected ','"),
    "comma after a question mark": ("[?,]", 2, "unexpected ','"),
    "comma without arguments": ("f(,)", 2, "unexpected ','"),
    "dot before a literal": (".'a'", 0, "unexpected '.'"),
    "two dots": ("..x", 0, "unexpected '.'"),
    "one equals sign": ("x = y", 2, "unexpected character"),
    "nothing": ("", 0, "unexpected end"),
    "open call": ("f(x", 3, "expected ')', found the end"),
    "condition without else": ("x ? y", 5, "expected ':', found the end"),
    "two expressions": ("x y", 2, "unexpected 'y'"),
    "has of a name": ("has(x)", 4, "field selection"),
    "has of an optional field": ("has(x.?a)", 5, "field selection"),
    "variable of a macro": ("x.all(1, true)", 6, "variable name"),
    "same variable twice": ("x.all(i, i, true)", 9, "two different variables"),
    "accumulator": ("x.all(__result__, true)", 6, "__result__"),
    "plus sign": ("+1", 0, "unexpected '+'"),
}


@pytest.mark.parametrize(("source", "position", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses(source: str, position: int, message: str) -> None:
    with pytest.raises(CelSyntaxError, match=re.escape(message)) as caught:
        parse(source)
    assert caught.value.position == position
