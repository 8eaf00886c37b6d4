"""What the script printed counts as a whole or not at all, whoever had it in between."""

from __future__ import annotations

import hashlib
from random import Random

import pytest

from collectors.kubernetes.node.framing import FramingError, parse
from tests.sweeps import sweep
from tests.unit.collectors.kubernetes.node.trees import node, printed

pytestmark = pytest.mark.process

HEAD = b"auditor-node 1\nhost .YQ==\n"


def whole(body: bytes) -> bytes:
    """A probe with an end that fits."""
    return body + f"end {hashlib.sha256(body).hexdigest()}\n".encode()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return printed(node(tmp_path_factory.mktemp("node")))


def test_its_own_digest_is_that_of_ours(data: bytes) -> None:
    assert parse(data).host
    assert parse(whole(data[: data.rindex(b"end ")])) == parse(data)


@sweep(200, 4000)
def test_what_was_cut_anywhere_is_not_read(data: bytes, size: int) -> None:
    for length in range(0, len(data), max(1, len(data) // size)):
        with pytest.raises(FramingError):
            parse(data[:length])


def test_a_cut_says_so(data: bytes) -> None:
    with pytest.raises(FramingError, match="cut off") as caught:
        parse(data[: data.rindex(b"end ")])
    assert caught.value.cut


def test_no_byte_can_be_changed_by_a_slip(data: bytes) -> None:
    random = Random(20)
    for _ in range(500):
        at = random.randrange(len(data))
        changed = data[:at] + bytes([(data[at] + random.randrange(1, 255)) % 256]) + data[at + 1 :]
        with pytest.raises(FramingError):
            parse(changed)


def test_a_line_that_went_is_noticed(data: bytes) -> None:
    lines = data.splitlines(keepends=True)
    for number in range(len(lines)):
        with pytest.raises(FramingError):
            parse(b"".join(lines[:number] + lines[number + 1 :]))


@pytest.mark.parametrize(
    "line",
    [
        "stat .YQ== 81a4 0 0 1",
        "stat .YQ== zzzz 0 0 1 1 .",
        "stat .YQ== 81a4 -1 0 1 1 .",
        "stat YQ== 81a4 0 0 1 1 .",
        "stat .Y 81a4 0 0 1 1 .",
        "none .YQ== unheard",
        "folder .YQ== half",
        "text .YQ==",
        "time yesterday",
        "user root",
        "process .YmFzaA== 0 node . .",
        "process .a3ViZWxldA== 0 somewhere . .",
        "process .a3ViZWxldA== 0 node .LS1jb25maWc9L3g= .",  # --config=/x, without a mark
        "process .ZXRjZA== 0 node . .QT1i",  # A=b of its environment
        "processes 1",
        "account .ZXRjZA== 1",
        "account .ZXRjZA== 1 2 3",
        "$(id)",
        "",
    ],
)
def test_a_line_that_the_script_does_not_print(line: str) -> None:
    with pytest.raises(FramingError, match="line 3"):
        parse(whole(HEAD + line.encode() + b"\n"))


def test_one_that_does_not_say_of_which_host() -> None:
    with pytest.raises(FramingError, match="which host"):
        parse(whole(b"auditor-node 1\nuser 0\n"))


@pytest.mark.parametrize("text", [b"", b"kind: Pod\n", b"auditor-node 2\nend 0\n", b"\0" * 100])
def test_anything_else(text: bytes) -> None:
    with pytest.raises(FramingError):
        parse(text)
