"""The kept answers of a server, read again: the same resources now and in a year.

A platform whose answers are kept one by one says what is in one: it has a reading of its own
(:class:`StoredAnswer`), and a collector that makes it (:class:`StoredAnswers`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from auditor.model.enums import GapCause
from auditor.model.evidence import Record, TargetEntry, by_block
from auditor.model.resource import Evidence, Gap, Resource, Target
from auditor.ports import Bodies, Plan, Reading, Shard, WithoutLines, plan_of_answers


@dataclass(frozen=True, slots=True)
class StoredAnswers(ABC):
    """Reads the kept answers of one server; ``bodies`` has them."""

    entry: TargetEntry
    bodies: Bodies
    records: tuple[Record, ...]

    @abstractmethod
    def reading(self, record: Record, data: bytes) -> Reading:
        """Read one answer."""

    @property
    def target(self) -> Target:
        """The server as it was."""
        return self.entry.target

    @property
    def independent(self) -> bool:
        """No: nothing is remembered of a live target."""
        return False

    @property
    def asked(self) -> frozenset[str]:
        """What was asked for then, and what could not be."""
        return frozenset((*self.entry.kinds, *(item.kind for item in self.entry.excluded)))

    def plan(self, shards: Callable[[int], int]) -> Plan:
        """One item an answer, cut into parts; see :class:`auditor.ports.Collector`.

        Raises:
            CollectionError: nothing of the server could be read.
        """
        self.entry.refuse_failed()
        kept = [record for record in self.records if record.sha256 and record.kind]
        return plan_of_answers(kept, self.entry.gaps, shards)

    def scope(self, item: str) -> str:
        """The kind of an answer; see :class:`auditor.ports.Collector`."""
        kinds = (record.kind for record in self.records if str(record.number) == item)
        return next(kinds, self.entry.uri)

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        """Read the answers of a shard."""
        wanted = frozenset(shard.items)
        known = (record for record in self.records if str(record.number) in wanted)
        for record in chain(*by_block(known)):
            data = self.bodies.body(record)
            if data is None:
                detail = f"{record.request}: its evidence is not what was recorded"
                yield Gap(self.entry.uri, record.kind, GapCause.MALFORMED, detail)
                continue
            yield self.reading(record, data)


class StoredAnswer(WithoutLines, ABC):
    """Implements :class:`auditor.ports.Reading` for one kept answer, but for what is in it."""

    def __init__(self, target: str, record: Record, data: bytes, hint: str) -> None:
        """``hint`` is what to do where the answer is not as the server writes it."""
        self._record = record
        self._data = data
        self._hint = hint
        self._gaps: list[Gap] = []
        self._evidence = Evidence(target, record.request, record.sha256, record.size)

    @abstractmethod
    def resources(self) -> Iterator[Resource]:
        """Yield what is in the answer."""

    @property
    def source(self) -> str:
        """The request."""
        return self._evidence.request

    @property
    def scope(self) -> str:
        """The kind that was asked for."""
        return self._record.kind

    @property
    def evidence(self) -> Evidence:
        """The answer with its digest."""
        return self._evidence

    def gaps(self) -> Sequence[Gap]:
        """What is not as the server writes it: a gap of its kind."""
        return self._gaps

    def skipped(self) -> int:
        """Nothing: every item is a resource."""
        return 0

    def _gap(self, detail: str) -> None:
        detail = f"{self._record.request}: {detail}"
        gap = Gap(self._evidence.target, self.scope, GapCause.MALFORMED, detail, self._hint)
        self._gaps.append(gap)
