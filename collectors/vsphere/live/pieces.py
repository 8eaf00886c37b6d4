"""Reads what does not come as a page in smaller pieces, down to one property of one object.

A guest writes what its machine is called inside, and whoever may edit a machine its parameters. One
of them with 64 MB, or with a sign that XML may not have, makes an answer that nobody can read; the
machines that happen to stand beside it on the page are not to be lost for that::

    a page of 100         more than we read
    50 of them            more than we read
    ...
    vm-17                 more than we read
    half of its properties, and so on
    vm-17 extraConfig     more than we read: this alone is missing
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from http import HTTPStatus
from typing import Final

from auditor.model.enums import Answered
from collectors.http.failures import Unanswered
from collectors.vsphere.live.calls import Faulted
from collectors.vsphere.live.faults import Fault
from collectors.vsphere.live.pages import Found, Missing, Pages, Start

_TOGETHER: Final = 25
_LISTED: Final = 500
MOST_FAILED: Final = 2_000
"""Answers of a kind that can't be read, before it is given up."""


def is_divisible(error: Unanswered) -> bool:
    """Whether a smaller answer may be one that can be read."""
    if isinstance(error, Faulted):
        return False  # the server understood, and refuses
    too_large = error.answered is Answered.TRUNCATED and error.code == HTTPStatus.OK
    return too_large or error.answered is Answered.MALFORMED


class Pieces:
    """Objects of one type of one server; ``paths`` are the properties that are wanted."""

    def __init__(
        self, pages: Pages, kind: str, paths: Sequence[str], most: int = MOST_FAILED
    ) -> None:
        self._pages = pages
        self._kind = kind
        self._paths = tuple(paths)
        self._left = most

    def beside(self, start: Start, seen: AbstractSet[str]) -> Iterator[list[Found]]:
        """Read all objects but those that are known.

        What can't be read of an object is missing there, for the reason that there was.

        Raises:
            Unanswered: they can't be listed, or too many of them can't be read.
        """
        listed = [
            Start(self._kind, each.identity)
            for page in self._pages.of(start, ((self._kind, ("parent",)),), _LISTED)
            for each in page
            if each.identity not in seen
        ]
        for first in range(0, len(listed), _TOGETHER):
            yield list(self._read(listed[first : first + _TOGETHER]))

    def _read(self, starts: Sequence[Start]) -> Iterator[Found]:
        try:
            yield from self._pages.several(starts, self._paths)
        except Unanswered as error:
            self._count(error)
            middle = len(starts) // 2
            if middle:
                yield from self._read(starts[:middle])
                yield from self._read(starts[middle:])
            else:
                yield from self._halves(starts[0], self._paths, error)

    def _halves(self, start: Start, paths: Sequence[str], error: Unanswered) -> list[Found]:
        """Read one object by half of its properties at a time; none where it went meanwhile."""
        middle = len(paths) // 2
        if not middle:
            fault = Fault("", error.detail, cause=error.answered)
            lost = tuple(Missing(path, fault) for path in paths)
            return [Found(start.type, start.identity, {}, lost)]
        found: list[Found] = []
        for half in (paths[:middle], paths[middle:]):
            try:
                found += self._pages.several([start], half)
            except Unanswered as again:
                self._count(again)
                found += self._halves(start, half, again)
        values = {path: value for each in found for path, value in each.values.items()}
        missing = tuple(lost for each in found for lost in each.missing)
        return [Found(start.type, start.identity, values, missing)] if found else []

    def _count(self, error: Unanswered) -> None:
        """Give up on what is no matter of size, and after many.

        Raises:
            Unanswered: the error.
        """
        self._left -= 1
        if self._left < 0 or not is_divisible(error):
            raise error
