"""What is said of networks: what can reach what, by the policies of a cluster."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from auditor.platforms.platform import Platform
from auditor.platforms.shape import NAMES, Shape

PREFIX: Final = "network/"
REACH: Final = "network/Reach"
ZONE: Final = "network/Zone"
ENFORCEMENT: Final = "network/Enforcement"
ANSWER: Final = "network/Answer"
POLICY: Final = "network/Policy"
FACTS: Final = frozenset({REACH, ZONE, ENFORCEMENT, ANSWER, POLICY})

NETWORK: Final = Platform(
    name="network",
    schemes=(),
    prefix=PREFIX,
    kinds=FACTS,
    facts=FACTS,
    listed=frozenset({REACH, ENFORCEMENT, ANSWER}),
    shapes=MappingProxyType(
        {
            ZONE: Shape(names=NAMES | {("tenant",)}),
            POLICY: Shape(names=NAMES | {("namespace",)}),
        }
    ),
    writing="of networks there are network/Zone, network/Policy, network/Reach and "
    "network/Enforcement",
)
