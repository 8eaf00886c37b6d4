"""What becomes of admission policies: one fact for each, and one for each binding.

A policy by itself refuses nothing. A binding puts it into effect, says what is done with what fails
(Deny, Warn, Audit), and may narrow it to some namespaces or give it parameters::

    ValidatingAdmissionPolicy images     matchConstraints: CREATE pods          row key (…, images)
    …Binding audit-images                policyName: images, actions [Audit]    the same key
    …Binding images-in-ml                actions [Deny], namespaces team=ml     the same key
    Namespace ml, dev, kube-system                                              row key ()

makes a ``k8s/AdmissionGuard`` of ``images``: it ``guards`` pods, ``refuses`` in ml (``refusedIn``),
only tells of it in the others (``toldIn``), and is in effect everywhere (``openIn`` is empty). Each
binding is a ``k8s/AdmissionBinding``, which says whether its policy is ``declared`` and what it
selects. Of a mutating policy ``refuses`` means that it is in effect.

``complete`` says whether all namespaces of a cluster were read. Of files nobody knows, and a policy
may be bound in others: such facts are heuristic, and say by ``others`` how many bindings there are
beside those of the policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.admission import telling
from auditor.analysis.admission.facts import fact_of
from auditor.analysis.admission.reading import (
    MUTATING,
    VALIDATING,
    Binding,
    Policy,
    binding_of,
    policy_of,
)
from auditor.analysis.admission.scope import Place, World
from auditor.analysis.bodies import decoded
from auditor.analysis.completing import Spots
from auditor.analysis.loose import mapping
from auditor.analysis.paths import pointer_of
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables
from auditor.model.fact import Fact, Origin, Spot
from auditor.model.resource import OF_FILES, Resource
from auditor.platforms.kubernetes import PREFIX

GUARD: Final = "k8s/AdmissionGuard"
BINDING: Final = "k8s/AdmissionBinding"
NAMESPACE: Final = "k8s/Namespace"
POLICIES: Final[Mapping[str, str]] = MappingProxyType(
    {f"{PREFIX}{which}AdmissionPolicy": which for which in (MUTATING, VALIDATING)}
)
BINDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {f"{kind}Binding": which for kind, which in POLICIES.items()}
)

_BOUND: Final = "binding"
_COUNTED: Final = "counted"
_SPOKEN: Final = "spoken"
_NAMESPACE: Final = "namespace"
_POLICY: Final = "policy"
_FAILURE: Final = "failurePolicy"
_OF_POLICIES: Final = frozenset(POLICIES)
_OF_BINDINGS: Final = frozenset(BINDINGS)
_WHERE: Final = frozenset({NAMESPACE, *BINDINGS})
_BY_BINDINGS: Final = (
    *("bindings", "others", "actions", "refuses"),
    *("unchanged", "skippedBy", "namespacesSkippedBy", "freeNames"),
)
_encode = msgspec.json.encode
_decode_policy = msgspec.json.Decoder(Policy).decode
_decode_binding = msgspec.json.Decoder(Binding).decode
_decode_words = msgspec.json.Decoder(list[str]).decode
_decode_place = msgspec.json.Decoder(Place).decode


class Guards:
    """Joins admission policies with what binds them, and with the namespaces of a cluster."""

    id = "admission-guards"
    stage = Stage.TARGET
    reads = frozenset({*POLICIES, *BINDINGS, NAMESPACE})
    feeds: Feeds = MappingProxyType(
        {
            GUARD: MappingProxyType(
                {
                    "": _OF_POLICIES,
                    **dict.fromkeys(_BY_BINDINGS, _OF_BINDINGS),
                    **dict.fromkeys(("refusedIn", "toldIn", "openIn", "complete"), _WHERE),
                }
            ),
            BINDING: MappingProxyType(
                {
                    "": _OF_BINDINGS,
                    **dict.fromkeys(
                        ("declared", "failure", "asked", "requires", "parameters"), _OF_POLICIES
                    ),
                    **dict.fromkeys(("selects", "complete"), frozenset({NAMESPACE, *POLICIES})),
                }
            ),
        }
    )

    combined = frozenset({_COUNTED, _SPOKEN})

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take a policy, a binding, or the labels of a namespace."""
        live = site.target.uid != OF_FILES
        if resource.kind == NAMESPACE:
            yield Row((), _NAMESPACE, None, _encode(Place(resource.name, _labels(resource))))
        elif resource.kind in POLICIES:
            policy = policy_of(decoded(resource), live=live)
            yield Row((), _SPOKEN, None, _encode(telling.spoken_of(policy)))
            origin = site.origin(resource, "", _fields(policy.spec))
            yield Row((POLICIES[resource.kind], resource.name), _POLICY, origin, _encode(policy))
        else:
            found = binding_of(decoded(resource), live=live)
            yield Row((), _COUNTED, None, b"1")
            origin = site.origin(resource, "", _fields(found.spec))
            yield Row((BINDINGS[resource.kind], found.policy), _BOUND, origin, _encode(found))

    def combine(self, one: Row, other: Row) -> Row:
        """Add up how many bindings there are, and put together what policies speak of."""
        if one.tag == _SPOKEN:
            words = {*_decode_words(one.body), *_decode_words(other.body)}
            return Row(one.key, one.tag, None, _encode(sorted(words)))
        return Row(one.key, one.tag, None, b"%d" % (int(one.body) + int(other.body)))

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield the facts of each policy and of what binds it, by the names of policies."""
        world = World(())
        for key, rows in groups:
            if key == ():
                world = _world(rows)
                continue
            bindings: list[tuple[Origin, Binding]] = []
            policies: list[tuple[Origin, Policy]] = []
            for row in rows:
                if row.tag == _BOUND:
                    bindings.append((row.read_at, _decode_binding(row.body)))
                else:
                    policies.append((row.read_at, _decode_policy(row.body)))
            bound = [(origin.name, each) for origin, each in bindings]
            for origin, policy in policies:
                body = telling.guard(key[0], origin.name, policy, bound, world)
                yield fact_of(GUARD, origin, body, _spots(GUARD, body), live=policy.live)
            first = policies[0][1] if policies else None
            for origin, each in bindings:
                body = telling.binding(key[0], origin.name, each, first, world)
                yield fact_of(BINDING, origin, body, _spots(BINDING, body), live=each.live)


def make(tables: Tables) -> Guards:
    """Make the analysis; it needs no table."""
    del tables
    return Guards()


def _world(rows: Iterator[Row]) -> World:
    namespaces: list[Place] = []
    bindings, words = 0, list[str]()
    for row in rows:
        if row.tag == _COUNTED:
            bindings = int(row.body)
        elif row.tag == _SPOKEN:
            words = _decode_words(row.body)
        else:
            namespaces.append(_decode_place(row.body))
    return World(namespaces, bindings, words)


def _labels(resource: Resource) -> dict[str, object]:
    found = mapping(mapping(mapping(decoded(resource)).get("metadata")).get("labels"))
    return {key: value for key, value in found.items() if value is not None}


def _fields(spec: Mapping[str, object]) -> Iterator[str]:
    """The pointers of what a rule can read of a policy or a binding."""
    for name, value in spec.items():
        yield pointer_of(("spec", name))
        inside = value.items() if isinstance(value, dict) else ()
        yield from (pointer_of(("spec", name, each)) for each, _ in inside)


def _spots(kind: str, body: Mapping[str, object]) -> Spots:
    """Where what a rule reads was read: what is concluded stands nowhere."""
    spec = body["spec"]
    written = kind == GUARD and isinstance(spec, dict) and _FAILURE in spec
    found = Spot(0, f"/spec/{_FAILURE}") if written else None
    concluded = ((f"/{name}", None) for name in body if name not in {"failure", "spec"})
    return (("/failure", found), *concluded)
