"""Cache files that are read piece by piece."""

from __future__ import annotations

import errno
import hashlib
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.policy import CacheFolder
from auditor.policy.cachefile import Unverified
from tests.sweeps import examples


@given(st.binary(max_size=40), st.integers(0, 120), st.booleans(), st.integers(0, 1 << 62))
@examples(200)
def test_pieces_are_believed_when_all_are_whole(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, place: int, spoil: object, size: int
) -> None:
    folder = CacheFolder(tmp_path_factory.mktemp("pieces"), ("a",))
    folder.write_parts("b", "stamp", (data[:7], data[7:]))
    path = folder.base / "a" / "b"
    written = path.read_bytes()
    at = place % len(written)
    if spoil:
        path.write_bytes(written[:at] + bytes((written[at] ^ 1,)) + written[at + 1 :])
    assert folder.read("b", "stamp") == (None if spoil else data)
    with folder.reading("b", "stamp") as file:
        whole = file is not None and _parts(file, size) == data
        assert (file is not None and file.is_whole() and whole) == (not spoil)
    with folder.reading("b", "another") as file:
        assert file is None


class _Failing(io.BufferedReader):
    """A file of a disk that has no answer."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO), size)


def test_a_file_that_fails_is_not_whole(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"abc")
    with _Failing(io.FileIO(tmp_path / "b")) as failing:
        file = Unverified(failing, hashlib.sha256(b"").digest(), b"")
        assert _parts(file, 3) == b""
        assert not file.is_whole()


def _parts(file: Unverified, size: int) -> bytes:
    return file.read(3) + file.read(size) + file.read(100)
