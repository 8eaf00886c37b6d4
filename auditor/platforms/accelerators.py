"""What is said of GPUs themselves, whichever platform gives them out."""

from __future__ import annotations

from typing import Final

from auditor.platforms.platform import Platform

PREFIX: Final = "gpu/"
LISTED: Final = frozenset(
    {"gpu/Device", "gpu/Join", "gpu/JoinedDevice", "gpu/Tenancy", "gpu/Writer"}
)
FACTS: Final = LISTED | {"gpu/AdapterShare", "gpu/Reach", "gpu/Share", "gpu/Sharing"}

ACCELERATORS: Final = Platform(
    name="accelerators",
    schemes=(),
    prefix=PREFIX,
    kinds=FACTS,
    facts=FACTS,
    listed=LISTED,
    writing="of GPUs there are gpu/Device, gpu/Share, gpu/Reach, gpu/Sharing, gpu/Tenancy, "
    "gpu/Writer, gpu/AdapterShare, gpu/Join and gpu/JoinedDevice",
)
