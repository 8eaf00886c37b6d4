"""Messages taken apart into text and expressions."""

from __future__ import annotations

import pytest

from auditor.policy.messages import BraceError, split_message

SPLIT = {
    "plain": ("all is bad", [("all is bad", -1)]),
    "empty": ("", []),
    "one expression": ("a {item.name} b", [("a ", -1), ("item.name", 3), (" b", -1)]),
    "two in a row": ("{a}{b}", [("a", 1), ("b", 4)]),
    "doubled braces": ("{{x}} {y}", [("{x} ", -1), ("y", 7)]),
    "a map inside": ("{ {'a': 1}.a }", [(" {'a': 1}.a ", 1)]),
    "a brace in a string": ("{a.f('}')}!", [("a.f('}')", 1), ("!", -1)]),
    "an opening brace in a string": ("{a.f('{')}", [("a.f('{')", 1)]),
    "an escaped quote": (r"{'\'}'}", [(r"'\'}'", 1)]),
    "a raw string that ends in a backslash": ("{r'\\'}{b}", [("r'\\'", 1), ("b", 7)]),
    "a string of three quotes": ("{'''it's } '''}", [("'''it's } '''", 1)]),
    "an empty string": ("{a + ''}", [("a + ''", 1)]),
    "an apostrophe outside": ("it's {a}", [("it's ", -1), ("a", 6)]),
}
WRONG = {
    "not closed": ("a {b", "this brace is not closed", 2),
    "not closed, a map inside": ("{ {'a': 1}", "this brace is not closed", 0),
    "not closed, by a string": ("{a + '}", "this brace is not closed", 0),
    "closes nothing": ("a } b", "this brace closes nothing", 2),
    "one too many": ("{a}} b", "this brace closes nothing", 3),
}


@pytest.mark.parametrize(("source", "expected"), SPLIT.values(), ids=SPLIT)
def test_parts(source: str, expected: list[tuple[str, int]]) -> None:
    assert list(split_message(source)) == expected


@pytest.mark.parametrize(("source", "message", "position"), WRONG.values(), ids=WRONG)
def test_braces_without_their_other_half(source: str, message: str, position: int) -> None:
    with pytest.raises(BraceError) as caught:
        list(split_message(source))
    assert (caught.value.message, caught.value.position) == (message, position)
