"""What can be said of files themselves, whatever is in them."""

from __future__ import annotations

from typing import Final

from auditor.platforms.platform import Platform

DUPLICATE_KEY: Final = "files/DuplicateKey"

FILES: Final = Platform(
    name="files",
    schemes=(),
    prefix="files/",
    kinds=frozenset({DUPLICATE_KEY}),
    facts=frozenset(),
    writing=f"of files there is {DUPLICATE_KEY}",
)
