"""What comes of files does not hang on which of their objects are judged together."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource, Target
from auditor.policy import policies_folder
from auditor.ports import Reading
from auditor.runner.job import Context, context_of, prepared
from auditor.runner.mishaps import Mishaps
from auditor.runner.parts import ShardResult, Spool
from auditor.runner.rounds import MOST, MOST_BYTES
from auditor.runner.settings import Chosen
from auditor.runner.worker import ShardRun
from collectors.documents.blocks import Memory
from collectors.documents.reading import FileReading
from collectors.kubernetes.manifests.recogniser import MANIFESTS

TARGET = Target("./t", "files")
POD = """apiVersion: v1
kind: Pod
metadata: {{name: p{0}, namespace: n{1}}}
spec:
  hostNetwork: {2}
  containers:
  - name: c
    image: i:{0}
    securityContext: {{privileged: {2}}}
"""
OTHERS = (
    "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {externalIPs: [1.2.3.4]}\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: without-pods}\nspec: {}\n",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: odd}\nspec: {containers: text}\n",
    "not: an object\n",
    "a: [\n",
)


def texts(count: int, chance: random.Random) -> list[str]:
    """Files with a few documents each, and a list of pods that is longer than a round."""
    found = []
    for number in range(count):
        pods = [
            POD.format(f"{number}-{each}", number % 3, chance.choice(("true", "false")))
            for each in range(chance.randint(0, 3))
        ]
        documents = pods + chance.sample(OTHERS, chance.randint(0, 2))
        chance.shuffle(documents)
        found.append("---\n".join(documents))
    long = "---\n".join(POD.format(f"long-{each}", 0, "true") for each in range(MOST + 20))
    return [*found[: count // 2], long, *found[count // 2 :]]


class Breaks(FileReading):
    """A file whose reading ends with a bug of ours, after its first object."""

    def resources(self) -> Iterator[Resource]:
        yield from islice(super().resources(), 1)
        raise KeyError("a bug")


@functools.cache
def context() -> Context:
    chosen = Chosen((policies_folder(),), "ai-platform")
    return context_of(prepared(chosen), list_all=False, memo=True)


def readings(files: Sequence[str]) -> list[Reading | Gap]:
    memory = Memory()
    made: list[Reading | Gap] = [
        (Breaks if number == 7 else FileReading)(
            TARGET.uri, f"{number:03}.yaml", text.encode(), (MANIFESTS,), memory
        )
        for number, text in enumerate(files)
    ]
    made.insert(5, Gap(TARGET.uri, "locked.yaml", GapCause.DENIED, "no"))
    return made


def result(folder: Path, files: Sequence[str], after: Callable[[ShardRun], None]) -> bytes:
    """What a shard leaves, with the contents of its files in place of their names."""
    folder.mkdir()
    spools = Spool(folder, "shard", 0), Spool(folder, "rows", 0)
    run = ShardRun(context(), TARGET, spools, Mishaps(TARGET.uri, 0))
    for each in readings(files):
        run.take(each, None)
        after(run)
    found = run.finish(0)
    assert isinstance(found, ShardResult)
    contents = [Path(path).read_bytes() for path in (*found.spools, *found.row_spools)]
    mishap = found.mishap and (found.mishap.number, found.mishap.text.splitlines()[-1])
    rest = msgspec.structs.replace(found, spools=[], row_spools=[], mishap=None)
    return msgspec.msgpack.encode((contents, mishap, rest))


@pytest.mark.parametrize("seed", range(3))
def test_rounds_change_nothing(tmp_path: Path, seed: int) -> None:
    files = texts(40, random.Random(seed))
    alone = result(tmp_path / "alone", files, ShardRun.settle)
    assert alone.count(b'"rule":') > 200
    assert b"a bug of auditor while it was read: KeyError" in alone
    assert b"without-pods" in alone
    assert result(tmp_path / "together", files, lambda _: None) == alone
    chance = random.Random(seed)
    mixed = result(
        tmp_path / "mixed", files, lambda run: run.settle() if chance.random() < 0.3 else None
    )
    assert mixed == alone


def test_a_round_is_bounded(tmp_path: Path) -> None:
    """Files in which nothing is judged are let go of, too."""
    spools = Spool(tmp_path, "shard", 0), Spool(tmp_path, "rows", 0)
    run = ShardRun(context(), TARGET, spools, Mishaps(TARGET.uri, 0))
    for size in (10, MOST_BYTES // 3):
        most = 0
        for number in range(2 * MOST):
            name, data = f"{number}.yaml", b"#" * size
            run.take(FileReading("t", name, data, (MANIFESTS,), Memory()), None)
            most = max(most, run.waiting)
        assert most <= min(MOST, MOST_BYTES // size + 1)
    run.settle()
    assert run.waiting == 0
