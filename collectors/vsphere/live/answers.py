"""What was kept of a vCenter, read again: the same resources now and in a year."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import msgspec

from auditor.model.enums import GapCause
from auditor.model.evidence import Record, TargetEntry, by_block
from auditor.model.resource import Evidence, Gap, Resource, Target
from auditor.platforms.vsphere import PERMISSION, ROLE
from auditor.ports import Bodies, Plan, Reading, Shard, WithoutLines, plan_of_answers

_HINT: Final = "was it collected by another version?"
_decode_all: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode: Final = msgspec.json.decode


@dataclass(frozen=True, slots=True)
class AnswersCollector:
    """Reads the kept answers of one server; ``bodies`` has them."""

    entry: TargetEntry
    bodies: Bodies
    records: tuple[Record, ...]

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
        """What was asked for then."""
        return frozenset(self.entry.kinds)

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
            yield AnswerReading(self.entry.uri, record, data)


class AnswerReading(WithoutLines):
    """Implements :class:`auditor.ports.Reading` for one kept answer."""

    def __init__(self, target: str, record: Record, data: bytes) -> None:
        self._record = record
        self._data = data
        self._gaps: list[Gap] = []
        self._evidence = Evidence(target, record.request, record.sha256, record.size)

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
        """What is not as it was written: a gap of its kind."""
        return self._gaps

    def skipped(self) -> int:
        """Nothing: every item is a resource."""
        return 0

    def resources(self) -> Iterator[Resource]:
        """The objects of the answer."""
        self._gaps = []
        try:
            items = _decode_all(self._data)
        except (msgspec.DecodeError, RecursionError) as error:
            self._gap(str(error))
            return
        for number, raw in enumerate(items):
            try:
                name, place = _named(self.scope, _decode(raw))
            except (msgspec.DecodeError, RecursionError, KeyError, TypeError):
                self._gap("one of it is not as it was written")
                continue
            yield Resource(
                kind=self.scope,
                api_version="",
                name=name,
                namespace="",
                uid="",
                source=place,
                document=number,
                line=0,
                body=bytes(raw),
                clean=False,
            )

    def _gap(self, detail: str) -> None:
        detail = f"{self._record.request}: {detail}"
        gap = Gap(self._evidence.target, self.scope, GapCause.MALFORMED, detail, _HINT)
        self._gaps.append(gap)


def _named(kind: str, value: Any) -> tuple[str, str]:
    """What an object is called, and where it is.

    Raises:
        KeyError: it does not say.
        TypeError: it is not an object.
    """
    if kind == PERMISSION:
        who = f"{value['principal']} on {value['entity']}"
        return who, f"/permissions/{value['entity']}/{value['principal']}/{value['roleId']}"
    if kind == ROLE:
        return value["name"], f"/roles/{value['roleId']}"
    return value["name"], value.get("path") or f"/{value['name']}"
