"""The forms of what is listed of networks: what can reach what, and whether policies are in force.

Results list these facts, and bundles hold them, so a field may be added and none changes its
meaning. Whatever is said is what policies let through: whether anybody listens at the other end,
and whether a route leads there, is nothing that they tell.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from auditor.model.results_finding import says

REACH: Final = "network/Reach"
ANSWER: Final = "network/Answer"
ENFORCEMENT: Final = "network/Enforcement"
ALLOWED: Final = "allowed"
DENIED: Final = "denied"
UNKNOWN: Final = "unknown"
SAME: Final = "namespace"
TENANT: Final = "tenant"
TENANTS: Final = "tenants"
PLATFORM: Final = "platform"
NODES: Final = "nodes"
PRIVATE: Final = "private"
WORLD: Final = "world"
Count = Annotated[int, Meta(ge=0)]
Ports = Annotated[tuple[str, ...], says("Each as TCP 80 or TCP 8000-8100; TCP: all of them.")]


class PolicyStep(msgspec.Struct, frozen=True):
    """What one policy, or one rule of it, says of one end of a connection."""

    direction: Annotated[str, says("ingress or egress: whose end it is about.")]
    says: Annotated[
        str,
        says(
            "accepts, denies or passes (to the next tier), isolates: what no rule accepts is "
            "denied; anything: nobody knows what it does; nothing: no policy selects this end."
        ),
    ]
    policy: Annotated[str, says("KIND NAMESPACE/NAME; empty where none says anything.")] = ""
    rule: Annotated[str, says("The rule, as spec.ingress[0]; empty for the policy itself.")] = ""
    sure: Annotated[bool, says("False where it may be so or not.")] = True
    why: Annotated[str, says("Why nobody knows what the policy does.")] = ""


class Neighbours(msgspec.Struct, frozen=True):
    """One zone on the other side, and at which ports it is reached, or reaches."""

    zone: Annotated[
        str,
        says(
            "namespace: pods of the same; tenant: of other namespaces of the same tenant; tenants: "
            "of other tenants; platform: of namespaces that are nobody's; nodes; private: other "
            "addresses that are not public; world: public addresses."
        ),
    ]
    ports: Annotated[tuple[str, ...], says("What is let through for sure, 20 ranges at most.")]
    perhaps: Annotated[tuple[str, ...], says("What may be let through beside that, 20 at most.")]
    anyone: Annotated[
        tuple[str, ...],
        says("Of the ports for sure those at which a stranger is let through as well."),
    ] = ()
    names: Annotated[tuple[str, ...], says("Of tenants their names, 20 at most.")] = ()
    more_names: Annotated[Count, says("Such tenants that are not listed.")] = 0
    example: Annotated[str, says("One of them, of which the steps are.")] = ""
    steps: Annotated[tuple[PolicyStep, ...], says("What decides that, 12 at most.")] = ()


class PlaceReached(msgspec.Struct, frozen=True):
    """A place of the table network-places that is reached, or may be."""

    place: Annotated[str, says("Its name in the table.")]
    of: Annotated[str, says("metadata, kubelet, api-server, etcd or other.")]
    ports: Annotated[tuple[str, ...], says("What is let through for sure.")]
    perhaps: Annotated[tuple[str, ...], says("What may be let through beside that.")]
    steps: tuple[PolicyStep, ...] = ()


class DirectionReach(msgspec.Struct, frozen=True):
    """One direction of some workloads."""

    default: Annotated[
        str,
        says(
            "What becomes of a connection that nobody thought of, to or from a stranger at a port "
            "that no policy names: allowed, denied or unknown."
        ),
    ]
    policies: Annotated[tuple[str, ...], says("The policies about this direction, 20 at most.")]
    peers: tuple[Neighbours, ...]
    places: tuple[PlaceReached, ...] = ()


class Exposure(msgspec.Struct, frozen=True):
    """A way by which workloads are reached from outside of the cluster."""

    by: Annotated[str, says("What it is: Service NAMESPACE/NAME, Ingress, hostPort, hostNetwork.")]
    how: Annotated[
        str, says("LoadBalancer, NodePort, externalIPs, to SERVICE, or the port of a node.")
    ]
    ports: Ports
    admitted: Annotated[
        str, says("Whether policies let it in: allowed, denied, or unknown: of some senders.")
    ] = ""


class ReachFact(msgspec.Struct, frozen=True, rename="camel"):
    """Workloads of a namespace that reach the same, and that the same reaches."""

    namespace: str
    tenant: Annotated[str, says("Whose the namespace is; empty for the platform's.")]
    workloads: Annotated[tuple[str, ...], says("Each as KIND NAME, 20 at most.")]
    more_workloads: Annotated[Count, says("Such workloads that are not listed.")]
    pods: Annotated[Count, says("How many pods, or templates of pods in files.")]
    live: Annotated[bool, says("Whether they are of a cluster; else of files.")]
    host: Annotated[
        bool, says("On the network of their nodes, which NetworkPolicies may not govern.")
    ]
    ingress: DirectionReach
    egress: DirectionReach
    exposed: tuple[Exposure, ...] = ()
    servers: Annotated[
        tuple[str, ...], says("What they serve, by their images: names of network-servers.")
    ] = ()
    ungoverned: Annotated[
        tuple[str, ...], says("Further networks of these pods that no NetworkPolicy is about.")
    ] = ()


class EnforcementFact(msgspec.Struct, frozen=True):
    """Whether something in a cluster keeps to its network policies."""

    state: Annotated[
        str,
        says(
            "enforced: a plugin does that is known to; declared: only plugins are there that are "
            "known not to; unknown: neither was found."
        ),
    ]
    by: Annotated[tuple[str, ...], says("The plugins that were found, each with its DaemonSet.")]
    policies: Annotated[Count, says("How many policies there are.")]
    live: bool


class AnswerFact(msgspec.Struct, frozen=True, rename="camel"):
    """Whether a connection that was asked for can be made, and what decides it."""

    source: Annotated[str, says("From where: NAMESPACE/KIND NAME, an address, a place.")]
    destination: Annotated[str, says("To where.")]
    ports: Ports
    verdict: Annotated[str, says("allowed, denied or unknown; several answers where ports differ.")]
    steps: tuple[PolicyStep, ...]
    covers: Annotated[Count, says("How many pairs of kinds of pods have the same answer.")] = 1
    more_sources: Annotated[
        tuple[str, ...], says("Others from which it is so, 20 at most, to each destination.")
    ] = ()
    more_destinations: Annotated[
        tuple[str, ...], says("Others to which it is so, 20 at most, from each source.")
    ] = ()
    unasked: Annotated[
        Count, says("Pairs of the question that were not looked at: there are too many.")
    ] = 0
    why: Annotated[str, says("What leaves it open beside policies; empty: nothing.")] = ""
