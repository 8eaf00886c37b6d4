"""Files of variables."""

from __future__ import annotations

import pytest

from collectors.docker.compose.dotenv import Entry, read_variables
from collectors.docker.compose.interpolation import Interpolation
from collectors.docker.compose.nodes import NotResolved

CASES = {
    "A=1\n": {"A": "1"},
    "A=1": {"A": "1"},
    "export A=1\n": {"A": "1"},
    "A: 1\n": {"A": "1"},
    "A =  1  \n": {"A": "1"},
    "A=1\nB=$A-${A}\n": {"A": "1", "B": "1-1"},
    "B='$A'\n": {"B": "$A"},
    'A=1\nB="x\\n$A"\n': {"A": "1", "B": "x\n1"},
    'B="\\$A"\n': {"B": "$A"},
    "B=a #b\n": {"B": "a"},
    "B=a#b\n": {"B": "a#b"},
    "# c\n\n  B=1\n": {"B": "1"},
    "B='a\nb'\nC=2\n": {"B": "a\nb", "C": "2"},
    "B='it\\'s'\n": {"B": "it's"},
    "B=\n": {"B": ""},
    "B=$OUTER\n": {"B": "outer"},
    "B=${U:-d}\n": {"B": "d"},
    "B=$U\n": {"B": "{{ U }}"},
    "B\n": {"B": "{{ B }}"},
    "OUTER\n": {"OUTER": "outer"},
    "\ufeffA=1\r\nB=2\r\n": {"A": "1", "B": "2"},
    'B="\\0101\\t\\c"\n': {"B": "A\t\\c"},
    "a.b-c=1\n": {"a.b-c": "1"},
}


def read(text: str) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    read_variables(text, found, {"OUTER": "outer"}.get, Interpolation())
    return found


@pytest.mark.parametrize(("text", "wanted"), CASES.items())
def test_read(text: str, wanted: dict[str, str]) -> None:
    """Each form means what it means to Compose."""
    assert {name: entry.value for name, entry in read(text).items()} == wanted


def test_lines() -> None:
    """Each variable knows its line, from 1."""
    found = read("# c\nA=1\nB='x\ny'\n\nC=3\n")
    assert {name: entry.line for name, entry in found.items()} == {"A": 2, "B": 3, "C": 6}


@pytest.mark.parametrize(
    ("text", "detail", "line"),
    [
        ("A=1\nB C=2\n", "no space", 2),
        ("A=1\n\nB='x\n", "does not end", 3),
        ("A+B=1\n", "not a valid name", 1),
        ("A=${\n", "not a valid variable", 0),
    ],
)
def test_refused(text: str, detail: str, line: int) -> None:
    """What Compose refuses is said with its line."""
    with pytest.raises(NotResolved, match=detail) as raised:
        read(text)
    assert raised.value.line == line
