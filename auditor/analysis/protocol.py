"""What an analysis is: it derives facts, at one of three stages, and never judges.

``object``: what one object holds, derived in the worker that reads it. A Deployment holds a pod
template; the fact is judged at once, with the object.

``target`` and ``run``: what takes many objects. An analysis *extracts* rows in the workers, and
*derives* facts of them when a target, or the whole run, has been read. Here is how the posture of
a namespace comes about, of a target that two workers read::

    worker 1   NetworkPolicy deny, in ml         row  key (ml,)  tag policies   {"name": "deny", …}
               Deployment vllm, in ml            row  key (ml,)  tag workloads  {"count": 1}
               CronJob report, in ml             combined with the row before   {"count": 2}
    worker 2   Namespace ml                      row  key (ml,)  tag namespace  {"labels": …}
               ClusterNetworkPolicy deny-all     row  key ()     tag policies   {"kind": …}

    parent     the rows of key (), which are about all others, come first; then key (ml,) with its
               rows in the order of their tags and places; of these the analysis derives one fact.

A row is small: a few fields, where they were read, and the lines that a finding may point to. Rows
are remembered with the file that they are of, sorted into files where there are many, and joined as
sorted lines are, so what a run holds in memory does not grow with the estate. What an analysis
derives must not depend on the order in which workers end: rows of one key come sorted.

An analysis of the run may need what an analysis of a target found out. That one then *hands on*
rows as it derives its facts (:class:`Handed`), and the other meets them among those that it
extracted itself.

``feeds`` says which kinds the fields of a fact rest on: what is to be collected for a rule that
reads them, and what takes its verdicts back when it could not be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Final, Protocol, TypeAlias, runtime_checkable

import msgspec

from auditor.model.fact import Fact, Origin
from auditor.model.resource import Gap, Resource, Target

Key: TypeAlias = tuple[str, ...]
"""What the rows of one fact share; () is for rows about all keys."""

Feeds: TypeAlias = Mapping[str, Mapping[str, frozenset[str]]]
"""Kind of fact to field of its body to the kinds, read or derived, that the field rests on.

The field "" stands for the fact itself: without those kinds there is none.
"""

Tables: TypeAlias = Mapping[str, Sequence[Mapping[str, object]]]
"""The rows of each table of a policy, by its name."""

OTHERS: Final = "*"
"""Among what an analysis reads: every object of a kind that no platform lists, a custom one."""

LineIn: TypeAlias = Callable[[int, str], int]
"""The line of a JSON pointer in a document of the source at hand; 0 where there are none."""


class Stage(Enum):
    """When the facts of an analysis are derived."""

    OBJECT = "object"
    TARGET = "target"
    RUN = "run"


def _unknown(_: int) -> bool:
    return False


class Site(msgspec.Struct, frozen=True):
    """The source that is being read: its target, its digest, and the lines in it.

    ``on_one_line`` says of a document whether all of its fields have one line; where it does not,
    nobody knows that at once.
    """

    target: Target
    digest: str
    line_in: LineIn
    on_one_line: Callable[[int], bool] = _unknown

    def has_lines(self, resource: Resource) -> bool:
        """Whether fields of a resource may have other lines than its own."""
        return bool(resource.line) and not self.on_one_line(resource.document)

    def origin(self, resource: Resource, pointer: str = "", fields: Iterable[str] = ()) -> Origin:
        """Say where a resource stands, with the lines of the fields at some pointers.

        None of them is kept where all stand in the line of the resource, as in a page of JSON.
        """
        lines: list[tuple[str, int]] = []
        if self.has_lines(resource):
            lines = [(field, self.line_in(resource.document, field)) for field in fields]
            if all(line == resource.line for _, line in lines):
                lines = []
        return Origin(
            target=self.target.uri,
            target_uid=self.target.uid,
            kind=resource.kind,
            namespace=resource.namespace,
            name=resource.name,
            uid=resource.uid,
            source=resource.source,
            document=resource.document,
            line=resource.line,
            digest=self.digest,
            pointer=pointer,
            lines=tuple(lines),
            rendered=resource.rendered,
        )


class Held(msgspec.Struct, frozen=True, gc=False):
    """What rules said of a fact that others may complete: it stands if nothing completes it.

    ``lines`` and ``tally`` are as the engine writes them, of one such fact; ``covers`` is how many
    there are.
    """

    lines: tuple[bytes, ...]
    tally: bytes
    covers: int = 1


class Row(msgspec.Struct, frozen=True, gc=False):
    """What a joining analysis takes of one resource, or of several that it combined.

    ``tag`` says to the analysis what kind of row it is; ``body`` is JSON without secrets.
    ``origin`` is None of what is only counted. ``held`` is of a fact that waits to be completed
    (:mod:`auditor.analysis.completing`), and no analysis looks into it.
    """

    key: Key
    tag: str
    origin: Origin | None
    body: bytes
    held: Held | None = None

    @property
    def read_at(self) -> Origin:
        """The object that it was taken of.

        Raises:
            TypeError: it was only counted.
        """
        if self.origin is None:
            raise TypeError(f"a row {self.tag} of {self.key} that stands nowhere")
        return self.origin


class Handed(msgspec.Struct, frozen=True):
    """What an analysis of a target hands on to one of the run: its id, and what makes the rows.

    Nothing is made where a run has no such analysis, or nothing to join.
    """

    to: str
    rows: Callable[[], Iterable[Row]]


Groups: TypeAlias = Iterator[tuple[Key, Iterator[Row]]]
"""Rows by key, the one for all keys first, then in the order of keys.

The rows of a key are sorted by tag, then by source, document and pointer; they are to be consumed
before the next key is asked for.
"""


class Analysis(Protocol):
    """Derives facts; which of its methods are called follows from its stage."""

    @property
    def id(self) -> str:
        """The name of the analysis; no two have the same, and it has no control characters."""
        ...

    @property
    def stage(self) -> Stage:
        """Of what the facts are derived: an object, those of a target, those of all targets."""
        ...

    @property
    def feeds(self) -> Feeds:
        """What the facts that it makes rest on."""
        ...


class ObjectAnalysis(Analysis, Protocol):
    """Derives facts of one object at a time, in the worker that reads it."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of objects that have facts; none where it looks at objects of any kind."""
        ...

    def derive(self, resource: Resource) -> Iterable[Resource | Gap]:
        """Yield the facts of one object, and a gap for what in it could not be read."""
        ...


class Extracting(Protocol):
    """Takes rows of objects in the worker that reads them."""

    @property
    def id(self) -> str:
        """The name of the analysis; no two have the same, and it has no control characters."""
        ...

    @property
    def reads(self) -> frozenset[str]:
        """The kinds of objects, and of facts of objects, that :meth:`extract` is called with.

        With :data:`OTHERS` among them it is called with objects of all kinds that are not listed.
        """
        ...

    @property
    def combined(self) -> frozenset[str]:
        """The tags of rows that :meth:`combine` puts together, where key and tag are the same."""
        ...

    def extract(self, resource: Resource, site: Site) -> Iterable[Row]:
        """Take what the facts need of one resource, which is read at ``site``."""
        ...

    def combine(self, one: Row, other: Row) -> Row:
        """Make one row of two; in any order and grouping it must come to the same."""
        ...


class Uncombined:
    """The part of a joining analysis whose rows are of one object each."""

    combined: frozenset[str] = frozenset()

    def combine(self, one: Row, other: Row) -> Row:
        """Combine nothing.

        Raises:
            TypeError: it was asked to.
        """
        raise TypeError(f"rows {one.tag} and {other.tag} of one object each")


@runtime_checkable
class ReadsByName(Protocol):
    """An analysis whose facts need of some kinds only the objects that others name."""

    @property
    def by_name(self) -> frozenset[str]:
        """Those kinds: what of them nothing names may be left unread, and nothing is lost."""
        ...


@runtime_checkable
class ReadsBeside(Protocol):
    """An analysis of the run that needs some kinds where targets of several platforms are read."""

    @property
    def beside(self) -> frozenset[str]:
        """Those kinds: a target that is read by itself, or with its like, isn't asked for them."""
        ...


@runtime_checkable
class Prefers(Protocol):
    """An analysis that tells more where some kinds were read, and has another way where not."""

    @property
    def preferred(self) -> frozenset[str]:
        """Those kinds: a target is asked for them, and a gap in them takes no verdict back."""
        ...


@runtime_checkable
class Dated(Protocol):
    """An analysis whose facts depend on the day of the run."""

    def on(self, day: str) -> JoiningAnalysis:
        """The same analysis for a run on a day in UTC, as 2026-11-30."""
        ...


class JoiningAnalysis(Extracting, Analysis, Protocol):
    """Derives facts that take many objects."""

    def derive(self, groups: Groups) -> Iterator[Fact | Gap | Handed]:
        """Yield the facts of sorted rows, and what an analysis of the run may need of them."""
        ...
