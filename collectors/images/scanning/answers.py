"""What a scanner answered, read again: the same reports now and in a year, without the scanner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from auditor.model.evidence import Record
from auditor.model.images import Configuration, Database, Files, Report
from auditor.model.resource import Resource
from auditor.platforms.images import CONFIGURATION, DATABASE, FILES
from collectors.documents.guards import Unreadable
from collectors.http.stored_answers import StoredAnswer, StoredAnswers
from collectors.images import trivy
from collectors.images.scanning.target import SCANNERS

_HINT: Final = "is it a report of Trivy?"
_decode_files = msgspec.json.Decoder(Files).decode
_decode_configuration = msgspec.json.Decoder(Configuration).decode


@dataclass(frozen=True, slots=True)
class ReportsCollector(StoredAnswers):
    """Reads the kept answers of the scanner."""

    def reading(self, record: Record, data: bytes) -> ReportReading:
        """Read one answer."""
        return ReportReading(self.entry.uri, record, data)


class ReportReading(StoredAnswer):
    """Reads one kept answer."""

    def __init__(self, target: str, record: Record, data: bytes) -> None:
        super().__init__(target, record, data, _HINT)

    def resources(self) -> Iterator[Resource]:
        """The report, the database, or what was found of an image that lies here."""
        self._gaps = []
        found: Report | Database | Files | Configuration | None
        try:
            name = self._record.request.rpartition(" ")[2]
            if self._record.kind == FILES:
                found = _decode_files(self._data)
            elif self._record.kind == CONFIGURATION:
                found = _decode_configuration(self._data)
            elif self._record.kind == DATABASE:
                found = trivy.database_of(self._data)
                name = found.scanner
            else:
                found = trivy.report_of(self._data)
        except Unreadable as error:
            self._gap(error.detail)
            return
        except (msgspec.DecodeError, RecursionError) as error:
            self._gap(str(error))
            return
        if isinstance(found, Report) and f"--scanners {SCANNERS}" in self._record.request:
            found = msgspec.structs.replace(found, looked=tuple(SCANNERS.split(",")))
        if found is not None:
            yield Resource(
                kind=self._record.kind,
                api_version="",
                name=name,
                namespace="",
                uid=f"/{name}",
                source=f"/{name}",
                document=0,
                line=0,
                body=msgspec.json.encode(found),
                clean=False,
            )
