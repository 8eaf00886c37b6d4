"""A collector of files that another one stands before: what it says itself is all that differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from auditor.model.resource import Gap, Target
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
