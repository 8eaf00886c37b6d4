"""Takes down what was asked of an engine and what came back, in the order of the questions."""

from __future__ import annotations

from collections.abc import Callable

from auditor.model.enums import Answered
from auditor.model.evidence import Record
from auditor.ports import Sink
from collectors.http.failures import Unanswered


class Notes:
    """Numbers the questions of one host; ``now`` is the time in RFC 3339."""

    def __init__(self, sink: Sink, now: Callable[[], str]) -> None:
        self._sink = sink
        self._now = now
        self._number = 0
        self._since = now()

    def heard(self, kind: str, request: str, body: bytes, count: int) -> None:
        """Keep an answer with ``count`` resources of a kind; "" of what only tells of others."""
        self._sink.add(self._record(kind, f"GET {request}", Answered.OK, 200, count=count), body)

    def failed(self, kind: str, request: str, error: Unanswered) -> None:
        """Keep that there was no answer, and why."""
        record = self._record(kind, f"GET {request}", error.answered, error.code, error.detail)
        self._sink.add(record, None)

    def saw(self, kind: str, request: str, body: bytes) -> None:
        """Keep what was seen of the host for a kind; "" of what only tells which host it is."""
        self._sink.add(self._record(kind, request, Answered.OK, count=int(bool(kind))), body)

    def missed(self, kind: str, request: str, answered: Answered, detail: str) -> None:
        """Keep that something of the host is not known, and why."""
        self._sink.add(self._record(kind, request, answered, detail=detail), None)

    def _record(
        self,
        kind: str,
        request: str,
        answered: Answered,
        code: int = 0,
        detail: str = "",
        count: int = 0,
    ) -> Record:
        self._number += 1
        started, self._since = self._since, self._now()
        return Record(
            number=self._number,
            kind=kind,
            namespace="",
            request=request,
            started=started,
            ended=self._since,
            answered=answered,
            code=code,
            detail=detail,
            count=count,
            complete=answered is Answered.OK,
        )
