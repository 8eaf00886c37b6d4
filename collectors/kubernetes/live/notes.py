"""Takes down what was asked of a cluster and what came back, in the order of the questions."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from auditor.model.enums import Answered
from auditor.model.evidence import Record
from auditor.ports import Sink
from auditor.secrets.redactions import Commit
from collectors.http.client import Answer
from collectors.http.failures import Unanswered
from collectors.kubernetes.live.discovery import Served
from collectors.kubernetes.live.listing import Got
from collectors.kubernetes.live.normalize import Page


class Notes:
    """Numbers the questions of one cluster; ``now`` is the time in RFC 3339."""

    def __init__(self, sink: Sink, now: Callable[[], str]) -> None:
        self._sink = sink
        self._now = now
        self._number = 0
        self._since = now()

    @property
    def commit(self) -> Commit | None:
        """How to commit to what is left out."""
        return self._sink.commit

    def heard(self, path: str, answer: Answer) -> None:
        """Keep what the server says that it serves, which are not resources."""
        self._sink.add(self._record("", "", f"GET {path}", None), answer.body)

    def page(self, served: Served, namespace: str, got: Got, page: Page | None) -> None:
        """One request for a page of a list."""
        query = "&".join(f"{name}={value}" for name, value in got.asked.query().items())
        request = f"GET {got.asked.path}?{query}"
        self._add(self._record(served.kind, namespace, request, got.error, got.note, page), page)

    def one(
        self, kind: str, namespace: str, path: str, found: Page | None, error: Unanswered | None
    ) -> None:
        """One request for an object by its name."""
        self._add(self._record(kind, namespace, f"GET {path}", error, "", found), found)

    def printed(self, kind: str, path: str, body: bytes | None, error: Unanswered | None) -> None:
        """One request for what the server prints of itself; its text is cleaned by the sink."""
        record = self._record(kind, "", f"GET {path}", error)
        count = 0 if body is None else 1
        self._sink.add(msgspec.structs.replace(record, count=count), body)

    def kubelet(
        self, kind: str, request: str, body: bytes | None, error: Unanswered | None
    ) -> None:
        """One request to a kubelet; the sink cleans what it said."""
        record = self._record(kind, "", request, error)
        self._sink.add(msgspec.structs.replace(record, count=0 if body is None else 1), body)

    def _add(self, record: Record, page: Page | None) -> None:
        if page is None or not page.count:
            self._sink.add(record, None)
        else:
            self._sink.add(record, page.body)

    def _record(
        self,
        kind: str,
        namespace: str,
        request: str,
        error: Unanswered | None,
        note: str = "",
        page: Page | None = None,
    ) -> Record:
        self._number += 1
        started, self._since = self._since, self._now()
        return Record(
            number=self._number,
            kind=kind,
            namespace=namespace,
            request=request,
            started=started,
            ended=self._since,
            answered=error.answered if error is not None else Answered.OK,
            code=error.code if error is not None else 200,
            detail=error.detail if error is not None else note,
            count=page.count if page is not None else 0,
            complete=error is None,
            resource_version=page.resource_version if page is not None else "",
        )
