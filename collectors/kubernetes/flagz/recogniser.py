"""What a component of a control plane prints at ``/flagz``: every flag with the value in effect.

::

    kubectl get --raw /flagz > prod.flagz

It is known by its name, or by its first line, ``apiserver flagz``. Between a flag and its value
stands one of several separators, as the component pleases; a list is in brackets. A flag without a
value is as one that was not given, and is left out.

Source: what kube-apiserver v1.37.2 prints, KEP-4828 (on by default since Kubernetes 1.36).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.late import late
from auditor.model.enums import GapCause
from auditor.model.pointers import pointers_of, steps
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

KIND: Final = "k8s/Flags.component.k8s.io"
NAMED: Final = late(r".+\.flagz")

_COMPONENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "apiserver": "kube-apiserver",
        "kube-apiserver": "kube-apiserver",
        "controller-manager": "kube-controller-manager",
        "kube-controller-manager": "kube-controller-manager",
        "kube-scheduler": "kube-scheduler",
    }
)
_HEAD: Final = late(rb"\s*([a-z-]{1,40}) flagz\r?\n")
_FLAG: Final = late(r"([a-z][a-z0-9-]*)(?:: |:|=| )(.*)")
_HINT: Final = "kubectl get --raw /flagz > NAME.flagz"


class Flagz(Recogniser):
    """Takes the flags of a component."""

    names = FileNames(patterns=(NAMED,))

    def content(self, ledger: Ledger, data: bytes) -> Content | None:
        """Take it as a whole, wherever it came from."""
        named = NAMED.fullmatch(posixpath.basename(ledger.source)) is not None
        return _Flags(ledger, data) if named or _HEAD.match(data) else None

    def may_be_in(self, text: str) -> bool:
        """Return false: what does not begin so is none."""
        del text
        return False

    def reader(self, ledger: Ledger) -> DocumentReader:
        """Begin a file that is parsed: none of its documents is one."""
        del ledger
        return TAKES_NOTHING


class _Flags:
    """Implements :class:`collectors.documents.recognise.Content`."""

    def __init__(self, ledger: Ledger, data: bytes) -> None:
        self._ledger = ledger
        self._data = data
        self._lines: dict[str, int] = {}

    def resources(self) -> Iterator[Resource]:
        """Yield the flags.

        Raises:
            Unreadable: it is not what a component prints.
        """
        head = _HEAD.match(self._data)
        component = _COMPONENTS.get(head[1].decode()) if head is not None else None
        if head is None or component is None:
            raise Unreadable(GapCause.MALFORMED, "no component printed its flags in it", _HINT)
        flags: dict[str, list[str]] = {}
        above = self._data[: head.end()].count(b"\n")
        below = self._data[head.end() :].decode(errors="replace")
        for number, line in enumerate(below.splitlines(), above + 1):
            found = _FLAG.fullmatch(line.rstrip())
            value = _value(found[2]) if found is not None else ""
            if found is not None and value:
                flags[found[1]] = [value]
                self._lines[found[1]] = number
        if not flags:
            raise Unreadable(GapCause.MALFORMED, "it has no flags", _HINT)
        yield Resource(
            kind=KIND,
            api_version="",
            name=posixpath.basename(self._ledger.source).partition(".")[0],
            namespace="",
            uid=f"{self._ledger.source}#0",
            source=self._ledger.source,
            document=0,
            line=1,
            body=msgspec.json.encode({"component": component, "flags": flags}),
            clean=False,
        )

    def line(self, number: int, pointer: str) -> int:
        """Return the line of a flag."""
        del number
        parts = list(steps(pointer))
        return self._lines.get(parts[1], 1) if len(parts) > 1 else 1

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


def _value(text: str) -> str:
    """The value as an argument has it: of a list without its brackets."""
    value = text.strip()
    return value[1:-1] if value.startswith("[") and value.endswith("]") else value
