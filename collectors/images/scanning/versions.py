"""Which versions of Trivy are run: the range that is tested, and those that nobody should run.

A version within the range may still be one that was made by somebody else: releases of March 2026
stole credentials. What a program says of its version is all that is known of it; who wants to be
sure names the digest of the program as well (``--trivy-digest``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from auditor.late import late

LEAST: Final = (0, 58, 0)
"""The first with all options that are used here."""
BEFORE: Final = (0, 90, 0)
"""Versions from here on may mean something else by these options; the tests have 0.76."""
REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(
        ("0.69.4", "0.69.5", "0.69.6"),
        "its release stole credentials: https://github.com/advisories/GHSA-69fq-xp46-6x23",
    )
)
"""Versions by number, with what is known of them and the source."""
REFUSED_DIGESTS: Final[Mapping[str, str]] = MappingProxyType({})
"""Programs by the sha256 of their bytes, likewise: none is known that the advisory confirms.

What others published are digests of container images, which say nothing of a file that is run.
"""
_RELEASE: Final = late(r"v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})", re.ASCII)


def refusal(version: str, digest: str, wanted: str) -> str:
    """Say why a program is not run; "" where it may be. ``wanted`` is the only digest, if any."""
    known = REFUSED_DIGESTS.get(digest) or REFUSED.get(version.removeprefix("v"))
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
