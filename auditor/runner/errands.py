"""A target that a worker elsewhere reads and judges: what it is told, and what it brings back.

One machine reads a live target into a folder and judges what is in it, shard by shard. Here a
worker does both, for a target of its own, by the same functions, and brings what these left::

    Errand      which target (a parcel: who is asked, with which secrets), what to read of it, by
                what to judge (a way), under which number
    Brought     what there is to say of the target, its records, the plan and the result of each
                shard, and the files: lines and rows, and where somebody wants it the evidence

The one who sent it puts the files where its own would be, and goes on as if its own shards were
done: what joins objects of a target, and targets, is derived and judged there. So the bytes of the
results are the same, by construction and by a test.

Whoever carries errands is an :class:`Errands`. It sees bytes, and nothing here knows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from auditor.engine.sources import WantedKinds
from auditor.errors import CollectionError, RenderError
from auditor.evidence.blocks import BlockReader
from auditor.evidence.layout import BODIES, EVIDENCE, REDACTIONS, Collected
from auditor.evidence.leaks import refuse_leaks
from auditor.ports import Live, Plan
from auditor.runner.cleaning import CleanCollector
from auditor.runner.gather import CollectionRequest, Fetched, Reader, Stopped, read_one
from auditor.runner.job import Context, Job
from auditor.runner.mishaps import FORESEEN, Mishap
from auditor.runner.parts import Judged, ShardResult
from auditor.runner.settings import Chosen
from auditor.runner.shards import shard_count
from auditor.runner.worker import run_shard

SPOOL: Final = "spool"
"""The folder of lines and rows, beside those of the evidence."""
_TOLD: Final = "what-was-told"
"""The file of what is brought besides files, so that it is looked through as they are."""
_NAMES: Final = re.compile(
    rf"(?:{BODIES}/[0-9a-f]{{64}}\.zst|(?:{EVIDENCE}|{REDACTIONS})/[0-9]{{4,}}/[0-9]{{6}}\.jsonl"
    rf"|{SPOOL}/[a-z]+-[0-9]{{6}}-[0-9]{{4}})"
)
"""What a worker may bring."""


class Errand(msgspec.Struct, frozen=True):
    """What a worker is told; ``way`` and ``parcel`` are for who judges and who asks there.

    ``commitments`` is the key for them, None where there will be no bundle. ``keep`` is
    whether the evidence is wanted. ``weight`` is that of a shard, in bytes.
    """

    number: int
    uri: str
    kinds: tuple[str, ...]
    way: bytes
    parcel: bytes
    labels: tuple[tuple[str, str], ...] = ()
    commitments: bytes | None = None
    keep: bool = False
    weight: int = 1


class Brought(msgspec.Struct, frozen=True):
    """What came of it; ``leak`` says that it would hold a credential of the run.

    ``plan`` is None where nothing could be read. Names of files are relative, also in results.
    """

    collected: Collected
    plan: Plan | None = None
    results: tuple[ShardResult, ...] = ()
    mishaps: tuple[Mishap, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    leak: str = ""
    hint: str = ""


class Errands(Protocol):
    """Has errands run by workers elsewhere."""

    @property
    def slots(self) -> int:
        """How many errands are worth sending at once."""
        ...

    @property
    def is_near(self) -> bool:
        """Whether what this machine reaches by its loopback is the same for all workers."""
        ...

    def run(self, errand: Errand) -> Brought:
        """Have a worker run an errand.

        Raises:
            CollectionError: no worker could.
        """
        ...


class Judge(msgspec.Struct, frozen=True):
    """How a worker judges: as the one does who sent it.

    ``turn`` is had by one errand at a time: what a context remembers is not made for threads.
    """

    chosen: Chosen
    context: Context
    list_all: bool
    memo: bool
    turn: AbstractContextManager[object]


def run_errand(
    errand: Errand,
    live: Live,
    judge: Judge,
    reader: Reader,
    folder: Path,
    clock: Callable[[], str],
    go_on: Callable[[], None],
) -> Brought:
    """Read a target into a folder of ``folder``, and judge what was read.

    ``go_on`` is called now and then, and raises :class:`auditor.runner.gather.Stopped` when nobody
    waits for it any more.

    Raises:
        OSError: this machine can't (a full disk).
        Stopped: nobody waits.
    """
    root, scratch = folder / "root", folder / "scratch"
    scratch.mkdir()
    (root / SPOOL).mkdir(parents=True)
    order = CollectionRequest(
        WantedKinds(frozenset(errand.kinds)),
        root,
        scratch,
        clock,
        errand.commitments,
        labels={errand.number: errand.labels},
    )
    collected = read_one(errand.number, live, order, lambda _uri, _done, _all: go_on(), go_on)
    plan, results = None, list[ShardResult]()
    if not collected.entry.failure:
        with judge.turn:
            plan, results = _judged(errand, collected, judge, reader, root, go_on)
    brought = Brought(collected, plan, tuple(results), tuple(order.mishaps))
    if errand.commitments is not None:
        (root / _TOLD).write_bytes(encoded(brought))
        try:
            refuse_leaks(root, order.secrets)
        except RenderError as error:
            return Brought(replace(collected, records=()), leak=error.message, hint=error.hint)
    wanted = (BODIES, EVIDENCE, REDACTIONS, SPOOL) if errand.keep else (SPOOL,)
    files = tuple(each for name in wanted for each in _files(root, name))
    return replace(brought, files=files)


def _judged(
    errand: Errand,
    collected: Collected,
    judge: Judge,
    reader: Reader,
    root: Path,
    go_on: Callable[[], None],
) -> tuple[Plan | None, list[ShardResult]]:
    """What came of each shard; no plan where a bug of ours is in it, which is met again there."""
    collector = CleanCollector(reader(collected, BlockReader(root / BODIES)))
    job = Job(collector, judge.chosen, root / SPOOL, None, judge.list_all, judge.memo)
    try:
        plan = collector.plan(partial(shard_count, errand.weight))
    except (*FORESEEN, Stopped):
        raise
    except Exception:  # noqa: BLE001 - a bug of ours costs this target only, and is told there
        return None, []
    results = []
    for shard in plan.shards:
        go_on()
        results.append(_named(run_shard(job, judge.context, shard), _relative))
    return plan, results


def _named(result: ShardResult, name: Callable[[str], str]) -> ShardResult:
    """A result with its files by other names."""
    spools, rows = (
        [name(each) for each in result.spools],
        [name(each) for each in result.row_spools],
    )
    return replace(result, spools=spools, row_spools=rows)


def _relative(path: str) -> str:
    return f"{SPOOL}/{Path(path).name}"


def _files(root: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """The files below a folder, by their names from the root on."""
    for path in sorted((root / name).rglob("*")):
        if path.is_file():
            yield path.relative_to(root).as_posix(), path.read_bytes()


def taken_in(brought: Brought, number: int, order: CollectionRequest) -> Fetched:
    """Put what a worker brought where it would be, had it been read here.

    Raises:
        RenderError: it would hold a credential of the run.
        CollectionError: it holds what no worker of ours brings.
    """
    if brought.leak:
        raise RenderError(brought.leak, hint=brought.hint)
    spool = order.scratch / f"brought-{number:04d}"
    spool.mkdir()
    for name, data in brought.files:
        _put(name, data, order.folder, spool)
    judged = None
    if brought.plan is not None:
        results = [_named(each, partial(_placed, spool)) for each in brought.results]
        judged = Judged(brought.plan, tuple(results))
    order.mishaps.extend(brought.mishaps)
    return Fetched(brought.collected, judged)


def _put(name: str, data: bytes, folder: Path, spool: Path) -> None:
    _known(name)
    if name.startswith(f"{SPOOL}/"):
        (spool / Path(name).name).write_bytes(data)
        return
    path = folder / name
    if not path.exists():  # two targets may have the same body
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _placed(spool: Path, name: str) -> str:
    _known(name)
    return str(spool / Path(name).name)


def _known(name: str) -> None:
    if _NAMES.fullmatch(name) is None:
        raise CollectionError(
            "a worker brought a file that is no part of an answer",
            hint="its program is another one: see --executor",
        )


def encoded(value: Errand | Brought) -> bytes:
    """A message as it travels."""
    return _encode(value)


def errand_of(data: bytes) -> Errand:
    """Read an errand.

    Raises:
        msgspec.MsgspecError: it is none.
    """
    return _errand(data)


def brought_of(data: bytes) -> Brought:
    """Read what a worker brought.

    Raises:
        msgspec.MsgspecError: it is no such thing.
    """
    return _brought(data)


_encode: Final = msgspec.msgpack.encode
_errand: Final = msgspec.msgpack.Decoder(Errand).decode
_brought: Final = msgspec.msgpack.Decoder(Brought).decode
