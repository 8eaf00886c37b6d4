"""One file: its digest at once, its objects when asked, its lines when something was found."""

from __future__ import annotations

import hashlib
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence

from auditor.model.resource import Evidence, Gap, Resource
from collectors.documents.blocks import Memory
from collectors.documents.guards import MAX_PARSED, Unreadable
from collectors.documents.ledger import Ledger
from collectors.kubernetes.manifests.json_file import JsonFile
from collectors.kubernetes.manifests.json_stream import NoJson
from collectors.kubernetes.manifests.yaml_file import YamlFile

_JSON_STARTS = frozenset((b"{", b"["))


class ManifestReading:
    """Implements :class:`auditor.ports.Reading` for one file of manifests."""

    def __init__(self, target: str, source: str, data: bytes, memory: Memory) -> None:
        """``memory`` is shared by the files of a worker."""
        self._data = data.removeprefix(BOM_UTF8)
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
    def scope(self) -> str:
        """The file: it may hold any kind."""
        return self.source

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

    def skipped_lines(self) -> Sequence[int]:
        """Where the first of them begin."""
        return self._ledger.skipped_lines

    def resources(self) -> Iterator[Resource]:
        """The objects of the file, lists taken apart."""
        self._ledger = Ledger(self._evidence.target, self._evidence.request)
        try:
            if self._data.lstrip()[:1] in _JSON_STARTS:
                yield from self._json()
            else:
                yield from self._yaml()
        except Unreadable as error:
            self._ledger.add(error)

    def _json(self) -> Iterator[Resource]:
        """Read JSON; a small text that is none may be YAML that begins like it."""
        alone = self.source.lower().endswith(".json") or len(self._data) > MAX_PARSED
        file = self._file = JsonFile(self._ledger, self._data, alone=alone)
        try:
            yield from file.resources()
        except NoJson as error:
            if alone:
                raise error.reason from error
            yield from self._yaml()

    def _yaml(self) -> Iterator[Resource]:
        file = self._file = YamlFile(self._ledger, self._data, self._memory)
        yield from file.resources()

    def line(self, document: int, pointer: str) -> int:
        """The line of a field; see :meth:`auditor.ports.Reading.line`."""
        return 0 if self._file is None else self._file.line(document, pointer)

    def original(self, document: int) -> object:
        """The object with its secrets; see :meth:`auditor.ports.Reading.original`."""
        return self._file.original(document) if isinstance(self._file, YamlFile) else None

    def all_lines(self, document: int) -> list[int] | None:
        """The lines of a whole object; see :meth:`auditor.ports.Reading.all_lines`."""
        return self._file.all_lines(document) if isinstance(self._file, YamlFile) else None

    def lines(self, document: int, pointer: str, value: object) -> list[int]:
        """The lines of all nodes; see :meth:`auditor.ports.Reading.lines`."""
        return [0] if self._file is None else self._file.lines(document, pointer, value)
