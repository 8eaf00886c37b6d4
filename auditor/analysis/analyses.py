"""The analyses of a run, and how they are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

import msgspec

from auditor.analysis.completing import Aspect, Aspects, CompletingAnalysis
from auditor.analysis.protocol import (
    OTHERS,
    Analysis,
    Extracting,
    Feeds,
    JoiningAnalysis,
    ObjectAnalysis,
    Prefers,
    ReadsBeside,
    ReadsByName,
    Tables,
)
from auditor.analysis.unloaded import (
    Completing,
    OfObjects,
    Place,
    Said,
    joining,
    load,
    said_of_completing,
    said_of_joining,
    said_of_object,
)

T = TypeVar("T")


class Analyses(msgspec.Struct, frozen=True):
    """The analyses of a run, made for the tables of its policy, by when they are called."""

    of_objects: tuple[ObjectAnalysis, ...]
    joining: tuple[JoiningAnalysis, ...]
    completing: tuple[CompletingAnalysis, ...] = ()

    @property
    def all(self) -> tuple[Analysis, ...]:
        """Every analysis that makes facts, in the order of their table."""
        return (*self.of_objects, *self.joining)

    @property
    def feeds(self) -> Feeds:
        """What all facts rest on; those that several analyses make on what each of them reads."""
        found: dict[str, dict[str, frozenset[str]]] = {}
        for each in self.all:
            for kind, fields in each.feeds.items():
                known = found.setdefault(kind, {})
                for field, kinds in fields.items():
                    known[field] = known.get(field, frozenset()) | kinds
        return found

    @property
    def by_name(self) -> Mapping[str, frozenset[str]]:
        """The kinds of which a kind of fact needs only what is named."""
        return {
            kind: each.by_name
            for each in self.all
            if isinstance(each, ReadsByName)
            for kind in each.feeds
        }

    @property
    def beside(self) -> Mapping[str, frozenset[str]]:
        """The kinds that a kind of fact needs only where several platforms are read."""
        return {
            kind: each.beside
            for each in self.all
            if isinstance(each, ReadsBeside)
            for kind in each.feeds
        }

    @property
    def preferred(self) -> Mapping[str, frozenset[str]]:
        """The kinds that tell more of a kind of fact, which there is without them too."""
        found: dict[str, frozenset[str]] = {}
        for each in self.joining:
            if isinstance(each, Prefers):
                for kind in each.feeds:
                    found[kind] = found.get(kind, frozenset()) | each.preferred
        return found

    @property
    def completes(self) -> Mapping[str, Aspects]:
        """What of each kind of fact other objects complete, by the names of its parts."""
        found: dict[str, dict[str, Aspect]] = {}
        for each in self.completing:
            for kind, aspects in each.completes.items():
                found.setdefault(kind, {}).update(aspects)
        return found

    @property
    def with_rows(self) -> tuple[Extracting, ...]:
        """Those that take rows of objects."""
        return (*self.joining, *self.completing)

    def by_kind(self, listed: frozenset[str]) -> Mapping[str, tuple[Extracting, ...]]:
        """Those that take rows of resources of a kind; ``listed`` are those that platforms list.

        What is said of :data:`OTHERS` is of every kind that is neither listed nor named here.
        """
        found: dict[str, tuple[Extracting, ...]] = {}
        for each in self.with_rows:
            for kind in each.reads:
                found[kind] = (*found.get(kind, ()), each)
        others = found.get(OTHERS, ())
        return {
            kind: takers
            if kind in listed
            else (*takers, *(each for each in others if each not in takers))
            for kind, takers in found.items()
        }

    def load(self) -> None:
        """Load the modules of all, before processes are started that would each do it."""
        for each in (*self.of_objects, *self.with_rows):
            load(each)

    def judged(self, kinds: frozenset[str]) -> Analyses:
        """Leave out what joins or completes no fact of kinds that are judged."""
        joining = tuple(each for each in self.joining if not kinds.isdisjoint(each.feeds))
        completing = tuple(each for each in self.completing if not kinds.isdisjoint(each.completes))
        return Analyses(self.of_objects, joining, completing)


class Table(msgspec.Struct, frozen=True):
    """Which analyses there are, each as a maker that is given the tables of the policy.

    A maker is a function or class of a module, so that a worker of its own process can have it, or
    a :class:`Place` where there is one. ``given`` tells what makers were given that is not in the
    tables of the policy: with other questions other facts come of the same objects.
    """

    of_objects: tuple[Callable[[Tables], ObjectAnalysis], ...]
    joining: tuple[Callable[[Tables], JoiningAnalysis], ...]
    completing: tuple[Callable[[Tables], CompletingAnalysis], ...] = ()
    given: str = ""

    def made(self, tables: Tables, said: Mapping[str, Said] = MappingProxyType({})) -> Analyses:
        """Make the analyses of a run.

        Of those of which it is known what they say of themselves, by their places, modules are
        loaded when they are called.
        """
        return Analyses(
            tuple(_made(make, tables, said, OfObjects) for make in self.of_objects),
            tuple(_made(make, tables, said, joining) for make in self.joining),
            tuple(_made(make, tables, said, Completing) for make in self.completing),
        )

    def said(self, made: Analyses) -> dict[str, Said]:
        """What analyses that were made of this table say of themselves, by their places."""
        found = (
            *zip(self.of_objects, map(said_of_object, made.of_objects), strict=True),
            *zip(self.joining, map(said_of_joining, made.joining), strict=True),
            *zip(self.completing, map(said_of_completing, made.completing), strict=True),
        )
        return {make.where: said for make, said in found if isinstance(make, Place)}


def _made(
    make: Callable[[Tables], T],
    tables: Tables,
    said: Mapping[str, Said],
    standing_in: Callable[[Said, Callable[[Tables], T], Tables], T],
) -> T:
    known = said.get(make.where) if isinstance(make, Place) else None
    return make(tables) if known is None else standing_in(known, make, tables)
