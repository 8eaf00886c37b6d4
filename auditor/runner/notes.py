"""Takes down what a shard reads, for a bundle: one record and one body a file."""

from __future__ import annotations

from auditor.evidence.stored_files import Draft
from auditor.evidence.writing import PartWriter
from auditor.model.enums import ANSWERED, Answered
from auditor.model.evidence import Record
from auditor.model.resource import Gap
from auditor.ports import Reading
from auditor.secrets.redactions import Commit


class Notes:
    """One part of a target's evidence; ``moment`` is when the run began to read."""

    def __init__(self, part: PartWriter, moment: str, commit: Commit) -> None:
        self._part = part
        self._commit = commit
        self._moment = moment
        self._number = 0

    def begin(self, reading: Reading) -> Draft:
        """A file is read now; each of its objects goes into the draft."""
        return Draft(reading, self._commit)

    def end(self, reading: Reading, draft: Draft) -> None:
        """All of the file was read."""
        evidence = reading.evidence
        record = Record(
            number=self._next(),
            kind="",
            namespace="",
            request=evidence.request,
            started=self._moment,
            ended=self._moment,
            answered=Answered.OK,
            detail=evidence.how,
            count=len(draft),
            complete=not reading.gaps() and not draft.broken,
            original=evidence.sha256,
            original_size=evidence.size,
        )
        self._part.add(record, draft.body())

    def refused(self, gap: Gap) -> None:
        """A file could not be read."""
        record = Record(
            number=self._next(),
            kind="",
            namespace="",
            request=gap.scope,
            started=self._moment,
            ended=self._moment,
            answered=ANSWERED[gap.cause],
            detail=gap.detail,
            complete=False,
        )
        self._part.add(record, None)

    def close(self) -> tuple[Record, ...]:
        """Write what is left, and return all records: nothing comes any more."""
        return self._part.close()

    def _next(self) -> int:
        self._number += 1
        return self._number
