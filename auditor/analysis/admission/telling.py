"""What facts say of a policy and of a binding.

``guards`` are the resources that decide what may run or who may do what, and are asked about when
somebody creates, changes or connects to one of them. A policy about other kinds has none: it says
mostly whether they are valid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from auditor.analysis.admission import callers, escaping
from auditor.analysis.admission.matching import (
    ANY,
    CONNECT,
    CREATE,
    UPDATE,
    AskedOf,
    Match,
    Request,
)
from auditor.analysis.admission.reading import DENY, MUTATING, Binding, Parameters, Policy
from auditor.analysis.admission.scope import Taken, World, of_requests
from auditor.analysis.label_selectors import Selected

_CORE: Final = ("pods", "replicationcontrollers", "secrets", "serviceaccounts", "services")
_APPS: Final = ("daemonsets", "deployments", "replicasets", "statefulsets")
_ROLES: Final = ("rolebindings", "roles")
_CLAIMS: Final = ("resourceclaims", "resourceclaimtemplates")
_RBAC: Final = "rbac.authorization.k8s.io"
_DRA: Final = "resource.k8s.io"
_DRA_VERSIONS: Final = ("v1", "v1beta2", "v1beta1", "v1alpha3")
_MOST: Final = 100

WRITTEN: Final = (
    *(Request(name) for name in (*_CORE, "persistentvolumeclaims")),
    *(Request(name, "apps") for name in _APPS),
    *(Request(name, "batch") for name in ("cronjobs", "jobs")),
    *(Request(name, "networking.k8s.io") for name in ("ingresses", "networkpolicies")),
    *(Request(name, _RBAC) for name in _ROLES),
    *(Request(f"cluster{name}", _RBAC, namespaced=False) for name in _ROLES),
    *(Request(name, namespaced=False) for name in ("namespaces", "nodes", "persistentvolumes")),
    *(Request(name, _DRA, _DRA_VERSIONS) for name in _CLAIMS),
    Request("deviceclasses", _DRA, _DRA_VERSIONS, namespaced=False),
)
"""What is created, and changed afterwards."""
_SCOPES: Final = frozenset((each.resource, each.group) for each in WRITTEN)
_PARTS: Final = (
    *(Request(f"pods/{part}", operation=CONNECT) for part in ("attach", "exec")),
    Request("pods/ephemeralcontainers", operation=UPDATE),
)


def guard(
    which: str, name: str, policy: Policy, bound: Sequence[tuple[str, Binding]], world: World
) -> dict[str, object]:
    """Say of a policy what it guards, what is done about it, and in which namespaces."""
    bindings = [each for _, each in bound]
    refusing = [each for each in bindings if refuses(which, each)]
    refused, told = (_covered(policy, some, world) for some in (refusing, bindings))
    meant = world.bits(escaping.left_out_by_name(policy, bindings))
    return {
        "kind": f"{which}AdmissionPolicy",
        "name": name,
        "live": policy.live,
        "guards": guards(policy.match),
        "failure": policy.failure,
        "bindings": sorted(each for each, _ in bound),
        "others": world.bindings - len(bound),
        "actions": sorted({action for each in bindings for action in each.actions}),
        "refuses": bool(refusing),
        "complete": policy.live and world.complete,
        "refusedIn": _names(world, refused[0]),
        "toldIn": _names(world, told[0] & ~refused[1] & ~meant),
        "openIn": _names(world, world.all & ~told[1] & ~meant),
        "unchanged": escaping.unchanged(policy, refusing, WRITTEN),
        "skippedBy": escaping.labels(policy, refusing),
        "namespacesSkippedBy": escaping.namespace_labels(policy, refusing),
        "freeNames": escaping.names(policy, refusing, WRITTEN),
        "carried": escaping.carried(policy),
        "mentions": escaping.mentions(policy),
        "othersMention": [word for word in world.words if word not in spoken_of(policy)],
        "controllers": callers.controllers(policy.spec),
        "spec": policy.spec,
    }


def binding(
    which: str, name: str, found: Binding, policy: Policy | None, world: World
) -> dict[str, object]:
    """Say of a binding whether its policy is there, and which namespaces it selects."""
    matches = (found.match,) if policy is None else (policy.match, found.match)
    return {
        "kind": f"{which}AdmissionPolicyBinding",
        "name": name,
        "policy": found.policy,
        "live": found.live,
        "declared": policy is not None,
        "failure": "" if policy is None else policy.failure,
        "refuses": refuses(which, found),
        "asked": policy is None or _meet(policy.match, found.match),
        "selects": _selects(world, matches).value,
        "requires": [str(each) for match in matches for each in match.namespaces or ()],
        "complete": found.live and world.complete,
        "parameters": _parameters(found.parameters, policy),
        "spec": found.spec,
    }


def spoken_of(policy: Policy) -> list[str]:
    """What of pods a policy speaks of, in its expressions and by what it is asked about."""
    asked = [each.resource for each in _PARTS if policy.match.asks(each)]
    return sorted({*escaping.mentions(policy), *asked})


def refuses(which: str, found: Binding) -> bool:
    """Say whether what fails is refused; what a mutating policy changes is changed."""
    return which == MUTATING or DENY in found.actions


def guards(match: Match) -> list[str]:
    """The resources about which a policy is asked, when one is created, changed or connected to."""
    every = (*_changes(WRITTEN), *_PARTS)
    return sorted({each.resource for each in every if match.asks(each)})


def _changes(every: Sequence[Request], *operations: str) -> Iterator[Request]:
    """The same requests with each of some operations, with both of them where none is named."""
    for each in every:
        for operation in operations or (CREATE, UPDATE):
            yield msgspec.structs.replace(each, operation=operation)


def _covered(policy: Policy, bindings: Sequence[Binding], world: World) -> Taken:
    """The namespaces in which one of some bindings is in effect: surely, and perhaps."""
    surely = possibly = 0
    for each in bindings:
        if not _meet(policy.match, each.match):
            continue
        yes, perhaps = world.taken(policy.match, each.match)
        surely, possibly = surely | yes, possibly | perhaps
    return surely, possibly


def _names(world: World, bits: int) -> list[str]:
    return [name for _, name in zip(range(_MOST), world.listed(bits), strict=False)]


def _selects(world: World, matches: Sequence[Match]) -> Selected:
    """Whether some namespace is selected; without selectors each is, one that comes later too.

    What no namespace holds is asked about whatever the selectors, and nobody knows that of a custom
    kind.
    """
    surely, possibly = world.taken(*matches)
    if surely or not any(each.namespaces != () for each in matches):
        return Selected.SOME
    policy = matches[0]
    if any(policy.asks(each) for each in _changes(WRITTEN) if not each.namespaced):
        return Selected.SOME
    known = all(each.scope == "Namespaced" or _known(each) for each in policy.rules)
    return Selected.NONE if known and not possibly else Selected.UNKNOWN


def _known(rule: AskedOf) -> bool:
    """Whether all that a rule is about is known to be in namespaces, or not."""
    return all(
        (each.partition("/")[0], group) in _SCOPES
        for each in rule.resources
        for group in rule.groups
    )


def _parameters(found: Parameters, policy: Policy | None) -> dict[str, object]:
    kind = "" if policy is None else policy.parameters
    return {
        "kind": kind.rpartition(" ")[2],
        "named": found.named and bool(kind),
        "name": found.name,
        "namespace": found.namespace,
        "ofRequests": of_requests(kind, found),
        "missing": found.missing,
    }


def _meet(policy: Match, bound: Match) -> bool:
    """Whether something can be asked that both are about, as far as their rules go."""
    if not bound.rules:
        return True
    exact = policy.exact or bound.exact
    return any(_both(one, other, exact=exact) for one in policy.rules for other in bound.rules)


def _both(one: AskedOf, other: AskedOf, *, exact: bool) -> bool:
    return (
        (one.scope == other.scope or ANY in {one.scope, other.scope})
        and _shared(one.operations, other.operations)
        and _shared(one.groups, other.groups)
        and (not exact or _shared(one.versions, other.versions))
        and any(_same(each, more) for each in one.resources for more in other.resources)
    )


def _shared(one: Sequence[str], other: Sequence[str]) -> bool:
    return bool({*one} & {*other}) or bool(one and ANY in other) or bool(other and ANY in one)


def _same(one: str, other: str) -> bool:
    """Whether two resources as rules write them have one in common."""
    return all(
        a == b or ANY in {a, b}
        for a, b in zip(one.partition("/")[::2], other.partition("/")[::2], strict=True)
    )
