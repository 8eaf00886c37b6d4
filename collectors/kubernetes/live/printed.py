"""What an API server prints of itself at paths that are no resources: its flags, its counters.

::

    GET /flagz      accept: text/plain     apiserver flagz …    kept as it came
    GET /metrics    accept: text/plain     megabytes            the lines on audit events are kept

They become what a saved file of the same text becomes (:mod:`collectors.kubernetes.flagz`,
:mod:`collectors.kubernetes.metrics`), but that it is known whose they are. Behind one address may
be several servers: it is one of them that answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from auditor.model.enums import Answered
from auditor.model.evidence import Record
from auditor.model.resource import Resource, Target
from auditor.platforms.kubernetes import COMPONENT_FLAGS, METRICS, PRINTED
from collectors.documents.guards import Unreadable
from collectors.documents.ledger import Ledger
from collectors.http.client import TEXT, Client
from collectors.http.failures import Unanswered
from collectors.http.stored_answers import StoredAnswer
from collectors.kubernetes.flagz.recogniser import Flagz
from collectors.kubernetes.manifests.recogniser import MANIFESTS
from collectors.kubernetes.metrics.recogniser import ApiServerMetrics

_OF_AUDIT: Final = b"apiserver_audit_"
_NAME: Final = "kube-apiserver"
_RECOGNISERS: Final = {COMPONENT_FLAGS: Flagz(), METRICS: ApiServerMetrics()}
_HINT: Final = "is there a proxy in between?"


def printed(client: Client, path: str) -> bytes:
    """Ask for what a server prints, and leave out what nothing rests on.

    Raises:
        Unanswered: it does not answer with a text, or there is nothing of use in it.
    """
    body = client.get(path, accept=TEXT).body
    if path != PRINTED[METRICS]:
        return body
    kept = b"".join(line for line in body.splitlines(keepends=True) if _OF_AUDIT in line)
    if not kept:
        raise Unanswered(Answered.MALFORMED, "the answer counts no audit events", _HINT)
    return kept


class PrintedReading(StoredAnswer):
    """Reads what was kept of one answer."""

    def __init__(self, target: Target, record: Record, data: bytes) -> None:
        """``target`` is the cluster that was asked."""
        super().__init__(target.uri, record, data, _HINT)
        self._cluster = target

    def resources(self) -> Iterator[Resource]:
        """Yield the flags, or the counters; what can't be understood becomes a gap."""
        path = PRINTED[self._record.kind]
        ledger = Ledger(self._cluster.uri, path, MANIFESTS.hints, partial=False)
        content = _RECOGNISERS[self._record.kind].content(ledger, self._data)
        try:
            if content is None:
                self._gap("the answer is not what an API server prints there")
                return
            for found in content.resources():
                uid = f"{self._cluster.uid}{path}"
                yield msgspec.structs.replace(found, name=_NAME, uid=uid, line=0)
        except Unreadable as error:
            self._gap(error.detail)
