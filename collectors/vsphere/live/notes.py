"""Takes down what was asked of a server and what came back, in the order of the questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from auditor.model.enums import Answered
from auditor.model.evidence import Record
from auditor.ports import Sink
from collectors.http.failures import Unanswered
from collectors.vsphere.live.allowlist import PATH


class Notes:
    """Numbers the questions of one server; ``now`` is the time in RFC 3339."""

    def __init__(self, sink: Sink, now: Callable[[], str]) -> None:
        self._sink = sink
        self._now = now
        self._number = 0
        self._since = now()

    def heard(
        self, kind: str, request: str, objects: Sequence[dict[str, Any]], path: str = PATH
    ) -> None:
        """Keep the objects of an answer."""
        body = msgspec.json.encode(objects)
        self._sink.add(self._record(kind, (path, request), None, len(objects)), body)

    def failed(self, kind: str, request: str, error: Unanswered, path: str = PATH) -> None:
        """Keep that there was no answer, and why."""
        self._sink.add(self._record(kind, (path, request), error, 0), None)

    def _record(
        self, kind: str, request: tuple[str, str], error: Unanswered | None, count: int
    ) -> Record:
        self._number += 1
        started, self._since = self._since, self._now()
        return Record(
            number=self._number,
            kind=kind,
            namespace="",
            request=" ".join(("POST", *filter(None, request))),
            started=started,
            ended=self._since,
            answered=error.answered if error is not None else Answered.OK,
            code=error.code if error is not None else 200,
            detail=error.detail if error is not None else "",
            count=count,
            complete=error is None,
        )
