"""Live targets are read first, into a folder, and judged from there like any other.

So what ``scan`` judges is what ``collect`` keeps, byte for byte, and a target that can't be reached
is one entry of the folder that says so. Several are read at once, each by a thread: most of the
time they wait. What comes of it is in the order of the targets, whoever was done first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, runtime_checkable

import msgspec

from auditor.allocation import give_back, share_heap
from auditor.engine.sources import WantedKinds
from auditor.errors import CollectionError, UsageError
from auditor.evidence.blocks import BlockReader
from auditor.evidence.commitments import committing
from auditor.evidence.layout import BODIES, Collected
from auditor.evidence.writing import FolderSink
from auditor.model.enums import GapCause
from auditor.model.evidence import Principal, TargetEntry
from auditor.model.resource import Gap
from auditor.platforms import Platforms
from auditor.ports import Bodies, Collector, Live
from auditor.runner.mishaps import FORESEEN, Mishap, Mishaps
from auditor.runner.parts import Judged
from auditor.secrets.messages import redact_message, redact_texts

if TYPE_CHECKING:
    from concurrent.futures import Future

Progress = Callable[[str, int, int], None]
Reader = Callable[[Collected, Bodies], Collector]
"""Makes the collector of a target that was read: (what, its bodies)."""
MAX_PARALLEL_TARGETS: Final = 8
SHUTDOWN_GRACE_SECONDS: Final = 0.3
"""Seconds that threads get to stop writing, when the run is over before they are."""


class CollectionRequest(msgspec.Struct, frozen=True):
    """What to read, and where to: ``scratch`` is for what must be in files and is not evidence.

    ``commitments`` is the key for them, None when nobody asks what was left out. ``secrets`` are
    filled in: the credentials of this run. So are ``mishaps``: what was a bug of ours, and cost a
    whole target. ``labels`` are those of targets, by their numbers. ``parallel`` is how many are
    read at once. ``then`` makes one more target of those that were read, or none. ``judged`` is
    filled in: what of targets was judged elsewhere, by their numbers.
    """

    wanted: WantedKinds
    folder: Path
    scratch: Path
    clock: Callable[[], str]
    commitments: bytes | None = None
    secrets: set[str] = msgspec.field(default_factory=set)
    mishaps: list[Mishap] = msgspec.field(default_factory=list)
    labels: Mapping[int, tuple[tuple[str, str], ...]] = MappingProxyType({})
    parallel: int = MAX_PARALLEL_TARGETS
    then: Callable[[Sequence[Collector]], Live | None] | None = None
    judged: dict[int, Judged] = msgspec.field(default_factory=dict)

    @property
    def bug(self) -> str:
        """The traceback of the first target, in their order, that we failed on; "" for none."""
        return min(self.mishaps).text if self.mishaps else ""


class Fetched(msgspec.Struct, frozen=True):
    """A target that was read elsewhere; ``judged`` is None where it was only read."""

    collected: Collected
    judged: Judged | None = None


@runtime_checkable
class Distant(Live, Protocol):
    """A live target that somebody else may read and judge for us."""

    def fetch(self, number: int, order: CollectionRequest) -> Fetched | None:
        """Have it read and judged; None where that has to be done here.

        Raises:
            CollectionError: nobody could.
        """
        ...


def gather(
    targets: Sequence[Collector | Live],
    order: CollectionRequest,
    reader: Reader,
    progress: Progress,
) -> tuple[list[Collector], dict[int, Collected]]:
    """Read every live target; the collectors of all, in order, and what was read, by number.

    Raises:
        UsageError: two targets are the same cluster by the same name.
    """
    live = {number: each for number, each in enumerate(targets) if isinstance(each, Live)}
    platforms = order.wanted.platforms
    _refuse_twice((each.uri for each in live.values()), platforms)
    read = _read_all(live, order, progress)
    _refuse_twice((each.entry.uri for each in read.values()), platforms)
    collectors: list[Collector] = []
    for number, target in enumerate(targets):
        if isinstance(target, Live):
            bodies = BlockReader(order.folder / BODIES)
            collectors.append(reader(read[number], bodies))
        else:
            collectors.append(target)
    more = order.then(collectors) if order.then is not None else None
    if more is not None:
        read |= _read_all({len(targets): more}, order, progress)
        collectors.append(reader(read[len(targets)], BlockReader(order.folder / BODIES)))
    return collectors, read


def _refuse_twice(uris: Iterator[str], platforms: Platforms) -> None:
    seen: set[str] = set()
    for uri in uris:
        if uri in seen:
            platform = platforms.of_target(uri)
            shorthand = f"; {platform.shorthand}" if platform and platform.shorthand else ""
            raise UsageError(f"{uri}: the same target twice", hint=f"name it once{shorthand}")
        seen.add(uri)


class Stopped(Exception):  # noqa: N818 - no error: the run is over
    """Ends a thread whose run is over."""


class _Shared:
    """What the threads of a run have in common: one line of progress, and whether it is over."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._over = threading.Event()

    def tell(self, uri: str, done: int, total: int) -> None:
        """Show progress."""
        self.go_on()
        with self._lock:
            self._progress(uri, done, total)

    def go_on(self) -> None:
        """Raise when the run is over."""
        if self._over.is_set():
            raise Stopped

    def stop(self) -> None:
        """Let every thread end where it asks next."""
        self._over.set()


def _read_all(
    live: Mapping[int, Live], order: CollectionRequest, progress: Progress
) -> dict[int, Collected]:
    """Read all, at most some at once; the first that fails for another reason ends the rest."""
    if not live:
        return {}
    from concurrent.futures import FIRST_EXCEPTION, wait  # noqa: PLC0415 - files need no threads

    share_heap()
    shared = _Shared(progress)
    with _pool(min(len(live), order.parallel), shared) as submit:
        coming = {
            number: submit(_read, number, target, order, shared) for number, target in live.items()
        }
        wait(coming.values(), return_when=FIRST_EXCEPTION)
        for each in coming.values():
            if each.done():
                each.result()
        read = {number: each.result() for number, each in coming.items()}
    give_back()
    return read


_Submit: TypeAlias = "Callable[..., Future[Collected]]"


@contextmanager
def _pool(size: int, shared: _Shared) -> Iterator[_Submit]:
    """Threads that nobody waits for when the run ends before they do: a server may never answer."""
    from concurrent.futures import ThreadPoolExecutor, wait  # noqa: PLC0415 - files need no threads

    pool = ThreadPoolExecutor(size)
    begun: list[Future[Collected]] = []

    def submit(*arguments: object) -> Future[Collected]:
        begun.append(pool.submit(*arguments))  # type: ignore[arg-type]  # as they were given
        return begun[-1]

    try:
        yield submit
    except BaseException:  # an interrupt as well: no thread goes on behind a run that is over
        shared.stop()
        pool.shutdown(wait=False, cancel_futures=True)
        wait(begun, timeout=SHUTDOWN_GRACE_SECONDS)
        raise
    pool.shutdown()


def _read(number: int, target: Live, order: CollectionRequest, shared: _Shared) -> Collected:
    shared.go_on()
    if isinstance(target, Distant):
        fetched = _fetched(number, target, order, shared)
        shared.go_on()
        if fetched is not None:
            return fetched
    return read_one(number, target, order, shared.tell, shared.go_on)


def read_one(
    number: int,
    target: Live,
    order: CollectionRequest,
    tell: Progress,
    go_on: Callable[[], None],
) -> Collected:
    """Read one target into the folder of ``order``, as its ``number``.

    ``tell`` shows progress; ``go_on`` raises when the run is over, and nothing is written then.
    """
    commit = committing(order.commitments) if order.commitments is not None else None
    sink = FolderSink(order.folder, number, order.scratch, commit)
    read = _entry(number, target, order, sink, tell)
    go_on()
    order.secrets.update(sink.secrets)
    return Collected(_labelled(number, read, order), sink.close())


def _labelled(number: int, entry: TargetEntry, order: CollectionRequest) -> TargetEntry:
    labels = order.labels.get(number, ())
    return redact_texts(msgspec.structs.replace(entry, labels=labels))


def _fetched(
    number: int, target: Distant, order: CollectionRequest, shared: _Shared
) -> Collected | None:
    """Have a target read and judged elsewhere; that nobody could costs it alone."""
    uri = redact_message(target.uri)
    shared.tell(uri, 0, 1)
    started = order.clock()
    try:
        found = target.fetch(number, order)
    except CollectionError as error:
        failed = Gap(target.uri, target.uri, GapCause.UNREACHABLE, error.message, error.hint)
    except (*FORESEEN, Stopped):
        raise
    except Exception as error:  # noqa: BLE001 - a bug of ours costs this target only
        mishaps = Mishaps(target.uri, number)
        failed = mishaps.gap(target.uri, "it was sent to a worker", error)
        order.mishaps.extend(mishaps.told())
    else:
        return _taken(uri, number, found, order, shared)
    entry = _labelled(number, _failed(failed, started, order), order)
    return Collected(entry, FolderSink(order.folder, number, order.scratch).close())


def _taken(
    uri: str, number: int, found: Fetched | None, order: CollectionRequest, shared: _Shared
) -> Collected | None:
    if found is None:
        return None
    if found.judged is not None:
        order.judged[number] = found.judged
    shared.tell(uri, 1, 1)
    return found.collected


def _entry(
    number: int, target: Live, order: CollectionRequest, sink: FolderSink, tell: Progress
) -> TargetEntry:
    """Read one target; what goes wrong within it costs it alone."""
    started, uri = order.clock(), redact_message(target.uri)

    def progress(done: int, total: int) -> None:
        tell(uri, done, total)

    try:
        return target.collect(order.wanted.of(target.uri), sink, progress)
    except CollectionError as error:
        failed = Gap(target.uri, target.uri, GapCause.UNREACHABLE, error.message, error.hint)
    except (*FORESEEN, Stopped):
        raise
    except Exception as error:  # noqa: BLE001 - a bug of ours costs this target only
        mishaps = Mishaps(target.uri, number, sink.secrets)
        failed = mishaps.gap(target.uri, "it was read", error)
        order.mishaps.extend(mishaps.told())
    return _failed(failed, started, order)


def _failed(failed: Gap, started: str, order: CollectionRequest) -> TargetEntry:
    """What there is to say of a target that could not be read."""
    return TargetEntry(
        uri=failed.target,
        uid="unreachable",
        version="",
        authority="",
        principal=Principal(""),
        started=started,
        ended=order.clock(),
        failure=failed.detail,
        hint=failed.hint,
        cause=failed.cause,
    )
