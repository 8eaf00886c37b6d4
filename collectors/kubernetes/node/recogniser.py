"""What the script printed on a node, by its first line, or by what the file is called."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

import msgspec

from auditor.late import late
from auditor.model.pointers import pointers_of, steps
from auditor.model.resource import Resource
from collectors.documents.ledger import Ledger
from collectors.documents.recognise import (
    TAKES_NOTHING,
    Content,
    DocumentReader,
    FileNames,
    Recogniser,
)

NAMED: Final = late(r".+\.node-probe")
_HEADER: Final = b"auditor-node "


class NodeProbes(Recogniser):
    """Takes what the script printed."""

    names = FileNames(patterns=(NAMED,))

    def content(self, ledger: Ledger, data: bytes) -> Content | None:
        """Take it as a whole, wherever it came from."""
        named = NAMED.fullmatch(posixpath.basename(ledger.source)) is not None
        if not named and not data.startswith(_HEADER):
            return None
        return NodeProbe(ledger, data)

    def may_be_in(self, text: str) -> bool:
        """Return false: what does not begin so is none."""
        del text
        return False

    def reader(self, ledger: Ledger) -> DocumentReader:
        """Begin a file that is parsed: none of its documents is one."""
        del ledger
        return TAKES_NOTHING


class NodeProbe:
    """Implements :class:`collectors.documents.recognise.Content` for one node."""

    def __init__(self, ledger: Ledger, data: bytes) -> None:
        self._ledger = ledger
        self._data = data
        self._bodies: list[dict[str, object]] = []
        self._lines: dict[str, int] = {}

    def resources(self) -> Iterator[Resource]:
        """Yield what was seen of the node, a kind each.

        Raises:
            Unreadable: it is not all that the script printed.
        """
        from collectors.kubernetes.node.framing import (  # noqa: PLC0415 - where there is a probe
            FramingError,
            parse,
        )
        from collectors.kubernetes.node.shapes import bodies, malformed  # noqa: PLC0415 - the same

        try:
            seen = parse(self._data)
        except FramingError as error:
            raise malformed(str(error), cut=error.cut) from error
        self._lines = dict(seen.lines)
        about = {"boot": seen.boot, "machine": seen.machine, "time": seen.time, "user": seen.user}
        for number, (kind, body) in enumerate(bodies(seen)):
            self._bodies.append(body)
            node = str(body["node"])
            yield Resource(
                kind=kind,
                api_version="",
                name=node,
                namespace="",
                uid=f"{node}#{kind}",
                source=self._ledger.source,
                document=number,
                line=1,
                body=msgspec.json.encode({**body, "probe": about}),
                clean=False,
            )

    def line(self, number: int, pointer: str) -> int:
        """Return the line of what was seen at a path, 1 for what comes of more than one."""
        found: object = self._bodies[number]
        line = 1
        for step in steps(pointer):
            if isinstance(found, dict):
                found = found.get(step)
            elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            else:
                break
            if isinstance(found, dict) and isinstance(found.get("path"), str):
                line = self._lines.get(found["path"], line)
        return line

    def lines(self, number: int, pointer: str, value: object) -> list[int]:
        """Return the lines of all nodes of a value."""
        return [self.line(number, f"{pointer}{place}") for place in pointers_of(value)]

    def all_lines(self, number: int) -> list[int] | None:
        """Tell that lines have to be looked up."""
        del number
        return None

    def original(self, number: int) -> None:
        """Tell that the body of a resource has its secrets."""
        del number


NODE_PROBES: Final = NodeProbes()
