"""The lines of findings about one resource: where its fields stand is looked up once for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from auditor.engine.lines import (
    LineWriter,
    Located,
    Pointer,
    Where,
    body_pointer,
    source_pointer,
    text,
)
from auditor.engine.outcome import BodyPath, Outcome
from auditor.model.resource import Resource, Target

_POINTERS_KEPT: Final = 4_096

LineOf = Callable[[str], int]
"""The line of a JSON pointer in the source of the resource at hand; 0 when there is none."""


class LinesAbout:
    """Writes lines about one resource; what they have in common is made once."""

    __slots__ = (
        *("_evidence", "_line_of", "_located", "_pointers", "_resource", "_target", "_where"),
        "_writer",
    )

    def __init__(
        self,
        writer: LineWriter,
        resource: Resource,
        target: Target,
        line_of: LineOf,
        evidence: str,
    ) -> None:
        """``evidence`` is the digest of the source."""
        self._writer = writer
        self._resource = resource
        self._target = target
        self._line_of = line_of
        self._evidence = (evidence,)
        self._pointers = writer.pointers(resource)
        self._located: dict[BodyPath, Located] = {}
        self._where: Where | None = None

    def lines(self, outcomes: Sequence[Outcome], covers: int = 1) -> list[bytes]:
        """Encode some outcomes; each stands for so many resources."""
        if not outcomes:
            return []
        where = self._where
        if where is None:
            where = self._where = self._writer.where(self._resource, self._target)
        line, locate, evidence = self._writer.line, self._locate, self._evidence
        return [line(where, outcome, locate, evidence, covers) for outcome in outcomes]

    def pointer(self, path: BodyPath) -> str | None:
        """Where a path of the body stands in the source; see :meth:`Resource.in_source`."""
        return self._pointer(path)[0]

    def _locate(self, path: BodyPath) -> Located:
        known = self._located.get(path)
        if known is None:
            pointer, shown = self._pointer(path)
            known = Located(shown, 0 if pointer is None else self._line_of(pointer))
            if self._resource.files and known.line and pointer is not None:
                file = self._resource.file_of(pointer)
                known = known if file == self._resource.source else known._replace(file=file)
            self._located[path] = known
        return known

    def _pointer(self, path: BodyPath) -> Pointer:
        """The pointer of a path in the source, plain and as JSON; the same ones come up often."""
        known = self._pointers.get(path)
        if known is None:
            pointer = source_pointer(self._resource, path)
            if pointer is None:
                shown = f'{text(body_pointer(path))},"fact":{text(self._resource.kind)}'
            else:
                shown = text(pointer)
            known = (pointer, shown)
            if len(self._pointers) < _POINTERS_KEPT:
                self._pointers[path] = known
        return known
