"""Findings in one file: read again whole, however they were cut into blocks."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from auditor.runner.findings import CHUNK, StoredFindings

SIZES = {
    "none": [],
    "one": [1],
    "many": [1] * 1000,
    "one of a chunk": [CHUNK - 3],
    "one a byte longer": [CHUNK - 2, 5],
    "longer than a chunk": [7, 3 * CHUNK, 9, CHUNK // 2, CHUNK // 2, CHUNK],
}


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
def test_no_object_is_cut(tmp_path: Path, sizes: list[int]) -> None:
    lines = [b"{%b}\n" % (b"x" * size) for size in sizes]
    stored = StoredFindings(tmp_path / "findings", [lines[:2], [], lines[2:]])
    assert len(stored) == len(lines)
    assert stored.sha256 == hashlib.sha256(b"".join(lines)).hexdigest()
    blocks = list(stored.encoded())
    assert [line for block in blocks for line in block.splitlines(keepends=True)] == lines
    assert all(block.endswith(b"}\n") for block in blocks)
