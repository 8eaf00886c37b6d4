"""What nobody foresaw while one file, page or object was worked on: it costs that one, and is told.

A file may always hold what no test ever held. The exception that it causes is a bug of ours, and no
reason to lose what a thousand other files came to: the file becomes a gap with a cause of its own,
the report tells the rest, and the program ends with the exit code of a bug and one traceback.

What the system refuses (a full disk, too many open files) is not a bug, and what we raise on
purpose has a meaning: neither is caught here. Refused memory is not a bug either; it costs the file
that wanted it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from auditor.errors import AuditorError
from auditor.model.enums import GapCause
from auditor.model.resource import Gap
from auditor.ports import Collector, Reading, Shard
from auditor.secrets.messages import redact_message
from auditor.secrets.own import Own

FORESEEN: Final = (OSError, AuditorError)
"""What is not a bug: it ends the run, and says itself why."""

_HINT: Final = "report it: the traceback is on standard error"
_MORE: Final = "allow it more memory, or scan it by itself"


class Mishap(msgspec.Struct, frozen=True, order=True, gc=False):
    """The traceback of an exception that nobody foresaw, and where in the run it was."""

    shard: int
    number: int
    text: str


class Mishaps:
    """What went wrong in one part of a run; the first is told in full, all are gaps."""

    def __init__(self, target: str, shard: int, own: Iterable[str] = ()) -> None:
        """``own`` are credentials of ours that an error may repeat."""
        self._target = target
        self._shard = shard
        self._own = Own(own)
        self.count = 0
        self.first: Mishap | None = None

    def gap(self, scope: str, what: str, error: Exception, line: int = 0) -> Gap:
        """Note an exception while ``what`` was done; the gap that it leaves."""
        self.note(error)
        if isinstance(error, MemoryError):
            detail = f"there was not enough memory while {what}"
            return Gap(self._target, scope, GapCause.TRUNCATED, detail, _MORE, line)
        detail = f"a bug of auditor while {what}: {type(error).__name__}"
        return Gap(self._target, scope, GapCause.INTERNAL, detail, _HINT, line)

    def note(self, error: Exception) -> None:
        """Note an exception that cost nothing."""
        self.count += 1
        if self.first is None and not isinstance(error, MemoryError):
            self.first = Mishap(self._shard, self.count, self._own.without_in(_told(error)))

    def add(self, other: Mishaps) -> None:
        """Take in what went wrong after all that is noted here."""
        if self.first is None and other.first is not None:
            number = self.count + other.first.number
            self.first = msgspec.structs.replace(other.first, number=number)
        self.count += other.count

    def told(self) -> tuple[Mishap, ...]:
        """The first, when there is one."""
        return () if self.first is None else (self.first,)


def _told(error: Exception) -> str:
    """A traceback; what an error says may repeat what was read, so secrets go."""
    import traceback  # noqa: PLC0415 - most runs fail nowhere

    return redact_message("".join(traceback.format_exception(error)))


def readings(collector: Collector, shard: Shard, mishaps: Mishaps) -> Iterator[Reading | Gap]:
    """What a collector reads of a shard; an item that it fails on is a gap in its place."""
    taken = 0
    reading = iter(collector.read(shard))
    while True:
        try:
            found = next(reading)
        except StopIteration:
            return
        except FORESEEN:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours costs one item, found below
            mishaps.note(error)
            break
        taken += 1
        yield found
    yield from _one_by_one(collector, shard, taken, mishaps)


def _one_by_one(
    collector: Collector, shard: Shard, taken: int, mishaps: Mishaps
) -> Iterator[Reading | Gap]:
    """As :func:`readings`, each item by itself, without the first that were taken already."""
    seen = 0
    for item in shard.items:
        try:
            found = list(collector.read(Shard(shard.number, (item,), 0)))
        except FORESEEN:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours costs this item only
            found = [mishaps.gap(collector.scope(item), "it was read", error)]
        for each in found:
            seen += 1
            if seen > taken:
                yield each
