"""What a bundle costs: each block is opened once, and nothing that says too much is."""

from __future__ import annotations

import functools
import hashlib
import json
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auditor.errors import IntegrityError, RenderError
from auditor.evidence.blocks import TIMES, BlockReader, BlockWriter, block_size
from auditor.evidence.layout import Collected, FileEntry
from auditor.evidence.shape import told_twice
from auditor.evidence.stored_files import StoredFilesCollector
from auditor.evidence.weight import BESIDES, check_written, refuse_heavy
from auditor.model.enums import Answered
from auditor.model.evidence import Principal, Record, TargetEntry, by_block
from auditor.ports import Shard, shards_of
from collectors.kubernetes.live.pages import PagesCollector
from tests.unit.evidence.bundles import Made, made, records, resealed, small, write_records

EMPTY = Record(1, "", "", "f", "", "", Answered.OK)
ENTRY = TargetEntry("t", "files", "", "", Principal(""), "", "")
GAP = {"target": "t", "scope": "x", "cause": "malformed", "detail": "odd"}


class Opens:
    """Counts what is opened, by name, while it is on."""

    def __init__(self) -> None:
        self.on = False
        self.number: Counter[str] = Counter()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.on and event == "open" and str(arguments[0]).endswith(".zst"):
            self.number[Path(str(arguments[0])).stem] += 1


@functools.cache
def hook() -> Opens:
    return Opens()


@pytest.fixture
def opens() -> Iterator[Opens]:
    found = hook()
    found.number.clear()
    found.on = True
    yield found
    found.on = False


def in_turn(folder: Path, blocks: int, each: int, **more: object) -> list[Record]:
    """Records that point at large blocks in turn, each at a part of its own."""
    found = []
    for block in range(blocks):
        document = {"objects": [], "gaps": [GAP], "skipped": block}
        bodies = [
            json.dumps({**document, "skipped": 1000 * block + number}).encode().ljust(200)
            for number in range(each)
        ]
        content = b"".join(bodies)
        name = hashlib.sha256(content).hexdigest()
        (folder / f"{name}.zst").write_bytes(zstandard.compress(content))
        for number, body in enumerate(bodies):
            digest = hashlib.sha256(body).hexdigest()
            known = {"sha256": digest, "size": len(body), "at": 200 * number, "block": name}
            found.append(replace(EMPTY, **known, **more))
    turned = [found[block * each + number] for number in range(each) for block in range(blocks)]
    return [
        replace(record, number=number, request=f"{number}.yaml")
        for number, record in enumerate(turned, 1)
    ]


def test_what_was_kept_of_files_is_read_block_by_block(tmp_path: Path, opens: Opens) -> None:
    found = in_turn(tmp_path, 3, 20)
    opens.number.clear()
    collector = StoredFilesCollector(ENTRY, BlockReader(tmp_path), tuple(found))
    plan = collector.plan(lambda weight: weight // 700)
    seen = [each for shard in plan.shards for each in collector.read(shard)]
    assert len(seen) == len(found)
    assert sorted(item for shard in plan.shards for item in shard.items) == sorted(
        record.request for record in found
    )
    assert len(plan.shards) == 3, "no block is in two"
    assert set(opens.number.values()) == {1}
    assert len(opens.number) == 3


def test_files_that_are_read_again_are_read_block_by_block(tmp_path: Path, opens: Opens) -> None:
    """As those are that facts about namespaces stand in."""
    found = in_turn(tmp_path, 2, 20)
    opens.number.clear()
    collector = StoredFilesCollector(ENTRY, BlockReader(tmp_path), tuple(found))
    items = tuple(record.request for record in found)
    assert len(list(collector.read(Shard(0, items, 0)))) == len(items)
    assert set(opens.number.values()) == {1}


def test_pages_are_read_block_by_block(tmp_path: Path, opens: Opens) -> None:
    found = in_turn(tmp_path, 3, 20, kind="k8s/Service")
    opens.number.clear()
    collector = PagesCollector(ENTRY, BlockReader(tmp_path), tuple(found))
    plan = collector.plan(lambda weight: weight // 700)
    seen = [each for shard in plan.shards for each in collector.read(shard)]
    assert len(seen) == len(found)
    # once to know whose each object is, once to judge
    assert set(opens.number.values()) <= {1, 2}
    assert len(opens.number) == 3


def test_a_block_that_is_none_is_opened_once(tmp_path: Path, opens: Opens) -> None:
    found = in_turn(tmp_path, 1, 20)
    (path,) = tmp_path.iterdir()
    path.write_bytes(zstandard.compress(b"another content"))
    reader = BlockReader(tmp_path)
    opens.number.clear()
    assert [reader.body(record) for record in found] == [None] * len(found)
    assert opens.number == {found[0].block: 1}


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return small(made(tmp_path_factory.mktemp("made")))


def test_verifying_opens_each_block_once(signed: Made, tmp_path: Path, opens: Opens) -> None:
    """Once for its digest, once for its header, and once for what it says of gaps."""
    opens.on = False
    bundle = Made(shutil.copytree(signed.root, tmp_path / "bundle"), signed.held)
    more = in_turn(bundle.root / "bodies", 2, 30, complete=False)
    write_records(bundle.root, [*records(bundle.root), *more])
    inventory = bundle.root / "inventory.json"
    value = json.loads(inventory.read_text())
    for name, number in (("queries", 60), ("incomplete", 60)):
        value["targets"][0][name] += number
    value["targets"][0]["answered"]["ok"] += 60
    inventory.write_text(json.dumps(value))
    resealed(bundle)
    opens.on = True
    found = bundle.verify()
    assert found.decision == "verified", found.steps
    blocks = {record.block for record in more}
    assert {name: opens.number[name] for name in blocks} == dict.fromkeys(blocks, 3)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50)), max_size=40), st.floats(1, 300))
def test_cutting_loses_nothing(pairs: list[tuple[int, int]], goal: float) -> None:
    found = [
        replace(EMPTY, number=number, block=str(block), size=size)
        for number, (block, size) in enumerate(pairs)
    ]
    together = list(chain(*by_block(found)))
    groups = [
        ([str(record.number) for record in block], sum(record.size for record in block))
        for block in by_block(found)
    ]
    shards = shards_of(groups, goal)
    assert [shard.number for shard in shards] == list(range(len(shards)))
    assert [item for shard in shards for item in shard.items] == [str(r.number) for r in together]
    assert all(shard.items for shard in shards)
    assert all(shard.weight >= goal for shard in shards[:-1])
    assert sum(shard.weight for shard in shards) == sum(size for _, size in pairs)
    parts = [{found[int(item)].block for item in shard.items} for shard in shards]
    homes = Counter(block for part in parts for block in part)
    assert set(homes.values()) <= {1}
    assert sorted(map(id, together)) == sorted(map(id, found))
    for block in {record.block for record in found}:
        mine = [record.number for record in together if record.block == block]
        assert mine == sorted(mine)


def listed(folder: Path) -> list[FileEntry]:
    return [
        FileEntry(path.name, "", path.stat().st_size, "body") for path in sorted(folder.iterdir())
    ]


@pytest.mark.parametrize(("more", "says"), [(0, ""), (1, "its blocks would hold")])
def test_the_bound_on_blocks(tmp_path: Path, more: int, says: str) -> None:
    """What a header says is believed before anything is opened."""
    head, size = b"\x28\xb5\x2f\xfd\xe0", 20
    most = TIMES * size + BESIDES
    path = tmp_path / "a.zst"
    path.write_bytes((head + (most + more).to_bytes(8, "little")).ljust(size))
    assert block_size(path) == most + more
    if not says:
        refuse_heavy(tmp_path, listed(tmp_path), ())
        return
    with pytest.raises(IntegrityError, match=says):
        refuse_heavy(tmp_path, listed(tmp_path), ())


@pytest.mark.parametrize(("more", "says"), [(0, ""), (1, "its records rest on")])
def test_the_bound_on_records(tmp_path: Path, more: int, says: str) -> None:
    files = [FileEntry("evidence/0000/000000.jsonl", "", 300, "record")]
    most = TIMES * 300 + BESIDES
    found = [replace(EMPTY, size=most - 10), replace(EMPTY, size=10 + more)]
    if not says:
        refuse_heavy(tmp_path, files, [Collected(ENTRY, tuple(found))])
        check_written(files, found)
        return
    with pytest.raises(IntegrityError, match=says):
        refuse_heavy(tmp_path, files, [Collected(ENTRY, tuple(found))])
    with pytest.raises(RenderError, match="the evidence repeats itself"):
        check_written(files, found)


@pytest.mark.parametrize("size", [1, 1000, 1 << 17, (1 << 17) + 1, 1 << 20, 5_000_000])
def test_no_block_of_ours_says_too_much(tmp_path: Path, size: int) -> None:
    """A content that could be told in a few bytes is stored as it is, and any tool reads it."""
    body = b"a" * size
    writer = BlockWriter(tmp_path)
    name, place, at = writer.add(body)
    writer.flush()
    record = writer.placed(replace(EMPTY, sha256=name, size=size, at=at), place)
    (path,) = tmp_path.iterdir()
    assert block_size(path) == size
    assert size <= TIMES * path.stat().st_size
    assert BlockReader(tmp_path).body(record) == body
    with zstandard.open(path) as file:
        assert file.read() == body


def test_what_can_be_compressed_is(tmp_path: Path) -> None:
    chance = random.Random(3)
    words = [chance.randbytes(9).hex() for _ in range(100)]
    body = " ".join(chance.choices(words, k=20_000)).encode()
    writer = BlockWriter(tmp_path)
    writer.add(body)
    writer.flush()
    (path,) = tmp_path.iterdir()
    assert path.stat().st_size < len(body) / 5


@pytest.mark.bulk
def test_many_objects_in_a_file_take_no_time(tmp_path: Path) -> None:
    """A line in each of many objects: none of them looks through all the others."""
    number = 20_000
    objects = [
        {
            "kind": "k8s/Pod", "apiVersion": "v1", "name": "x", "namespace": "", "uid": "",
            "document": 0, "line": place, "body": {"a": {"b": 1}}, "lines": [place, 1, 1],
            "pointer": f"/items/{place}",
        }
        for place in range(number)
    ]  # fmt: skip
    body = json.dumps({"objects": objects}).encode()
    writer = BlockWriter(tmp_path)
    name, place, at = writer.add(body)
    writer.flush()
    record = writer.placed(replace(EMPTY, sha256=name, size=len(body), at=at), place)
    collector = StoredFilesCollector(ENTRY, BlockReader(tmp_path), (record,))
    (reading,) = collector.read(Shard(0, ("f",), 0))
    assert not hasattr(reading, "cause")
    steps = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal steps
        del frame, argument
        steps += event == "call"

    sys.setprofile(count)
    lines = [reading.line(0, f"/items/{place}/a/b") for place in range(number)]
    sys.setprofile(None)
    assert lines == [place + 2 for place in range(number)]
    assert steps < 100 * number


TWICE = {
    "a request": ("t", [(1, "a"), (2, "b"), (1, "a")], "a is there twice"),
    "a request of a cluster": ("k8s://x", [(1, "a"), (2, "a")], "a is there twice"),
    "a number of a cluster": ("k8s://x", [(1, "a"), (1, "b")], "the number 1 is there twice"),
    "numbers of files begin anew in each part": ("t", [(1, "a"), (1, "b")], ""),
}


@pytest.mark.parametrize(("uri", "pairs", "says"), TWICE.values(), ids=TWICE.keys())
def test_what_is_there_twice(uri: str, pairs: list[tuple[int, str]], says: str) -> None:
    found = [replace(EMPTY, number=number, request=request) for number, request in pairs]
    assert told_twice(uri, found) == says
