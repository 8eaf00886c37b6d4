"""What workloads run on, whichever platform runs them: drivers, runtimes, operators, servers.

A component that a node or a host has is ``stack/Component``; what runs as a container, and is known
by its image, is ``stack/Image``.
"""

from __future__ import annotations

from typing import Final

from auditor.platforms.platform import Platform

PREFIX: Final = "stack/"
COMPONENT: Final = "stack/Component"
IMAGE: Final = "stack/Image"
FACTS: Final = frozenset({COMPONENT, IMAGE})

STACK: Final = Platform(
    name="stack",
    schemes=(),
    prefix=PREFIX,
    kinds=FACTS,
    facts=FACTS,
    writing="of what workloads run on there are stack/Component and stack/Image",
)
