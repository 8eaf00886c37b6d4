"""What a platform is: a value, so that nothing else has to know its name.

A target belongs to a platform by the scheme of its URI, a kind by its prefix, a rule by the kinds
that it is about. Files belong to no platform: what is in them belongs to whichever has its kind.

::

    k8s://prod          scheme k8s        the platform with that scheme
    k8s/Deployment      prefix k8s/       the platform with that prefix
    manifests/          no scheme         objects of any platform
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import msgspec

from auditor.model.resource import Resource, Subject
from auditor.platforms.shape import PLAIN, Shape


def by_itself(resource: Resource) -> Subject | None:
    """Count the findings about each resource as its own."""
    del resource
    return None


class Platform(msgspec.Struct, frozen=True, eq=False):
    """One platform.

    ``kinds`` are the names of objects and facts that can be listed; ``open_kinds`` matches those
    that can't. ``facts`` are the kinds in ``kinds`` that analyses derive, and ``listed`` those of
    them that results list, whatever rules say of them. ``writing`` says to
    people how a kind is written. ``counted_with`` says which controller the findings about a
    resource belong to, None for the resource itself. ``shapes`` are what rules may read of kinds
    beyond what was read. ``versions`` are types of parameters that are versions of something, with
    the newest that rules know. ``written`` are kinds that files
    hold and no live target has. ``follows`` says that its targets follow from the others of a run,
    and that nobody lists them. ``shorthand`` says to people which target its shortest URI is.
    """

    name: str
    schemes: tuple[str, ...]
    prefix: str
    kinds: frozenset[str]
    facts: frozenset[str]
    writing: str
    open_kinds: re.Pattern[str] | None = None
    counted_with: Callable[[Resource], Subject | None] = by_itself
    shapes: Mapping[str, Shape] = MappingProxyType({})
    versions: Mapping[str, str] = MappingProxyType({})
    written: frozenset[str] = frozenset()
    shorthand: str = ""
    follows: bool = False
    listed: frozenset[str] = frozenset()

    def has(self, kind: str) -> bool:
        """Whether there is such a kind, or may be."""
        if kind in self.kinds:
            return True
        return self.open_kinds is not None and self.open_kinds.fullmatch(kind) is not None


class Platforms(msgspec.Struct, frozen=True):
    """The platforms that a policy may speak of."""

    known: tuple[Platform, ...]

    def of_target(self, uri: str) -> Platform | None:
        """The platform of a live target, None for files."""
        scheme, separator, _ = uri.partition("://")
        found = (each for each in self.known if scheme in each.schemes)
        return next(found, None) if separator else None

    def of_kind(self, kind: str) -> Platform | None:
        """The platform that a kind is of, by its prefix."""
        return next((each for each in self.known if kind.startswith(each.prefix)), None)

    def has(self, kind: str) -> bool:
        """Whether a platform has such a kind, or may have it."""
        platform = self.of_kind(kind)
        return platform is not None and platform.has(kind)

    @property
    def kinds(self) -> frozenset[str]:
        """All kinds that can be listed."""
        return frozenset(kind for each in self.known for kind in each.kinds)

    @property
    def facts(self) -> frozenset[str]:
        """All kinds that analyses derive."""
        return frozenset(kind for each in self.known for kind in each.facts)

    @property
    def listed(self) -> frozenset[str]:
        """The kinds of facts that results list."""
        return frozenset(kind for each in self.known for kind in each.listed)

    @property
    def versions(self) -> Mapping[str, str]:
        """The types of parameters that are versions, with the newest of each."""
        return {name: newest for each in self.known for name, newest in each.versions.items()}

    def shape_of(self, kind: str) -> Shape:
        """The shape of a kind; one without is judged as it was read."""
        platform = self.of_kind(kind)
        return PLAIN if platform is None else platform.shapes.get(kind, PLAIN)

    def counting(self) -> Callable[[Resource], Subject | None]:
        """Make what says which controller findings about a resource belong to, None for itself.

        It remembers whose each kind is, since it is asked about every pod.
        """
        by_kind: dict[str, Callable[[Resource], Subject | None]] = {}

        def counted_with(resource: Resource) -> Subject | None:
            if resource.controller is None:
                return None
            found = by_kind.get(resource.kind)
            if found is None:
                platform = self.of_kind(resource.kind)
                found = by_itself if platform is None else platform.counted_with
                by_kind[resource.kind] = found
            return found(resource)

        return counted_with

    def __iter__(self) -> Iterator[Platform]:
        """One platform after the other, in the order of their table."""
        return iter(self.known)
