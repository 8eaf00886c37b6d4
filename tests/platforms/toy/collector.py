"""Reads a warehouse, and what was kept of one; it knows nothing of secrets, on purpose."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from auditor.errors import CollectionError
from auditor.evidence.layout import Collected
from auditor.model.enums import Answered, GapCause
from auditor.model.evidence import Principal, Record, TargetEntry
from auditor.model.resource import Evidence, Gap, Resource, Target
from auditor.ports import Bodies, Plan, Reading, Shard, Sink, WithoutLines
from tests.platforms.toy.platform import BOX, SHELF

LISTS = {BOX: "boxes", SHELF: "shelves"}
FORGETFUL = "forgetful"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Live:
    """One warehouse; one that is ``?forgetful`` is asked for shelves only, and does not say so."""

    uri: str

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        started = _now()
        uri, _, how = self.uri.partition("?")
        code, body = self._get(uri, "identity")
        if code != 200:
            raise CollectionError(f"{uri}: no identity", hint="is the warehouse open?")
        identity = msgspec.json.decode(body)
        wanted = sorted(kinds - {BOX} if how == FORGETFUL else kinds)
        gaps = []
        for number, kind in enumerate(wanted):
            progress(number, len(wanted))
            code, body = self._get(uri, LISTS[kind])
            items: list[object] = msgspec.json.decode(body).get("items", [])
            record = Record(
                number=number,
                kind=kind,
                namespace="",
                request=f"GET /{LISTS[kind]}",
                started=started,
                ended=_now(),
                answered=Answered.OK if code == 200 else Answered.DENIED,
                code=code,
                count=len(items),
            )
            sink.add(record, body if code == 200 else None)
            if code != 200:
                gaps.append(Gap(uri, kind, GapCause.DENIED, "no key", "ask for the key"))
        progress(len(wanted), len(wanted))
        return TargetEntry(
            uri=self.uri,
            uid=identity["uid"],
            version=identity["version"],
            authority="",
            principal=Principal("a visitor"),
            started=started,
            ended=_now(),
            kinds=tuple(wanted),
            gaps=tuple(gaps),
        )

    def _get(self, uri: str, name: str) -> tuple[int, bytes]:
        address = uri.replace("toy://", "http://")
        try:
            with urllib.request.urlopen(f"{address}/{name}", timeout=10) as answer:  # noqa: S310 - the loopback address of a test
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except urllib.error.URLError as error:
            raise CollectionError(f"{uri}: {error.reason}", hint="is it open?") from None


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept of a warehouse."""

    entry: TargetEntry
    bodies: Bodies
    records: tuple[Record, ...]

    @property
    def target(self) -> Target:
        return self.entry.target

    @property
    def independent(self) -> bool:
        return False

    @property
    def asked(self) -> frozenset[str]:
        return frozenset(self.entry.kinds)

    def plan(self, shards: Callable[[int], int]) -> Plan:
        """One shard a list; a warehouse that could not be read has none."""
        del shards
        self.entry.refuse_failed()
        read = [record for record in self.records if record.sha256]
        cut = tuple(
            Shard(number, (str(record.number),), record.size) for number, record in enumerate(read)
        )
        return Plan(cut, self.entry.gaps)

    def scope(self, item: str) -> str:
        return next(each.kind for each in self.records if str(each.number) == item)

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        for record in self.records:
            if str(record.number) not in shard.items:
                continue
            data = self.bodies.body(record)
            if data is None:
                yield Gap(self.entry.uri, record.kind, GapCause.MALFORMED, "the evidence is gone")
            else:
                yield Answer(self.entry.uri, record, data)


def reader(collected: Collected, bodies: Bodies) -> Kept:
    """Make what reads a warehouse that was read before."""
    return Kept(collected.entry, bodies, collected.records)


@dataclass(frozen=True)
class Answer(WithoutLines):
    """One list."""

    uri: str
    record: Record
    data: bytes

    @property
    def source(self) -> str:
        return self.record.request

    @property
    def scope(self) -> str:
        return self.record.kind

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.uri, self.record.request, self.record.sha256, self.record.size)

    def resources(self) -> Iterator[Resource]:
        items: list[dict[str, Any]] = msgspec.json.decode(self.data)["items"]
        for number, item in enumerate(items):
            yield Resource(
                kind=self.record.kind,
                api_version="",
                name=item["name"],
                namespace="",
                uid="",
                source=f"{self.record.request}/{item['name']}",
                document=number,
                line=0,
                body=msgspec.json.encode(item),
                clean=False,
            )

    def gaps(self) -> Sequence[Gap]:
        return ()

    def skipped(self) -> int:
        return 0
