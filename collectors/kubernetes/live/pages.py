"""What was kept of a cluster, read again: the same resources now and in a year."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import msgspec

from auditor.model.enums import GapCause
from auditor.model.evidence import Record, TargetEntry, by_block
from auditor.model.resource import Evidence, Gap, Owner, Resource, Target
from auditor.platforms.kubernetes import KUBELET_CONFIGURATION, PRINTED
from auditor.ports import Bodies, Plan, Reading, Shard, WithoutLines, plan_of_answers
from collectors.documents.guards import Unreadable
from collectors.documents.json_file import JsonFile
from collectors.documents.json_stream import NoJson
from collectors.documents.ledger import Ledger
from collectors.kubernetes.live.kubelets import KubeletReading
from collectors.kubernetes.live.owners import Owners, known_objects
from collectors.kubernetes.live.printed import PrintedReading
from collectors.kubernetes.manifests.recogniser import MANIFESTS

_RECOGNISERS = (MANIFESTS,)
_POD = "k8s/Pod"
_OWNED = frozenset({"k8s/ReplicaSet"})
"""Kinds that only repeat what their controller says, also of the past: only free ones count."""


@dataclass(frozen=True)  # no slots: what is derived once is kept
class PagesCollector:
    """Reads the kept answers of one cluster; ``bodies`` has them."""

    entry: TargetEntry
    bodies: Bodies
    records: tuple[Record, ...]

    @property
    def target(self) -> Target:
        """The cluster as it was."""
        return self.entry.target

    @property
    def independent(self) -> bool:
        """No: whose a pod is depends on what else was read."""
        return False

    @property
    def asked(self) -> frozenset[str]:
        """What was asked for then, and what never is."""
        return frozenset((*self.entry.kinds, *(item.kind for item in self.entry.excluded)))

    def plan(self, shards: Callable[[int], int]) -> Plan:
        """One item a page, cut into parts; see :class:`auditor.ports.Collector`.

        Raises:
            CollectionError: nothing of the cluster could be read.
        """
        self.entry.refuse_failed()
        pages = self._pages()
        if any(record.kind == _POD for record in pages):
            _ = self.owners  # once, before there are workers
        return plan_of_answers(pages, self.entry.gaps, shards)

    def _pages(self) -> list[Record]:
        """The records with resources, block by block; what a server says it serves is none."""
        pages = (record for record in self.records if record.sha256 and record.kind)
        return list(chain(*by_block(pages)))

    @cached_property
    def owners(self) -> Owners:
        """Whose an object is, by all that was read but pods."""
        short = {gap.scope for gap in self.entry.gaps}
        read = frozenset(kind for kind in self.entry.kinds if kind not in short)
        chosen = {item.sha256: item for item in self._pages() if item.kind != _POD}
        bodies = map(self.bodies.body, chosen.values())
        return Owners(known_objects(body for body in bodies if body is not None), read)

    def scope(self, item: str) -> str:
        """The kind of a page; see :class:`auditor.ports.Collector`."""
        kinds = (record.kind for record in self.records if str(record.number) == item)
        return next(kinds, self.entry.uri)

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        """Read the pages of a shard."""
        records = {str(record.number): record for record in self.records}
        known = (records.get(item) for item in shard.items)
        for record in chain(*by_block(record for record in known if record is not None)):
            data = self.bodies.body(record)
            if data is None:
                detail = f"{record.request}: its evidence is not what was recorded"
                yield Gap(self.entry.uri, record.kind, GapCause.MALFORMED, detail)
                continue
            if record.kind in PRINTED:
                yield PrintedReading(self.entry.target, record, data)
                continue
            if record.kind == KUBELET_CONFIGURATION:
                yield KubeletReading(self.entry.target, record, data)
                continue
            yield PageReading(self.entry.uri, record, data, self.owners)


class PageReading(WithoutLines):
    """Implements :class:`auditor.ports.Reading` for one kept answer."""

    def __init__(self, target: str, record: Record, data: bytes, owners: Owners) -> None:
        self._owners = owners
        self._record = record
        self._data = data
        self._ledger = Ledger(target, record.kind, MANIFESTS.hints, partial=False)
        self._skipped = 0
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
        """Objects that could not be understood: gaps of their kind."""
        return [
            msgspec.structs.replace(gap, line=0, detail=f"{self._record.request}: {gap.detail}")
            for gap in self._ledger.gaps()
        ]

    def skipped(self) -> int:
        """Objects that their controller speaks for."""
        return self._ledger.skipped + self._skipped

    def resources(self) -> Iterator[Resource]:
        """The objects of the page."""
        self._ledger = Ledger(self._evidence.target, self.scope, MANIFESTS.hints, partial=False)
        self._skipped = 0
        root = list_path(self._record.request)
        try:
            for found in JsonFile(self._ledger, self._data, _RECOGNISERS).resources():
                claimed = found.controller
                controller = self._owners.top(claimed) if claimed is not None else None
                if controller is not None and self._is_repeated(found, controller):
                    self._skipped += 1
                    continue
                source = object_path(root, found)
                yield msgspec.structs.replace(found, source=source, line=0, controller=controller)
        except NoJson as error:
            self._ledger.add(error.reason)
        except Unreadable as error:
            self._ledger.add(error)

    def _is_repeated(self, found: Resource, controller: Owner) -> bool:
        return found.kind in _OWNED and self._owners.speaks_for(controller)


def list_path(request: str) -> str:
    """The path of the list that answered, or that an object asked for by its name is in."""
    path, query, _ = request.removeprefix("GET ").partition("?")
    return path if query else path.rpartition("/")[0]


def object_path(root: str, resource: Resource) -> str:
    """The path of an object, by that of the list it came in."""
    head, _, plural = root.rpartition("/")
    head = head.partition("/namespaces/")[0]
    inside = f"/namespaces/{resource.namespace}" if resource.namespace else ""
    return f"{head}{inside}/{plural}/{resource.name}"
