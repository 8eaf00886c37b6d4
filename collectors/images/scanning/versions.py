"""Which versions of Trivy are run: the range that is tested, and those that nobody should run.

A version within the range may still be one that was made by somebody else: releases of March 2026
stole credentials. The table ``refused-programs`` of a policy has them, by what they say of
themselves and by the digest of the file, which is looked at before it is started. Who wants to be
sure names the digest of the program as well (``--trivy-digest``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from auditor.late import late

LEAST: Final = (0, 58, 0)
"""The first with all options that are used here."""
BEFORE: Final = (0, 90, 0)
"""Versions from here on may mean something else by these options; the tests have 0.76."""
TABLE: Final = "refused-programs"
"""The table of a policy that has what nobody should run."""
_PROGRAM: Final = "trivy"
_RELEASE: Final = late(r"v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})", re.ASCII)


class Refused(msgspec.Struct, frozen=True):
    """What is never run: a version, or the file with a digest; what is known of it, and where."""

    what: str
    reference: str
    version: str = ""
    digest: str = ""


def refused_by(tables: Mapping[str, Iterable[Mapping[str, object]]]) -> tuple[Refused, ...]:
    """What the tables of a policy refuse."""
    rows = (row for row in tables.get(TABLE, ()) if row["program"] == _PROGRAM)
    return tuple(msgspec.convert({**row}, Refused) for row in rows)


def known_of(digest: str, version: str, refused: Iterable[Refused]) -> str:
    """Say what is known of a program that is never run; "" of all others."""
    plain = version.removeprefix("v")
    for each in refused:
        if (each.digest or digest) == digest and (each.version or plain) == plain:
            return f"{each.what}: {each.reference}"
    return ""


def refusal(version: str, digest: str, wanted: str, refused: Iterable[Refused]) -> str:
    """Say why a program is not run; "" where it may be. ``wanted`` is the only digest, if any."""
    known = known_of(digest, version, refused)
    if known:
        return f"Trivy {version} is refused: {known}"
    if wanted and digest != wanted:
        return f"the program has the digest {digest}, and not the one that was named"
    found = _RELEASE.fullmatch(version)
    if found is None:
        return f"{version[:40]!r} is not a release of Trivy"
    numbers = tuple(map(int, found.groups()))
    if numbers < LEAST or numbers >= BEFORE:
        least, before = (".".join(map(str, each)) for each in (LEAST, BEFORE))
        return f"Trivy {version} is not tested: from {least} up to, but without, {before}"
    return ""
