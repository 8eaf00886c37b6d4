"""Live targets that an executor reads and judges for us.

The secrets of a target are fetched here, when it is its turn, and go with its errand alone. What
needs this machine, a socket of it or its loopback, is read here as ever.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from auditor.cli.executors.working import way_of
from auditor.cli.fleet import Fleet
from auditor.cli.wires.parcels import PARCELS, Parcel
from auditor.cli.wiring import CollectorOptions
from auditor.errors import CollectionError, UsageError
from auditor.model.evidence import TargetEntry
from auditor.ports import Collector, Live, Sink
from auditor.runner.errands import Errand, Errands, taken_in
from auditor.runner.gather import CollectionRequest, Fetched
from auditor.runner.job import Prepared
from auditor.runner.settings import Settings


class DistantTarget(msgspec.Struct, frozen=True):
    """Implements :class:`auditor.runner.gather.Distant`: ``near`` reads it from here.

    ``packed`` fetches what is needed to ask it, given a folder for files; None where only we can.
    """

    near: Live
    packed: Callable[[Path], Parcel | None]
    errands: Errands
    way: bytes
    weight: int
    keep: bool

    @property
    def uri(self) -> str:
        """See :class:`auditor.ports.Live`."""
        return self.near.uri

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        """See :class:`auditor.ports.Live`: read it from here.

        Raises:
            CollectionError: it can't be read.
        """
        return self.near.collect(kinds, sink, progress)

    def fetch(self, number: int, order: CollectionRequest) -> Fetched | None:
        """Have a worker read and judge it; None where only this machine reaches it.

        Raises:
            CollectionError: a secret does not come, or no worker could.
            RenderError: what came back would hold a credential of the run.
        """
        parcel = self._parcel(order.scratch)
        if parcel is None or (parcel.is_near and not self.errands.is_near):
            return None
        errand = Errand(
            number=number,
            uri=self.uri,
            kinds=tuple(sorted(order.wanted.of(self.uri))),
            way=self.way,
            parcel=msgspec.msgpack.encode(parcel),
            labels=order.labels.get(number, ()),
            commitments=order.commitments,
            keep=self.keep,
            weight=self.weight,
        )
        return taken_in(self.errands.run(errand), number, order)

    def _parcel(self, scratch: Path) -> Parcel | None:
        with tempfile.TemporaryDirectory(prefix="parcel-", dir=scratch) as folder:
            try:
                return self.packed(Path(folder))
            except UsageError as error:
                raise CollectionError(error.message, hint=error.hint) from error


class Sending(msgspec.Struct, frozen=True):
    """What targets that are sent have in common; ``keep`` is whether their evidence is wanted."""

    errands: Errands
    fleet: Fleet
    collecting: CollectorOptions
    ready: Prepared
    settings: Settings
    keep: bool

    def placed(self, named: Iterable[tuple[str, Collector | Live]]) -> Iterator[Collector | Live]:
        """Yield the targets, those that a worker can read as ones that it will."""
        chosen = self.settings.chosen
        digest = self.ready.profile.digest
        way = way_of(chosen, digest, list_all=self.settings.list_all, memo=self.settings.memo)
        for text, target in named:
            pack = PARCELS.get(text.partition("://")[0])
            if pack is None or not isinstance(target, Live):
                yield target
                continue
            yield DistantTarget(
                near=target,
                packed=self._packing(text, pack),
                errands=self.errands,
                way=way,
                weight=self.settings.shard_weight,
                keep=self.keep,
            )

    def _packing(
        self, text: str, pack: Callable[[str, CollectorOptions], Parcel | None]
    ) -> Callable[[Path], Parcel | None]:
        def packed(folder: Path) -> Parcel | None:
            return pack(text, self.fleet.entered(text, self.collecting, folder))

        return packed
