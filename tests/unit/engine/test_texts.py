"""Of a long text, the line that decided."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.engine.texts import LONG
from tests.unit.engine.test_judge import active, judge, plan

SCRIPT = ["set -e", *(f"echo {'x' * 40} {number}" for number in range(9)), "", "  serve --bad  "]
TEXT = "\n".join([*SCRIPT, "serve --good", "done", ""])


def seen(check: str, body: dict[str, Any], each: str = "") -> list[tuple[object, str]]:
    outcomes, _ = judge(plan(active(check, each=each)), body)
    return [(part.path, part.value) for outcome in outcomes for part in outcome.observed]


def quoted(text: str) -> str:
    return '"' + text.replace("\n", "\\n") + '"'


LINE = '"(line 12 of 14: serve --bad)"'
CASES = {
    "a field": ("!object.s.contains('--bad')", "", {"s": TEXT}, [(("s",), LINE)]),
    "a pattern": ("!object.s.matches('serve +--b')", "", {"s": TEXT}, [(("s",), LINE)]),
    "in a list": (
        "!object.l.exists(t, t.contains('--bad'))",
        "",
        {"l": ["a", TEXT]},
        [(("l", 1), LINE)],
    ),
    "in an element": (
        "!item.s.contains('--bad')",
        "object.l",
        {"l": [{"s": "b"}, {"s": TEXT}]},
        [(("l", 1, "s"), LINE)],
    ),
    "over two lines": (
        "!object.s.matches('bad *\\\\nserve')",
        "",
        {"s": TEXT},
        [(("s",), '"(line 13 of 14: serve --good)"')],
    ),
}


@pytest.mark.parametrize(("check", "each", "body", "expected"), CASES.values(), ids=CASES.keys())
def test_the_line_that_decided(
    check: str, each: str, body: dict[str, Any], expected: list[tuple[object, str]]
) -> None:
    assert seen(check, body, each) == expected


def test_what_no_line_decided_is_told_as_ever() -> None:
    assert seen("object.s == 'other'", {"s": TEXT}) == [(("s",), quoted(TEXT))]
    ((_, told),) = seen("object.s == 'other'", {"s": TEXT * 9})
    assert told == f'"({len(TEXT) * 9} characters in 126 lines, not repeated here)"'


def test_a_short_text_and_a_single_line_are_told_whole() -> None:
    short = "a --bad\nb"
    assert seen("!object.s.contains('--bad')", {"s": short}) == [(("s",), quoted(short))]
    single = "x" * LONG + " --bad"
    assert seen("!object.s.contains('--bad')", {"s": single}) == [(("s",), quoted(single))]


def test_a_long_line_is_cut_and_too_many_lines_are_not_looked_at() -> None:
    ((_, told),) = seen("!object.s.contains('--bad')", {"s": f"a\n--bad {'y' * 900}"})
    assert told == f'"(line 2 of 2: --bad {"y" * 194}...)"'
    ((_, told),) = seen("!object.s.contains('--bad')", {"s": "a\n" * 3000 + "--bad"})
    assert told == '"(6005 characters in 3001 lines, not repeated here)"'
