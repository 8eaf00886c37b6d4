"""A collector of files, and a reading, to stand before another: what it says itself differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from auditor.model.resource import Evidence, Gap, Target
from auditor.ports import Plan, Reading, Shard
from collectors.documents.collector import FilesCollector


@dataclass(frozen=True, slots=True, eq=False)
class Passing:
    """Says and reads what ``inner`` does."""

    inner: FilesCollector

    @property
    def target(self) -> Target:
        return self.inner.target

    @property
    def asked(self) -> None:
        """Files are not asked for kinds."""

    @property
    def independent(self) -> bool:
        return self.inner.independent

    def plan(self, shards: Callable[[int], int]) -> Plan:
        return self.inner.plan(shards)

    def scope(self, item: str) -> str:
        return self.inner.scope(item)

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        yield from self.inner.read(shard)


class PassingReading:
    """Says what ``inner`` does."""

    def __init__(self, inner: Reading) -> None:
        self.inner = inner

    @property
    def source(self) -> str:
        return self.inner.source

    @property
    def scope(self) -> str:
        return self.inner.scope

    @property
    def evidence(self) -> Evidence:
        return self.inner.evidence

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)
