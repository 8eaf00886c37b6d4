"""Policies of the network as values, whichever API they are of.

Three tiers follow one another. In *admin* and *baseline* the first rule that matches decides, in
the order of priorities; between them stand NetworkPolicies, which know no order: what selects a pod
isolates it, and each rule lets something in.

Sources: networking.k8s.io/v1 NetworkPolicySpec; policy.networking.k8s.io v1alpha1
AdminNetworkPolicySpec, BaselineAdminNetworkPolicySpec, v1alpha2 ClusterNetworkPolicySpec.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

import msgspec

from auditor.analysis.label_selectors import Requirements
from auditor.analysis.network.addresses import Block
from auditor.analysis.network.ports import PortMatch


class Tier(Enum):
    """When a policy is asked."""

    ADMIN = "admin"
    NETWORK = "network"
    BASELINE = "baseline"


class Direction(Enum):
    """Whose ends of a connection a rule is about."""

    INGRESS = "ingress"
    EGRESS = "egress"


class Action(Enum):
    """What becomes of what a rule matches: PASS leaves it to the next tier."""

    ACCEPT = "accept"
    DENY = "deny"
    PASS = "pass"  # noqa: S105 - an action, not a password


class Anyone(msgspec.Struct, frozen=True, tag="anyone"):
    """Every peer, in the cluster or not."""


class PodsPeer(msgspec.Struct, frozen=True, tag="pods"):
    """Pods with some labels in namespaces with some labels; None: that of the policy."""

    namespaces: Requirements | None
    pods: Requirements


class BlocksPeer(msgspec.Struct, frozen=True, tag="blocks"):
    """Whatever has an address in one of the blocks, and in none of ``but``."""

    blocks: tuple[Block, ...]
    but: tuple[Block, ...] = ()


class NodesPeer(msgspec.Struct, frozen=True, tag="nodes"):
    """The addresses of nodes with some labels."""

    nodes: Requirements


class NamesPeer(msgspec.Struct, frozen=True, tag="names"):
    """Whatever has one of these names, which nothing here can resolve."""

    names: tuple[str, ...]


Peer: TypeAlias = Anyone | PodsPeer | BlocksPeer | NodesPeer | NamesPeer


class Rule(msgspec.Struct, frozen=True):
    """One rule: which traffic it matches, and what becomes of that.

    ``pointer`` is where it stands in its policy. ``ports`` is None for all, of every protocol.
    ``closed`` is a rule with a peer that nobody knows: an Accept matches nothing then, and any
    other is one that denies everything ("fail closed", ClusterNetworkPolicyIngressPeer).
    """

    pointer: str
    action: Action
    peers: tuple[Peer, ...]
    ports: tuple[PortMatch, ...] | None = None
    name: str = ""
    closed: bool = False


class Policy(msgspec.Struct, frozen=True):
    """A policy; ``rules`` has the directions that it is about.

    Of a NetworkPolicy a direction without rules isolates, one that is absent says nothing.
    ``doubt`` says why nobody knows what it does; it may do anything to those whom it may select.
    """

    kind: str
    namespace: str
    name: str
    tier: Tier
    subject: PodsPeer
    ingress: tuple[Rule, ...] | None = None
    egress: tuple[Rule, ...] | None = None
    priority: int | None = None
    doubt: str = ""

    def rules(self, direction: Direction) -> tuple[Rule, ...] | None:
        """The rules of a direction, None where the policy is not about it."""
        return self.ingress if direction is Direction.INGRESS else self.egress

    def __str__(self) -> str:
        """Name it as people do: ``NetworkPolicy ml/deny``."""
        return (
            f"{self.kind} {self.namespace}/{self.name}"
            if self.namespace
            else f"{self.kind} {self.name}"
        )
