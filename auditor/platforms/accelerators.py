"""What is said of GPUs themselves, whichever platform gives them out."""

from __future__ import annotations

from typing import Final

from auditor.platforms.platform import Platform

PREFIX: Final = "gpu/"
FACTS: Final = frozenset({"gpu/Device", "gpu/Reach", "gpu/Share", "gpu/Sharing", "gpu/Tenancy"})

ACCELERATORS: Final = Platform(
    name="accelerators",
    schemes=(),
    prefix=PREFIX,
    kinds=FACTS,
    facts=FACTS,
    listed=frozenset({"gpu/Device", "gpu/Tenancy"}),
    writing="of GPUs there are gpu/Device, gpu/Share, gpu/Reach, gpu/Sharing and gpu/Tenancy",
)
