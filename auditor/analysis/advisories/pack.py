"""The pack of advisories: which versions of what have a known fault, and where that is said.

A row of the table ``advisories`` has either *ranges*, and then what is in none of them does not
have the fault; or *branches*, each with the version that mends it there, and then nothing is known
of an older branch that is not named; one that is newer than all of them came after. It may hold
only under a *condition* that another object says, as whether devices reach containers by CDI::

    {id: CVE-2025-23266, component: nvidia-container-toolkit, before 1.17.8}
        1.17.4    has the fault; 1.17.8 mends it
    {id: NVIDIA-5821, component: nvidia-driver, branches: {595: 595.71.05, 580: 580.159.03}}
        580.105   has it; 560.35 is of a branch that the bulletin does not name
    {id: CVE-2024-0132, component: nvidia-container-toolkit, before 1.16.2,
     unless: cdi-alone}
        1.15.0    has it, unless devices come by CDI alone, and nobody said
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec

from auditor.analysis.advisories.versions import Numbers, Version, numbers_of

TABLE: Final = "advisories"
Conditions: TypeAlias = Mapping[str, bool]
"""What is known of the conditions of a target, by their names."""

CDI: Final = "cdi"
CDI_ALONE: Final = "cdi-alone"
OLDER_INSTINCT: Final = "older-instinct"
AUTHORIZATION: Final = "authorization-plugin"
CONDITIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        CDI: "whether devices reach containers by CDI",
        CDI_ALONE: "whether devices reach containers by CDI alone",
        OLDER_INSTINCT: "whether the GPUs are MI210, MI250 or MI300A",
        AUTHORIZATION: "whether the engine asks an authorization plugin",
    }
)
"""The conditions that there are, and how what is not known of each is said."""


class Mended(msgspec.Struct, frozen=True):
    """The version that mends a fault, and as its table writes it, with the zeros before it."""

    numbers: Numbers
    text: str


class Range(msgspec.Struct, frozen=True):
    """Versions from the first, up to but without the one that mends the fault."""

    start: Numbers
    end: Mended


class Advisory(msgspec.Struct, frozen=True):
    """One row: a fault of a component, and the versions that have it."""

    id: str
    component: str
    severity: str
    what: str
    ranges: tuple[Range, ...] = ()
    branches: tuple[tuple[int, Mended], ...] = ()
    when: str = ""
    unless: str = ""

    def mended_in(self, version: Version) -> Mended | None:
        """The version that mends it where a version has the fault; None where it has it not.

        Raises:
            LookupError: nobody can tell; it says why.
        """
        for end in self._ends(version):
            before = version.is_before(end.numbers)
            if before is None:
                raise LookupError(f"{self.id} was mended in {end.text}")
            if before:
                return end
        return None

    def _ends(self, version: Version) -> Iterable[Mended]:
        """Name the ends of the ranges that a version is past the start of."""
        if not self.branches:
            return [each.end for each in self.ranges if version.numbers >= each.start]
        branch, named = version.numbers[0], dict(self.branches)
        if branch > max(named):
            return []
        if branch not in named:
            raise LookupError(f"{self.id} says nothing of branch {branch}")
        return [named[branch]]


class Known(msgspec.Struct, frozen=True, rename="camel"):
    """A fault that a version has, as a fact tells it."""

    id: str
    severity: str
    what: str
    fixed_in: str


class Judged(msgspec.Struct, frozen=True):
    """What is known of a version: its faults, and what of it nobody can tell."""

    affected: tuple[Known, ...]
    unknown: tuple[str, ...]


def advisories_from_table(rows: Sequence[Mapping[str, object]]) -> tuple[Advisory, ...]:
    """Read the rows of the table, which were checked when the policy was read."""
    return tuple(map(_advisory, rows))


def _advisory(row: Mapping[str, Any]) -> Advisory:
    ranges = tuple(
        Range(numbers_of(each.get("from", "0")), _mended(each["before"]))
        for each in row.get("ranges", ())
    )
    branches = {int(branch): _mended(text) for branch, text in row.get("branches", {}).items()}
    return Advisory(
        id=row["id"],
        component=row["component"],
        severity=row["severity"],
        what=row["what"],
        ranges=ranges,
        branches=tuple(sorted(branches.items())),
        when=row.get("when", ""),
        unless=row.get("unless", ""),
    )


def _mended(text: str) -> Mended:
    return Mended(numbers_of(text), text)


def judged(version: Version, rows: Iterable[Advisory], known: Conditions) -> Judged:
    """Say which faults of the rows a version has, under what is known of conditions."""
    affected: list[Known] = []
    unknown: list[str] = []
    for row in rows:
        try:
            fixed = row.mended_in(version)
        except LookupError as error:
            unknown.append(str(error))
            continue
        if fixed is None or not _may_hold(row, known):
            continue
        doubt = _doubt(row, known)
        if doubt:
            unknown.append(f"{row.id} depends on {CONDITIONS[doubt]}, which was not read")
        else:
            affected.append(Known(row.id, row.severity, row.what, fixed.text))
    return Judged(tuple(affected), tuple(unknown))


def _may_hold(row: Advisory, known: Conditions) -> bool:
    return known.get(row.when, True) and not known.get(row.unless, False)


def _doubt(row: Advisory, known: Conditions) -> str:
    """Name the condition that would tell, "" where there is none."""
    return next((each for each in (row.when, row.unless) if each and each not in known), "")
