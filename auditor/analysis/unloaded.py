"""Analyses whose modules are loaded when they are first called.

There are fifty analyses in some two hundred modules, which take longer to load than a few files to
audit; and a few files call ten of them. Whether one is called follows from what it says of itself,
so that is kept with a prepared profile (:mod:`auditor.runner.kept`)::

    first run    Place("auditor.analysis.grants:make")    made, and asked       Said, kept
    next run     Said, and the same Place                 Joining, which stands in for it
                 an object that it reads                  loads the module, makes it, and hands on

What is kept is of the sources of all analyses, as Python compares them with what it compiled. The
facts are the same: what stands in for an analysis derives none itself.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import msgspec

from auditor.analysis.completing import Aspect, Aspects, Completed, CompletingAnalysis
from auditor.analysis.protocol import (
    Dated,
    Extracting,
    Feeds,
    Groups,
    Handed,
    JoiningAnalysis,
    ObjectAnalysis,
    Prefers,
    ReadsBeside,
    ReadsByName,
    Row,
    Site,
    Stage,
    Tables,
)
from auditor.model.fact import Fact
from auditor.model.resource import Gap, Resource

T = TypeVar("T")
E = TypeVar("E", bound=Extracting)


class Place(msgspec.Struct, frozen=True):
    """A maker by its place, as ``auditor.analysis.grants:make``, with arguments by their names."""

    where: str
    given: Mapping[str, object] = MappingProxyType({})

    def __call__(self, tables: Tables) -> Any:
        """Load the module, and make the analysis for the tables of a policy."""
        module, _, name = self.where.partition(":")
        return getattr(importlib.import_module(module), name)(tables, **self.given)


class Said(msgspec.Struct, frozen=True, array_like=True):
    """What an analysis says of itself, as :mod:`auditor.analysis.protocol` has it.

    ``stage`` is None of what completes facts.
    """

    id: str
    stage: Stage | None = None
    feeds: dict[str, dict[str, frozenset[str]]] = {}
    kinds: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    combined: frozenset[str] = frozenset()
    completes: dict[str, dict[str, Aspect]] = {}
    by_name: frozenset[str] | None = None
    beside: frozenset[str] | None = None
    preferred: frozenset[str] | None = None
    dated: bool = False


def said_of_object(analysis: ObjectAnalysis) -> Said:
    """Ask an analysis of objects."""
    return Said(analysis.id, analysis.stage, _plain(analysis.feeds), analysis.kinds)


def said_of_joining(analysis: JoiningAnalysis) -> Said:
    """Ask a joining analysis."""
    return Said(
        id=analysis.id,
        stage=analysis.stage,
        feeds=_plain(analysis.feeds),
        reads=analysis.reads,
        combined=analysis.combined,
        by_name=analysis.by_name if isinstance(analysis, ReadsByName) else None,
        beside=analysis.beside if isinstance(analysis, ReadsBeside) else None,
        preferred=analysis.preferred if isinstance(analysis, Prefers) else None,
        dated=isinstance(analysis, Dated),
    )


def said_of_completing(analysis: CompletingAnalysis) -> Said:
    """Ask a completing analysis."""
    return Said(
        id=analysis.id,
        reads=analysis.reads,
        combined=analysis.combined,
        completes={kind: dict(aspects) for kind, aspects in analysis.completes.items()},
    )


def _plain(feeds: Feeds) -> dict[str, dict[str, frozenset[str]]]:
    return {kind: dict(fields) for kind, fields in feeds.items()}


class _Unloaded(Generic[T]):
    """Stands in for an analysis: says the same of itself, and makes it when it is called."""

    def __init__(self, said: Said, make: Callable[[Tables], T], tables: Tables) -> None:
        self._said, self._make, self._tables = said, make, tables
        self.id = said.id
        self.feeds: Feeds = said.feeds

    @functools.cached_property
    def loaded(self) -> T:
        """The analysis."""
        return self._make(self._tables)


class OfObjects(_Unloaded[ObjectAnalysis]):
    """Stands in for an analysis of objects."""

    stage = Stage.OBJECT

    @property
    def kinds(self) -> frozenset[str]:
        """As the analysis has it."""
        return self._said.kinds

    def derive(self, resource: Resource) -> Iterable[Resource | Gap]:
        """Have the facts of one object derived, if it is of a kind that has any."""
        kinds = self._said.kinds
        return self.loaded.derive(resource) if not kinds or resource.kind in kinds else ()


class _WithRows(_Unloaded[E]):
    """Stands in for an analysis that takes rows of objects."""

    def __init__(self, said: Said, make: Callable[[Tables], E], tables: Tables) -> None:
        super().__init__(said, make, tables)
        self.reads = said.reads
        self.combined = said.combined

    def extract(self, resource: Resource, site: Site) -> Iterable[Row]:
        """Have rows taken of one resource."""
        return self.loaded.extract(resource, site)

    def combine(self, one: Row, other: Row) -> Row:
        """Have one row made of two."""
        return self.loaded.combine(one, other)


class Joining(_WithRows[JoiningAnalysis]):
    """Stands in for a joining analysis; it has the optional attributes that the analysis has."""

    def __init__(
        self, said: Said, make: Callable[[Tables], JoiningAnalysis], tables: Tables
    ) -> None:
        super().__init__(said, make, tables)
        self.stage = said.stage or Stage.TARGET
        for name in ("by_name", "beside", "preferred"):
            kinds = getattr(said, name)
            if kinds is not None:
                setattr(self, name, kinds)

    def derive(self, groups: Groups) -> Iterator[Fact | Gap | Handed]:
        """Have the facts of sorted rows derived."""
        return self.loaded.derive(groups)


class DatedJoining(Joining):
    """Stands in for one whose facts depend on the day of the run."""

    def on(self, day: str) -> JoiningAnalysis:
        """The same analysis for a run on a day; nothing is loaded for that yet."""
        return Joining(self._said, lambda _: _on(self.loaded, day), self._tables)


def _on(analysis: JoiningAnalysis, day: str) -> JoiningAnalysis:
    return analysis.on(day) if isinstance(analysis, Dated) else analysis


def joining(
    said: Said, make: Callable[[Tables], JoiningAnalysis], tables: Tables
) -> JoiningAnalysis:
    """Make what stands in for a joining analysis."""
    return (DatedJoining if said.dated else Joining)(said, make, tables)


class Completing(_WithRows[CompletingAnalysis]):
    """Stands in for a completing analysis."""

    @property
    def completes(self) -> Mapping[str, Aspects]:
        """As the analysis has it."""
        return self._said.completes

    def awaits(self, fact: Resource) -> tuple[str, ...]:
        """Have the aspects named that other objects may complete."""
        return self.loaded.awaits(fact)

    def complete(self, groups: Groups) -> Iterator[Completed | Gap]:
        """Have what waits completed."""
        return self.loaded.complete(groups)


def load(analysis: object) -> None:
    """Have what only stands in for an analysis load it."""
    if isinstance(analysis, _Unloaded):
        _ = analysis.loaded
