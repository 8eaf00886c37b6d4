"""What workloads run on, whichever platform runs them: drivers, runtimes, operators, servers.

A component that a node or a host has is ``stack/Component``; what runs as a container, and is known
by its image, is ``stack/Image``. By which advisories both are judged is ``stack/Pack``.
"""

from __future__ import annotations

from typing import Final

from auditor.platforms.platform import Platform

PREFIX: Final = "stack/"
COMPONENT: Final = "stack/Component"
IMAGE: Final = "stack/Image"
PACK: Final = "stack/Pack"
FACTS: Final = frozenset({COMPONENT, IMAGE, PACK})

STACK: Final = Platform(
    name="stack",
    schemes=(),
    prefix=PREFIX,
    kinds=FACTS,
    facts=FACTS,
    writing="of what workloads run on there are stack/Component, stack/Image and stack/Pack",
)
