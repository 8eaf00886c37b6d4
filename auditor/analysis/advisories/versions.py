"""Versions of drivers, runtimes and images, and which of two is older.

::

    580.105.08             numbers, which may have leading zeros: 8 is 08 (a semantic version of a
                           driver in a ResourceSlice has lost them)
    v1.17.8-rc.1           comes before 1.17.8
    v1.17.4-ubuntu20.04    of an image: the same program on another base
    1.7.13-k3s1            of a program: somebody's build, which may have fixes of its own
    580                    a branch: whether it is before 580.105.08 nobody can tell

Source: semver.org 2.0.0, section 11, for what comes before a release.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

import msgspec

from auditor.late import late

Numbers: TypeAlias = tuple[int, ...]
_VERSION: Final = late(r"v?(\d{1,9}(?:\.\d{1,9}){0,5})(.*)", re.ASCII | re.DOTALL)
_EARLIER: Final = late(r"[-.+]?(?:rc|alpha|beta|pre|dev)(?:[-.]?\d+)*", re.ASCII)


class Version(msgspec.Struct, frozen=True):
    """A version: its numbers, and whether it comes before the release of these numbers."""

    numbers: Numbers
    earlier: bool = False

    def is_before(self, other: Numbers) -> bool | None:
        """Say whether it is older; None where it names less than would tell."""
        mine = self.numbers
        if len(mine) < len(other) and other[: len(mine)] == mine:
            return None if any(other[len(mine) :]) else self.earlier
        return mine < other or (self.earlier and _shortened(mine) == _shortened(other))


def _shortened(numbers: Numbers) -> Numbers:
    """Leave out zeros at the end: 1.2 and 1.2.0 are one release."""
    end = len(numbers)
    while end > 1 and not numbers[end - 1]:
        end -= 1
    return numbers[:end]


def version_of(text: str, *, of_image: bool = False) -> Version | None:
    """Read a version; None where it is none of the project's own.

    ``of_image``: what follows a dash says on what base the image was built, not who built it.
    """
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    rest = match[2]
    numbers = numbers_of(match[1])
    if not rest:
        return Version(numbers)
    if _EARLIER.fullmatch(rest):
        return Version(numbers, earlier=True)
    if not of_image or not rest.startswith("-"):
        return None
    return Version(numbers, earlier=_EARLIER.match(rest) is not None)


def numbers_of(text: str) -> Numbers:
    """Read the numbers of a version that is known to be one."""
    return tuple(int(each) for each in text.split("."))
