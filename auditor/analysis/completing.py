"""What completes facts of objects: other objects of the target that decide what a fact leaves open.

A pod template says nothing of memory, and a LimitRange of its namespace fills a limit in. The rule
that misses the limit judges one body, so the body has to be complete before it is judged. A worker
that reads the template has not read the LimitRange, perhaps; so it judges the template as it is
written, keeps apart what rules on the completed parts said, and leaves a row::

    worker 1   Deployment vllm, in ml     what rules on images said     findings, as of any template
                                          what rules on limits said     held by a row
                                          what those rules read         body of the row
    worker 2   LimitRange defaults, ml    limits.memory: 2Gi            row

    parent     nothing completes vllm       what was held are its findings, byte for byte
               the LimitRange does          the completed body is judged, and what was held is gone
               LimitRanges were denied      where the verdict could be another one, there is none

So a finding is as it was, with the same element and fingerprint, and a template in a namespace of
its own costs a row. What rules read is all that a row has; rows of the pods of one controller that
are equal in that are one, with a count.

Keys begin with the namespace: what completes is at ``(namespace, "")``, or ``()`` for all of them,
which both sort before what waits there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

import msgspec

from auditor.analysis.protocol import Extracting, Groups, Held, Key, Row
from auditor.model.fact import Origin, Spot
from auditor.model.resource import Gap, Resource
from auditor.platforms.shape import Path

WAITING: Final = "waiting"
"""The tag of what waits; a row of one object has it, or of several that one controller made."""

Spots = tuple[tuple[str, Spot | None], ...]
"""Where values of a body were read, by their pointers; see :class:`auditor.model.fact.Fact`."""


class Aspect(msgspec.Struct, frozen=True):
    """A part of a fact that objects of some kinds complete.

    ``paths`` are where in its body (``*`` is any element). ``asked``: live targets are asked for
    these kinds wherever a rule reads such a path.
    """

    paths: tuple[Path, ...]
    kinds: frozenset[str]
    asked: bool = True


Aspects = Mapping[str, Aspect]
"""The parts of a fact that may be completed, by name."""


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """A fact of an object as its row has it.

    ``aspects`` are the names of those that it waits for. ``body`` is what the rules read that look
    at them, ``spots`` where in its object that stands. The others are as in
    :class:`auditor.model.fact.Fact`.
    """

    kind: str
    aspects: tuple[str, ...]
    body: dict[str, object]
    spots: Spots
    part: str = ""
    heuristic: bool = False
    rank: str = "0"


class Otherwise(msgspec.Struct, frozen=True):
    """What a body could be if there were objects of a kind that were not read.

    It is made where that is asked: most targets are read as a whole.
    """

    kinds: frozenset[str]
    body: Callable[[], dict[str, object]]


class Completed(msgspec.Struct, frozen=True):
    """What came of a waiting fact.

    ``body`` is None where nothing completes it, and then is as its row has it. ``spots`` are for
    what was completed: those of ``related`` are counted from 1. ``otherwise`` is looked at only
    where something of its kinds was not read.
    """

    row: Row
    waiting: Waiting
    body: dict[str, object] | None = None
    spots: Spots = ()
    related: tuple[Origin, ...] = ()
    otherwise: tuple[Otherwise, ...] = ()


class CompletingAnalysis(Extracting, Protocol):
    """Completes facts of objects by other objects of their target."""

    @property
    def completes(self) -> Mapping[str, Aspects]:
        """What is completed of each kind of fact, by what."""
        ...

    def awaits(self, fact: Resource) -> tuple[str, ...]:
        """Name the aspects of a fact that other objects may complete, in order; none, mostly."""
        ...

    def complete(self, groups: Groups) -> Iterator[Completed | Gap]:
        """Yield what became of each waiting fact."""
        ...


def waiting_key(namespace: str, origin: Origin, waiting: Waiting, *, alone: bool) -> Key:
    """The key of a waiting fact: equal for what one controller made and rules read as equal.

    One that is ``alone`` has no equal.
    """
    parts = (origin.rendered, origin.source, str(origin.document), origin.pointer)
    place = "\0".join(parts) if alone else ""
    told = msgspec.json.encode((waiting.body, waiting.aspects, place.encode("utf-8", "replace")))
    digest = hashlib.sha256(told).hexdigest()[:32]
    return (namespace, WAITING, origin.kind, origin.name, waiting.part, digest)


def together(one: Row, other: Row) -> Row:
    """Two rows that wait for the same as one, which stands for both."""
    mine, theirs = one.held, other.held
    if mine is None or theirs is None:
        raise TypeError(f"a row that waits holds nothing: {one.key}")
    first = min(one, other, key=_order)
    held = first.held or mine
    covers = mine.covers + theirs.covers
    return msgspec.structs.replace(first, held=Held(held.lines, held.tally, covers))


def _order(row: Row) -> tuple[str, int, str]:
    origin = row.read_at
    return origin.source, origin.document, origin.pointer
