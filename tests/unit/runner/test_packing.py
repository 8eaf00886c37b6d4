"""What caches keep packed: it comes back as it was, and what is damaged comes back as nothing."""

from __future__ import annotations

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from auditor.policy import CacheFolder
from auditor.runner.packing import FEW_BYTES, MOST_BYTES, Unpacking, packed, packing, unpacked
from tests.sweeps import examples

LINES = b"".join(b"fail 1 rule-%d pod-%d\n" % (number % 7, number) for number in range(20_000))


@given(st.binary(max_size=100), st.integers(0, 2 * FEW_BYTES))
@examples(50)
def test_what_was_packed_comes_back(data: bytes, more: int) -> None:
    data += LINES[:more]
    kept = packed(data)
    assert len(kept) <= len(data)
    assert (kept == data) is (len(data) <= FEW_BYTES)
    assert unpacked(memoryview(kept)) == data


def test_it_takes_a_tenth_of_the_room() -> None:
    assert len(packed(LINES)) * 5 < len(LINES)


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(packed(LINES)[:-1], id="cut"),
        pytest.param(packed(LINES)[:40] + bytes(40) + packed(LINES)[80:], id="overwritten"),
        pytest.param(packed(LINES)[:4], id="begun"),
    ],
)
def test_what_is_damaged_is_nothing(spoilt: bytes) -> None:
    assert unpacked(memoryview(spoilt)) == b""


def test_no_more_is_unpacked_than_is_ever_packed() -> None:
    size = MOST_BYTES + 1
    head = b"\x28\xb5\x2f\xfd" + b"\xa0" + size.to_bytes(4, "little")
    assert zstandard.frame_content_size(head) == size
    assert unpacked(memoryview(head)) == b""


@given(st.lists(st.integers(0, 60_000), max_size=5), st.binary(min_size=1, max_size=30))
@examples(50)
def test_parts_are_read_in_other_parts(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], data: bytes
) -> None:
    folder = CacheFolder(tmp_path_factory.mktemp("packed"), ("a",))
    told = data * 9_000
    folder.write_parts("b", "stamp", (b"head", *packing((told[:777], b"", told[777:]))))
    copies = [folder.base / str(number) for number in range(len(cuts) + 1)]
    with folder.reading("b", "stamp") as file:
        assert file is not None
        assert file.read(4) == b"head"
        rest = Unpacking(file)
        for copy, size in zip(copies, (*cuts, len(told)), strict=True):
            rest.copy(copy, size)
        assert file.is_whole()
    left = told
    for copy, size in zip(copies, (*cuts, len(told)), strict=True):
        assert copy.read_bytes() == left[:size]
        left = left[size:]


@given(st.integers(4, 60), st.integers(1, 255))
@examples(50)
def test_damaged_parts_are_not_whole(
    tmp_path_factory: pytest.TempPathFactory, at: int, change: int
) -> None:
    folder = CacheFolder(tmp_path_factory.mktemp("packed"), ("a",))
    folder.write_parts("b", "", (b"head", *packing((LINES,))))
    path = folder.base / "a" / "b"
    written = bytearray(path.read_bytes())
    written[-at] ^= change
    path.write_bytes(written)
    with folder.reading("b", "") as file:
        assert file is not None
        file.read(4)
        Unpacking(file).copy(folder.base / "copy", len(LINES))
        assert not file.is_whole()
