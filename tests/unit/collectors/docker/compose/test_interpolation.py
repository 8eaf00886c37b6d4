"""Variables in texts: every operator, what nobody gives, and what is too much."""

from __future__ import annotations

import pytest

from collectors.docker.compose import interpolation
from collectors.docker.compose.interpolation import Interpolation, is_open
from collectors.docker.compose.nodes import NotResolved

GIVEN = {"A": "one", "E": "", "N": "B", "B": "two"}

CASES = {
    "$A": "one",
    "${A}": "one",
    "x${A}y$B": "xoneytwo",
    "$$A": "$A",
    "$${A}": "${A}",
    "${A:-d}": "one",
    "${E:-d}": "d",
    "${E-d}": "",
    "${U:-d}": "d",
    "${U-d}": "d",
    "${A:+s}": "s",
    "${E:+s}": "",
    "${E+s}": "s",
    "${A:?no}": "one",
    "${E?no}": "",
    "${U:-${A}}": "one",
    "${U:-x${V:-y${B}}z}": "xytwoz",
    "${U:-{x}}": "{x}",
    "${U:-a}${V:-b} $A": "ab one",
    "${U:-}": "",
    "${U:-a:-b}": "a:-b",
    "5$ $1 $": "5$ $1 $",
    "${a}": "{{ a }}",
    "$U": "{{ U }}",
    "r.io/x:${U}": "r.io/x:{{ U }}",
    "${U:+s}": "{{ U }}",
    "a\n${A}\n${U:-b}": "a\none\nb",
}


@pytest.mark.parametrize(("text", "wanted"), CASES.items())
def test_operators(text: str, wanted: str) -> None:
    """Each operator does what it does to Compose; what nobody gives is open, not empty."""
    assert Interpolation().text(text, GIVEN.get) == wanted
    assert is_open(wanted) == ("{{" in wanted)


@pytest.mark.parametrize(
    "text", ["${", "${}", "${A", "${1}", "${A b}", "${A!x}", "${A:}", "${U:-x"]
)
def test_not_a_variable(text: str) -> None:
    """Compose refuses these, and says how a dollar is written."""
    with pytest.raises(NotResolved, match="not a valid variable") as raised:
        Interpolation().text(text, GIVEN.get)
    assert raised.value.hint == "write $$ for a dollar sign"


def test_asked_for() -> None:
    """What Compose asks for is noted with what it says, and its value is open."""
    made = Interpolation()
    assert made.text("${U:?set $A}", GIVEN.get) == "{{ U }}"
    assert made.text("${E:?}", GIVEN.get) == "{{ E }}"
    assert made.missing == {"U": "set one", "E": ""}


def test_too_deep() -> None:
    """Defaults within defaults are bounded."""
    text = "${U:-" * 200 + "x" + "}" * 200
    with pytest.raises(NotResolved, match="nested deeper than 32 levels"):
        Interpolation().text(text, GIVEN.get)


def test_too_long() -> None:
    """A text that repeats a long variable is bounded, and so are all together."""
    long = {"L": "x" * 100_000}
    with pytest.raises(NotResolved, match="a text of more than"):
        Interpolation().text("$L" * 11, long.get)
    made = Interpolation()
    for _ in range(interpolation.MOST_IN_ALL // 100_000):
        made.text("$L", long.get)
    with pytest.raises(NotResolved, match="characters in all"):
        made.text("$L", long.get)


def test_many_in_one_line() -> None:
    """Many variables of one line are read in one go."""
    assert Interpolation().text("${U:-a}" * 20_000, GIVEN.get) == "a" * 20_000


def test_hidden() -> None:
    """What goes into a text can be kept out of it by its name; whether it is set is still asked."""
    made = Interpolation(hide=lambda name, value: f"<{name}>" if name == "A" and value else value)
    assert made.text("$A ${A:-x} ${A:+set} ${E:-d} $B", GIVEN.get) == "<A> <A> set d two"
