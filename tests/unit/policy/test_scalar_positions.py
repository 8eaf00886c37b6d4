"""Where each character of a YAML scalar stands in its file, against a marker put there."""

from __future__ import annotations

import pytest
import yaml

from auditor.errors import Location
from auditor.model.policy import Expression
from auditor.policy.scalar_positions import segments_of

SCALARS = {
    "plain": "check: a.b == @",
    "plain, after a comment line": "# why\ncheck: a.b == @",
    "plain, indented": "x:\n  y:\n    check: a.b == @",
    "plain, in a flow mapping": "{id: x, check: a.b == @, z: 1}",
    "plain, second line": "check: a.b ||\n  c.d == @",
    "plain, after a blank line": "check: a.b ||\n\n  c.d == @",
    "plain, before a comment": "check: a.b == @  # why",
    "single quotes": "check: 'a.b == @'",
    "single quotes, after a doubled one": "check: 'a == ''b'' && @'",
    "single quotes, second line": "check: 'a == ''b'' &&\n    @'",
    "single quotes, after a blank line": "check: 'a == ''b'' &&\n\n\n    @'",
    "double quotes": 'check: "a.b == @"',
    "double quotes, after escapes": r'check: "a == \"b\" && \u0041 \x42 \U00000043 @"',
    "double quotes, second line": 'check: "a == \\"b\\" &&\n    @"',
    "double quotes, after an escaped break": 'check: "a == b &\\\n    & @"',
    "literal": "check: |\n  a.b == @",
    "literal, second line": "check: |\n  a.b ||\n  c.d == @",
    "literal, stripped, with a comment": "check: |-  # why\n  a.b ||\n    c.d == @\n",
    "literal, explicit indentation": "check: |2\n    a.b ||\n  c.d == @",
    "literal, after blank lines": "check: |\n\n  a.b ||\n\n  c.d == @",
    "folded": "check: >-\n  a.b ||\n  c.d == @\n",
    "folded, more indented": "check: >\n  a.b ||\n    c.d == @\n  && e",
    "folded, after a blank line": "check: >-\n  a.b ||\n\n  c.d == @\nz: 1",
    "the same text in two lines": "check: >-\n  a ||\n  a ||\n  a || @",
    "Windows line ends": "check: >-\r\n  a.b ||\r\n  c.d == @\r\n",
    "beyond the basic plane": "check: 'a == \"\U0001f680\" && @'",
}


def scalar_of(text: str) -> yaml.ScalarNode:
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    pending = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, yaml.MappingNode):
            pending += [value for _, value in node.value]
        elif isinstance(node, yaml.ScalarNode) and "@" in node.value:
            return node
    raise AssertionError("no marker")


@pytest.mark.parametrize("text", SCALARS.values(), ids=SCALARS)
def test_the_marker_is_where_it_is(text: str) -> None:
    node = scalar_of(text)
    expression = Expression(node.value, Location("a.yaml", 1, 1), segments_of(text, node))
    before = text[: text.index("@")]
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    offset = node.value.index("@")
    assert expression.locate(offset) == Location("a.yaml", line, column)
    shown, caret = expression.excerpt(offset).splitlines()
    assert shown[caret.index("^")] == "@"


def test_the_excerpt_is_the_line_of_the_file() -> None:
    text = "check: >-\n  first ||\n  second == @ &&\n  third\n"
    node = scalar_of(text)
    expression = Expression(node.value, Location("a.yaml", 1, 8), segments_of(text, node))
    assert expression.excerpt(node.value.index("@")) == "second == @ &&\n          ^"
