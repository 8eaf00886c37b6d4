"""Patterns that are compiled when they are used: the same answers, and none that is wrong."""

from __future__ import annotations

import copy
import importlib
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

import auditor
import collectors
from auditor.late import late

TEXTS = ("", "a", "key: value", "KEY=value\nother", "«redacted»")
PATTERNS = ((r"(?P<key>\w+)[:=]", 0), (r"KEY", re.IGNORECASE | re.ASCII), (r"^o", re.MULTILINE))


@pytest.mark.parametrize(("text", "flags"), PATTERNS)
def test_answers_are_those_of_a_compiled_one(text: str, flags: int) -> None:
    ours, theirs = late(text, flags), re.compile(text, flags)
    for subject in TEXTS:
        assert [each.span() for each in ours.finditer(subject)] == [
            each.span() for each in theirs.finditer(subject)
        ]
        assert ours.sub("-", subject) == theirs.sub("-", subject)
        found, expected = ours.search(subject, 1), theirs.search(subject, 1)
        assert (found and found.groupdict()) == (expected and expected.groupdict())
    assert (ours.pattern, ours.flags) == (theirs.pattern, theirs.flags)


def test_bytes_and_copies() -> None:
    pattern = late(rb"[0-9]+")
    assert pattern.findall(b"1 and 22") == [b"1", b"22"]
    for other in (copy.deepcopy(pattern), copy.copy(pattern)):
        assert other.fullmatch(b"22") is not None


def test_a_wrong_one_says_so_when_it_is_used() -> None:
    pattern = late("(")
    with pytest.raises(re.error, match="missing \\)"):
        pattern.search("")
    assert repr(pattern) == "late('(', 0)"


def _modules() -> Iterator[ModuleType]:
    for package in (auditor, collectors):
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def _patterns(value: object) -> Iterator[re.Pattern[str]]:
    """The late patterns in a value of a module, and in what it holds."""
    if type(value) is type(late("")):
        yield value  # type: ignore[misc]  # it behaves as one
    elif isinstance(value, dict):
        yield from (found for each in value.values() for found in _patterns(each))
    elif isinstance(value, list | tuple):
        yield from (found for each in value for found in _patterns(each))


def test_no_pattern_of_ours_is_wrong() -> None:
    found = [each for module in _modules() for each in _patterns(list(vars(module).values()))]
    assert len(found) > 300
    for pattern in found:
        assert pattern.groups >= 0, pattern
