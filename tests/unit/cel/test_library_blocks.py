"""Address blocks as sets of addresses, against a set that holds each address by itself."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cel import Environment
from auditor.cel.errors import CelEvalError
from auditor.cel.library.blocks import share

UNICAST = ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"]


@pytest.mark.parametrize(
    ("blocks", "ranges", "expected"),
    [
        pytest.param(["0.0.0.0/0"], UNICAST, 1.0, id="the internet"),
        pytest.param(["0.0.0.0/1", "128.0.0.0/1"], UNICAST, 1.0, id="the internet in two pieces"),
        pytest.param([["0.0.0.0/1"], [["128.0.0.0/1"]]], UNICAST, 1.0, id="lists in lists"),
        pytest.param(["128.0.0.0/1"], ["0.0.0.0/0"], 0.5, id="half"),
        pytest.param(["10.0.0.0/9", "10.0.0.0/8"], ["10.0.0.0/8"], 1.0, id="counted once"),
        pytest.param(["10.0.0.0/9", "10.0.0.0/9"], ["10.0.0.0/8"], 0.5, id="repeated"),
        pytest.param([{"cidr": "10.0.0.0/8"}], ["10.0.0.0/8"], 1.0, id="an object"),
        pytest.param(
            [{"cidr": "10.0.0.0/8", "except": ["10.0.0.0/9", "10.64.0.0/10"]}],
            ["10.0.0.0/8"],
            0.5,
            id="exceptions that overlap",
        ),
        pytest.param(
            [{"cidr": "10.0.0.0/8", "except": ["0.0.0.0/0"]}], ["10.0.0.0/8"], 0.0, id="none left"
        ),
        pytest.param(
            [{"cidr": "10.0.0.0/8", "except": ["10.0.0.0/9"]}, "10.0.0.0/9"],
            ["10.0.0.0/8"],
            1.0,
            id="an exception is one of its own block",
        ),
        pytest.param(["::/0"], ["0.0.0.0/0"], 0.0, id="another version"),
        pytest.param(["::/1", "8000::/1"], ["::/0"], 1.0, id="version 6 in two pieces"),
        pytest.param(["::ffff:0.0.0.0/96"], ["0.0.0.0/0"], 1.0, id="mapped"),
        pytest.param(["::ffff:10.0.0.0/105"], ["10.0.0.0/8"], 0.5, id="mapped, in part"),
        pytest.param(["::fffe:0:0/95"], ["0.0.0.0/0"], 0.0, id="shorter than what is mapped"),
        pytest.param(["10.1.2.3/8"], ["10.0.0.0/8"], 1.0, id="bits behind the prefix"),
        pytest.param(["010.0.00.000/08"], ["10.0.0.0/8"], 1.0, id="zeros before numbers"),
        pytest.param([], ["10.0.0.0/8"], 0.0, id="nothing"),
        pytest.param(["169.254.169.254/32"], ["169.254.169.254/32"], 1.0, id="one address"),
    ],
)
def test_share(blocks: object, ranges: object, expected: float) -> None:
    assert share(blocks, ranges) == expected


@pytest.mark.parametrize(
    "block",
    [
        "",
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0/8",
        "256.0.0.0/8",
        "10.0.0.0/255.0.0.0",
        " 10.0.0.0/8",
        "10.0.0.0/8 ",
        "10.0.0.0/+8",
        "::/129",
        "fe80::1%eth0/64",
        "1:2/8",
        "\u0661\u0660.0.0.0/8",
        "x" * 1000,
    ],
)
def test_what_is_no_block(block: str) -> None:
    with pytest.raises(CelEvalError, match="is not an address block") as raised:
        share([block], ["10.0.0.0/8"])
    assert len(str(raised.value)) < 100


@pytest.mark.parametrize("block", [None, 1, {}, {"cidr": 1}, {"except": []}])
def test_what_is_of_another_type(block: object) -> None:
    with pytest.raises(CelEvalError, match="no address block"):
        share([block], ["10.0.0.0/8"])


def test_a_share_of_nothing() -> None:
    with pytest.raises(CelEvalError, match="no range to hold a share of"):
        share(["10.0.0.0/8"], [])


@pytest.mark.parametrize("arguments", [(1, []), ([], "10.0.0.0/8")])
def test_arguments_are_lists(arguments: tuple[object, object]) -> None:
    with pytest.raises(CelEvalError, match="no such overload"):
        share(*arguments)


def test_in_an_expression() -> None:
    source = 'blocks.share(["10.0.0.0/9"], ["10.0.0.0/8"]) == 0.5'
    assert Environment({}).compile(source).run() is True


SMALL = 1 << 6
VERSION_4 = ("10.0.0.%d", 26, ipaddress.ip_network("10.0.0.0/26"))
VERSION_6 = ("fd00::%x", 122, ipaddress.ip_network("fd00::/122"))


@st.composite
def block(draw: Any, text: str, shortest: int) -> str:
    return f"{text % draw(st.integers(0, SMALL - 1))}/{shortest + draw(st.integers(0, 6))}"


@pytest.mark.parametrize("version", [VERSION_4, VERSION_6], ids=["4", "6"])
@given(data=st.data())
def test_as_a_set_of_addresses(version: tuple[str, int, Any], data: st.DataObject) -> None:
    text, shortest, _ = version
    one = block(text, shortest)
    blocks = data.draw(st.lists(st.tuples(one, st.lists(one, max_size=4)), max_size=4))
    ranges = data.draw(st.lists(one, min_size=1, max_size=3))
    held = {
        address
        for cidr, but in blocks
        for address in _addresses(cidr) - {each for taken in but for each in _addresses(taken)}
    }
    wanted = {address for each in ranges for address in _addresses(each)}
    written = [{"cidr": cidr, "except": but} if but else cidr for cidr, but in blocks]
    assert share(written, ranges) == len(held & wanted) / len(wanted)


def _addresses(text: str) -> set[Any]:
    return set(ipaddress.ip_network(text, strict=False))
