"""What is said of the way from a workload to the hardware, whichever platform runs it."""

from __future__ import annotations

from typing import Final

from auditor.platforms.platform import Platform

PREFIX: Final = "isolation/"
CHAIN: Final = "isolation/Chain"
FACTS: Final = frozenset({CHAIN})

ISOLATION: Final = Platform(
    name="isolation",
    schemes=(),
    prefix=PREFIX,
    kinds=FACTS,
    facts=FACTS,
    listed=FACTS,
    writing="of what is between a workload and the hardware there is isolation/Chain",
)
