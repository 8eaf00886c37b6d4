"""One file: its digest at once, its objects when asked, its lines when something was found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from auditor.model.resource import Evidence, Gap, Resource
from collectors.kubernetes.manifests.blocks import Memory
from collectors.kubernetes.manifests.guards import Unreadable
from collectors.kubernetes.manifests.json_file import JsonFile, NoJson
from collectors.kubernetes.manifests.ledger import Ledger
from collectors.kubernetes.manifests.yaml_file import YamlFile


class ManifestReading:
    """Implements :class:`auditor.ports.Reading` for one file of manifests."""

    def __init__(self, target: str, source: str, data: bytes, memory: Memory) -> None:
        """``memory`` is shared by the files of a worker."""
        self._data = data
        self._memory = memory
        self._ledger = Ledger(target, source)
        self._file: YamlFile | JsonFile | None = None
        digest = hashlib.sha256(data).hexdigest()
        self._evidence = Evidence(target, source, digest, len(data))

    @property
    def source(self) -> str:
        """Path relative to the target."""
        return self._evidence.request

    @property
    def evidence(self) -> Evidence:
        """The file with its digest."""
        return self._evidence

    def gaps(self) -> Sequence[Gap]:
        """What could not be read in the file."""
        return self._ledger.gaps()

    def skipped(self) -> int:
        """Documents that are no Kubernetes object."""
        return self._ledger.skipped

    def resources(self) -> Iterator[Resource]:
        """The objects of the file, lists taken apart."""
        self._ledger = Ledger(self._evidence.target, self._evidence.request)
        try:
            if self._data.lstrip()[:1] in {b"{", b"["}:
                try:
                    self._file = JsonFile(self._ledger, self._data)
                    yield from self._file.resources()
                except NoJson:
                    pass
                else:
                    return
            self._file = YamlFile(self._ledger, self._data, self._memory)
            yield from self._file.resources()
        except Unreadable as error:
            self._ledger.add(error)

    def line(self, document: int, pointer: str) -> int:
        """The line of a field; see :meth:`auditor.ports.Reading.line`."""
        return 0 if self._file is None else self._file.line(document, pointer)
