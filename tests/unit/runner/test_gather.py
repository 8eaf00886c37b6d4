"""Live targets are asked at once, no more than was said, and come back in their order.

No clock is asked: a target that is read waits for the others that have to be read beside it, so
that fewer at once would never end, and more would be counted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from auditor.cli.wiring import SHIPPED
from auditor.engine.sources import WantedKinds
from auditor.errors import CollectionError
from auditor.model.evidence import TargetEntry
from auditor.ports import Sink
from auditor.runner.gather import CollectionRequest, gather

PATIENCE = 60.0


@dataclass
class Room:
    """Counts who is in it; so many have to be in it together before anybody leaves."""

    together: threading.Barrier
    lock: threading.Lock = field(default_factory=threading.Lock)
    inside: int = 0
    most: int = 0

    def stay(self) -> None:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.together.wait(PATIENCE)
        with self.lock:
            self.inside -= 1
        self.together.wait(PATIENCE)


@dataclass(frozen=True)
class Staying:
    """A live target that is not reached, once those are in the room that have to be."""

    uri: str
    room: Room

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        del kinds, sink, progress
        self.room.stay()
        raise CollectionError(f"{self.uri} is not there")


@pytest.mark.parametrize(("parallel", "targets"), [(1, 3), (2, 6), (4, 8)])
def test_as_many_at_once_as_was_said(tmp_path: Path, parallel: int, targets: int) -> None:
    room = Room(threading.Barrier(parallel))
    order = CollectionRequest(
        WantedKinds(frozenset()),
        tmp_path / "kept",
        tmp_path,
        lambda: "",
        parallel=parallel,
        labels={1: (("env", "prod"),)},
    )
    found = [Staying(f"k8s://c{number}", room) for number in range(targets)]
    collectors, read = gather(found, order, SHIPPED.reader_of, lambda *_: None)
    assert room.most == parallel
    assert [each.target.uri for each in collectors] == [each.uri for each in found]
    assert [read[number].entry.failure for number in range(targets)] == [
        f"{each.uri} is not there" for each in found
    ]
    assert [each.entry.labels for each in read.values()][1] == (("env", "prod"),)
