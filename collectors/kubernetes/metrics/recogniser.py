"""What the metrics of an API server say of its audit events, of what it prints at ``/metrics``.

::

    kubectl get --raw /metrics > prod.apiserver-metrics

It is known by its name, or begins as metrics do and has those of audit events. Everything else in
it is left out. Counters are those since the server started, of the one server that answered.

Source: k8s.io/apiserver v0.37.2, pkg/audit/metrics.go; Prometheus' text format, version 0.0.4.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

import msgspec

from auditor.late import late
from auditor.model.enums import GapCause
from auditor.model.pointers import pointers_of
from auditor.model.resource import Resource
from collectors.documents.guards import Unreadable
from collectors.documents.ledger import Ledger
from collectors.documents.recognise import (
    TAKES_NOTHING,
    Content,
    DocumentReader,
    FileNames,
    Recogniser,
)

KIND: Final = "k8s/Metrics.apiserver.k8s.io"
NAMED: Final = late(r".+\.apiserver-metrics")

_BEGINS: Final = b"# HELP "
_PREFIX: Final = "apiserver_audit_"
_EVENTS: Final = f"{_PREFIX}event_total"
_LINE: Final = late(
    rf"({_PREFIX}[a-z_]+)(?:\{{([^}}]*)\}})?[ \t]+"
    r"([0-9]{1,20}(?:\.[0-9]{1,20})?(?:e\+?[0-9]{1,2})?)(?:[ \t]+[0-9]{1,20})?"
)
_LEVEL: Final = late(r'(?:^|,)\s*level="([A-Za-z]+)"')
_MOST: Final = 1 << 53
_HINT: Final = "kubectl get --raw /metrics > NAME.apiserver-metrics"


class ApiServerMetrics(Recogniser):
    """Takes the metrics of an API server."""

    names = FileNames(patterns=(NAMED,))

    def content(self, ledger: Ledger, data: bytes) -> Content | None:
        """Take it as a whole, wherever it came from."""
        named = NAMED.fullmatch(posixpath.basename(ledger.source)) is not None
        if not named and not (data.startswith(_BEGINS) and _PREFIX.encode() in data):
            return None
        return _Metrics(ledger, data)

    def may_be_in(self, text: str) -> bool:
        """Return false: what does not begin so is none."""
        del text
        return False

    def reader(self, ledger: Ledger) -> DocumentReader:
        """Begin a file that is parsed: none of its documents is one."""
        del ledger
        return TAKES_NOTHING


class _Metrics:
    """Implements :class:`collectors.documents.recognise.Content`."""

    def __init__(self, ledger: Ledger, data: bytes) -> None:
        self._ledger = ledger
        self._data = data
        self._lines: dict[str, int] = {}

    def resources(self) -> Iterator[Resource]:
        """Yield what the metrics say.

        Raises:
            Unreadable: they do not count audit events.
        """
        counts: dict[str, int] = {}
        levels: dict[str, int] = {}
        for number, line in enumerate(self._data.decode(errors="replace").splitlines(), 1):
            found = _LINE.fullmatch(line.strip()) if line.startswith(_PREFIX) else None
            if found is None:
                continue
            value = min(int(float(found[3])), _MOST)
            level = _LEVEL.search(found[2] or "")
            if level is not None:
                levels[level[1]] = levels.get(level[1], 0) + value
            counts[found[1]] = counts.get(found[1], 0) + value
            self._lines.setdefault(found[1].removeprefix(_PREFIX), number)
        if _EVENTS not in counts:
            raise Unreadable(GapCause.MALFORMED, f"it has no {_EVENTS}", _HINT)
        body = {
            "event_total": counts[_EVENTS],
            "level_total": levels,
            "error_total": counts.get(f"{_PREFIX}error_total", 0),
            "requests_rejected_total": counts.get(f"{_PREFIX}requests_rejected_total", 0),
        }
        name = posixpath.basename(self._ledger.source).partition(".")[0]
        yield Resource(
            kind=KIND,
            api_version="",
            name=name,
            namespace="",
            uid=f"{self._ledger.source}#0",
            source=self._ledger.source,
            document=0,
            line=self._lines["event_total"],
            body=msgspec.json.encode(body),
            clean=False,
        )

    def line(self, number: int, pointer: str) -> int:
        """Return the line of a counter."""
        del number
        return self._lines.get(pointer.split("/")[1] if pointer else "event_total", 1)

    def lines(self, number: int, pointer: str, value: object) -> list[int]:
        """Return the lines of all nodes of a value."""
        return [self.line(number, f"{pointer}{place}") for place in pointers_of(value)]

    def all_lines(self, number: int) -> list[int] | None:
        """Tell that lines have to be looked up."""
        del number
        return None

    def original(self, number: int) -> None:
        """Tell that the body of a resource has no secrets."""
        del number
