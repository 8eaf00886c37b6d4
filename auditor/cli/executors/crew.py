"""Workers that come, are busy, and go: who is given which errand, and what a lost one costs.

An errand has one worker of its own. One that ends under it costs that errand only: another worker
does it again, at most so often, and then its target is a gap. A worker that is new, or is back
under another address, is looked at like the first ones before it gets anything.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import msgspec

from auditor.errors import CollectionError

PATIENCE: Final = 30.0
"""Seconds that an errand waits for a worker to come, when there is none any more."""
PERIOD: Final = 1.0
"""Seconds between two looks at who is there."""


class Member(msgspec.Struct, frozen=True):
    """A worker that fits: errands for it are sealed by its ``key``; it does ``threads`` at once."""

    address: str
    key: bytes
    threads: int


class Crew:
    """All workers that fit; shared by the threads that wait for errands.

    ``there`` says who is there, with threads; ``meet`` finds out which of the new ones fit.
    """

    def __init__(
        self,
        there: Callable[[], Mapping[str, int]],
        meet: Callable[[Mapping[str, int]], Collection[Member]],
        patience: float = PATIENCE,
        period: float = PERIOD,
    ) -> None:
        self._there = there
        self._meet = meet
        self._patience = patience
        self._period = period
        self._changed = threading.Condition()
        self._looking = threading.Lock()
        self._known: set[str] = set()
        self._members: dict[str, Member] = {}
        self._busy: dict[str, int] = {}
        self._looked = float("-inf")

    @property
    def slots(self) -> int:
        """How many errands all can do at once."""
        return sum(each.threads for each in self._members.values())

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where they are."""
        return tuple(self._members)

    def look(self) -> None:
        """See who is there, unless that was seen just now; new ones are met."""
        with self._looking:
            if time.monotonic() < self._looked + self._period:
                return
            there = self._there()
            new = {name: threads for name, threads in there.items() if name not in self._known}
            met = self._meet(new) if new else ()
            with self._changed:
                self._known = set(there)
                found = {**self._members, **{each.address: each for each in met}}
                self._members = {name: each for name, each in found.items() if name in there}
                self._changed.notify_all()
            self._looked = time.monotonic()

    def has(self, member: Member) -> bool:
        """Whether a worker is there still, and is the one it was."""
        self.look()
        return self._members.get(member.address) == member

    def dismiss(self, member: Member) -> None:
        """Give nothing to a worker any more, until it is met again."""
        with self._changed:
            self._members.pop(member.address, None)
            self._known.discard(member.address)

    @contextmanager
    def one(self, but: Collection[str] = ()) -> Iterator[Member]:
        """The worker with the least to do, as soon as one has time; others than ``but`` first.

        Raises:
            CollectionError: there is none, and none came.
        """
        member = self._taken(but)
        try:
            yield member
        finally:
            with self._changed:
                self._busy[member.address] -= 1
                self._changed.notify()

    def _taken(self, but: Collection[str]) -> Member:
        waited = time.monotonic()
        while True:
            with self._changed:
                free = self._free(but)
                if free is not None:
                    self._busy[free.address] = self._busy.get(free.address, 0) + 1
                    return free
                if self._members:
                    waited = time.monotonic()
                self._changed.wait(self._period)
            if time.monotonic() > waited + self._patience:
                raise CollectionError(
                    f"there is no worker any more, and none came within {self._patience:g} s",
                    hint="start workers, and audit again",
                )
            self.look()

    def _free(self, but: Collection[str]) -> Member | None:
        """Somebody with time; one of ``but`` where there is nobody else."""
        others = [each for name, each in self._members.items() if name not in but]
        free = [each for each in others or self._members.values() if self._spare(each) > 0]
        return max(free, key=self._spare, default=None)

    def _spare(self, member: Member) -> int:
        return member.threads - self._busy.get(member.address, 0)
