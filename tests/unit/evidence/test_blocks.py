"""Bodies in blocks: each comes back, equal ones are stored once, nothing damaged is believed."""

from __future__ import annotations

import hashlib
import pickle
import random
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
import zstandard

from auditor.evidence.blocks import BLOCK, MOST_BYTES, BlockReader, BlockWriter
from auditor.model.enums import Answered
from auditor.model.evidence import Record

EMPTY = Record(1, "", "", "f", "", "", Answered.OK)


def written(folder: Path, bodies: list[bytes]) -> list[Record]:
    writer = BlockWriter(folder)
    added = [writer.add(body) for body in bodies]
    writer.flush()
    records = [
        msgspec.structs.replace(EMPTY, sha256=name, size=len(body), at=at)
        for (name, _, at), body in zip(added, bodies, strict=True)
    ]
    return [
        writer.placed(record, place) for record, (_, place, _) in zip(records, added, strict=True)
    ]


def test_each_body_comes_back(tmp_path: Path) -> None:
    chance = random.Random(5)
    sizes = [0, 1, 100, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 5, 7]
    bodies = [chance.randbytes(size) for size in sizes] * 2
    records = written(tmp_path, bodies)
    reader = pickle.loads(pickle.dumps(BlockReader(tmp_path)))  # noqa: S301 - as a worker gets it
    assert [reader.body(record) for record in records] == bodies
    assert [record.block for record in records[:9]] == [record.block for record in records[9:]]


def test_small_bodies_share_a_block(tmp_path: Path) -> None:
    bodies = [b"%06d" % number * 100 for number in range(3_000)]
    records = written(tmp_path, bodies)
    assert len({record.block for record in records}) == 2
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.bulk
def test_threads_that_share_a_reader_get_what_they_asked_for(tmp_path: Path) -> None:
    """Recorded targets are taken over at once: none has a gap, or the body of another one."""
    bodies = [bytes((number,)) * 50_000 for number in range(4)]
    records = [record for body in bodies for record in written(tmp_path, [body])]
    assert len({record.block for record in records}) == 4
    reader = BlockReader(tmp_path)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(reader.body, records * 2_000))
    finally:
        sys.setswitchinterval(before)
    assert found == bodies * 2_000


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _bomb(path: Path) -> None:
    path.write_bytes(zstandard.compress(bytes(1 << 24)))


def _claims_too_much(path: Path) -> None:
    path.write_bytes(b"\x28\xb5\x2f\xfd\xe0" + (MOST_BYTES + 1).to_bytes(8, "little"))


def _no_size(path: Path) -> None:
    path.write_bytes(zstandard.ZstdCompressor(write_content_size=False).compress(b"x" * 100))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a bit": _flip,
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-3]),
    "something behind it": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "other content": lambda path: path.write_bytes(zstandard.compress(b"x" * 600)),
    "a bomb": _bomb,
    "more than a block can be": _claims_too_much,
    "no size": _no_size,
    "gone": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_what_is_damaged_is_no_body(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    (record,) = written(tmp_path, [b"a body " * 100])
    damage(tmp_path / f"{record.block}.zst")
    assert BlockReader(tmp_path).body(record) is None


@pytest.mark.parametrize(
    "change",
    [{"at": 1}, {"size": 699}, {"size": 10**12}, {"at": -5}, {"sha256": "0" * 64}, {"block": ""}],
)
def test_a_record_that_points_elsewhere(tmp_path: Path, change: dict[str, object]) -> None:
    (record,) = written(tmp_path, [b"a body " * 100])
    assert BlockReader(tmp_path).body(msgspec.structs.replace(record, **change)) is None


def test_any_zstd_tool_opens_a_block(tmp_path: Path) -> None:
    (record,) = written(tmp_path, [b"a body"])
    with zstandard.open(tmp_path / f"{record.block}.zst") as file:
        content = file.read()
    assert hashlib.sha256(content).hexdigest() == record.block
