"""Which requests policies refuse, and in which namespaces: a real API server is the judge.

Policies of a generated world are stored, and the server is asked for objects that they may be
about, none of which is kept. What we say of a single request is compared with its answer, and what
the facts say of namespaces with all answers together.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec
import pytest

from auditor.analysis.admission.guards import GUARD, Guards
from auditor.analysis.admission.matching import Request as Pods
from auditor.analysis.admission.reading import (
    DENY,
    IGNORE,
    VALIDATING,
    Binding,
    Policy,
    binding_of,
    policy_of,
)
from auditor.analysis.admission.scope import Place, of_requests
from auditor.analysis.admission.scope import World as Known
from auditor.analysis.admission.telling import refuses
from auditor.analysis.label_selectors import PodClass, PodClasses
from auditor.model.resource import Resource
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client, Request
from tests.live.admission_world import (
    API,
    BINDING,
    POLICY,
    Asked,
    Body,
    World,
    body_of,
    path_of,
    requests,
    world,
)
from tests.sweeps import sweep
from tests.unit.analysis.joining import derived

SEED = 20_261_201
SECONDS = 60.0
ROOT = f"/apis/{API}"
POLICIES = f"{ROOT}/validatingadmissionpolicies"
BINDINGS = f"{ROOT}/validatingadmissionpolicybindings"
LAST = "the-last-one"


def store(client: Client, made: World) -> None:
    """Store a world: what is asked to be changed first, since policies refuse that later."""
    for each in made.namespaces:
        reply = client.post("/api/v1/namespaces", each)
        assert reply.status in {201, 409}, reply
    for each in made.parameters:
        make(client, f"/api/v1/namespaces/{each['metadata']['namespace']}/configmaps", each)
    for policy in made.policies:
        for asked in requests(SEED, policy["metadata"]["name"]):
            if asked.request.operation != "CREATE":
                make(client, path_of(asked).rpartition("/")[0], body_of(asked))
    for each in (*made.policies, sentinel()):
        make(client, POLICIES, each)
    last = {"policyName": LAST, "validationActions": [DENY]}
    bound = {"apiVersion": API, "kind": BINDING, "metadata": {"name": LAST}, "spec": last}
    for each in (*made.bindings, bound):
        make(client, BINDINGS, each)


def sentinel() -> Body:
    """A policy that is stored after all others: when it refuses, they are in effect."""
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["namespaces"],
        "resourceNames": [LAST],
    }
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "1 == 2"}],
    }
    return {"apiVersion": API, "kind": POLICY, "metadata": {"name": LAST}, "spec": spec}


def make(client: Client, path: str, body: Body) -> None:
    reply = client.post(path, body)
    assert reply.status == 201, (path, body, reply)


def wait_until_in_effect(client: Client) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": LAST}}
    deadline = time.monotonic() + SECONDS
    while client.post("/api/v1/namespaces?dryRun=All", body).status == 201:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def stored(apiserver: ApiServer, size: int) -> Iterator[tuple[Client, World]]:
    made = world(SEED, size)
    with apiserver.client() as client:
        try:
            store(client, made)
            wait_until_in_effect(client)
            yield client, made
        finally:
            for path, bodies in ((BINDINGS, made.bindings), (POLICIES, made.policies)):
                for name in (*(each["metadata"]["name"] for each in bodies), LAST):
                    client.send(Request("DELETE", f"{path}/{name}"))


def refused(client: Client, asked: Asked) -> bool:
    """Whether the server refuses a request, for the policy of its name."""
    body = body_of(asked)
    method = "POST" if asked.request.operation == "CREATE" else "PUT"
    reply = client.send(Request(method, path_of(asked), body))
    if reply.status in {200, 201, 409}:  # what is there already is only found out afterwards
        return False
    assert f"ValidatingAdmissionPolicy '{asked.request.name}'" in reply.message, (asked, reply)
    return True


class Ours:
    """What we know of a world."""

    def __init__(self, made: World) -> None:
        self.policies = {
            each["metadata"]["name"]: policy_of(each, live=True) for each in made.policies
        }
        found = [binding_of(each, live=True) for each in made.bindings]
        found.sort(key=lambda each: each.policy)
        self.bindings = {
            name: tuple(each) for name, each in groupby(found, key=lambda each: each.policy)
        }
        self.parameters = [each["metadata"] for each in made.parameters]
        self.world = Known([_place(each) for each in made.namespaces])
        self.spoiled = {
            each["metadata"]["name"]
            for each in made.policies
            if "/" in each["spec"]["validations"][0]["expression"]
        }

    def refuse(self, asked: Asked) -> bool:
        """Say whether a request is refused."""
        policy = self.policies[asked.request.name]
        if not self._about(policy.match, asked):
            return False
        return any(self._by(policy, each, asked) for each in self.bindings.get(_name(asked), ()))

    def _by(self, policy: Policy, found: Binding, asked: Asked) -> bool:
        if not self._about(found.match, asked):
            return False
        failing = policy.failure != IGNORE
        without = self._without(policy, found, asked)
        if without is None:
            return failing  # no such parameter can be looked for: the binding is at fault
        if without:
            return failing and found.parameters.missing == DENY
        spoiled = _name(asked) in self.spoiled
        return refuses(VALIDATING, found) and (failing or not spoiled)

    def _without(self, policy: Policy, found: Binding, asked: Asked) -> bool | None:
        """Say whether a request has no parameter; None where it could have none."""
        if not policy.parameters or not found.parameters.named:
            return False
        namespace = found.parameters.namespace
        if of_requests(policy.parameters, found.parameters):
            if not asked.namespace:
                # a namespace that is not there yet is in itself, and has no parameters
                return True if asked.request.resource == "namespaces" else None
            namespace = asked.namespace
        there = [each for each in self.parameters if each["namespace"] == namespace]
        if found.parameters.name:
            return found.parameters.name not in {each["name"] for each in there}
        classes = PodClasses([PodClass(each["labels"]) for each in there])
        assert found.parameters.labels is not None
        return not classes.sets(found.parameters.labels)[0]

    def _about(self, match: Any, asked: Asked) -> bool:
        labels = [asked.labels]
        if asked.request.operation == "UPDATE":
            first = next(each for each in requests(SEED, _name(asked)) if _same(each, asked))
            labels.append(first.labels)
        objects = PodClasses([PodClass(each) for each in labels])
        if not match.asks(asked.request) or not objects.sets(match.objects)[0]:
            return False
        if asked.request.resource == "namespaces":
            own = PodClass({**asked.labels, "kubernetes.io/metadata.name": _name(asked)})
            return bool(PodClasses([own]).sets(match.namespaces)[0])
        taken = self.world.taken(match)[0]
        return not asked.namespace or asked.namespace in self.world.listed(taken)


def _same(one: Asked, other: Asked) -> bool:
    return (one.request, one.namespace) == (other.request, other.namespace)


def _name(asked: Asked) -> str:
    return asked.request.name


def _place(body: Body) -> Place:
    metadata = body["metadata"]
    return Place(metadata["name"], metadata["labels"])


@pytest.mark.engine
@sweep(60, 600)
def test_requests_as_the_server_answers(
    stored: tuple[Client, World], record_property: Callable[[str, object], None], size: int
) -> None:
    client, made = stored
    ours = Ours(made)
    wrong, seen = [], Counter[bool]()
    answers: dict[tuple[str, str], bool] = {}
    for policy in made.policies:
        for asked in requests(SEED, policy["metadata"]["name"]):
            answer = refused(client, asked)
            seen[answer] += 1
            if ours.refuse(asked) is not answer:
                wrong.append((asked, answer))
            key = _name(asked), asked.namespace
            answers[key] = answers.get(key, False) or answer
    assert wrong == []
    assert min(seen.values()) > size
    record_property("compared", f"{seen.total()} requests about {size} policies: {dict(seen)}")
    compare_facts(made, ours, answers)


def compare_facts(made: World, ours: Ours, answers: dict[tuple[str, str], bool]) -> None:
    """What facts say of namespaces, of policies that nothing but their selectors keeps back."""
    facts = {
        body["name"]: body
        for fact in derived(Guards(), list(resources(made)))
        if fact.kind == GUARD
        for body in (msgspec.json.decode(fact.body),)
    }
    compared = Counter[bool]()
    for (name, namespace), answer in answers.items():
        policy, bindings = ours.policies[name], ours.bindings.get(name, ())
        if not namespace or not plain(policy, bindings) or name in ours.spoiled:
            continue
        told = namespace in facts[name]["refusedIn"]
        if answer:
            assert told, (name, namespace)
        elif policy.match.asks(Pods("pods", name=name)) and not any(
            each.match.rules or each.match.excluded for each in bindings
        ):
            assert not told, (name, namespace)
        compared[told] += 1
    assert min(compared[True], compared[False]) > len(facts) // 4, compared


def plain(policy: Policy, bindings: Sequence[Binding]) -> bool:
    """Whether a policy is about objects whatever their labels, and refuses by no parameter."""
    return policy.match.objects == () and all(
        each.match.objects == () and not (policy.parameters and each.parameters.named)
        for each in bindings
    )


def resources(made: World) -> Iterator[Resource]:
    every: Sequence[Body] = (
        *made.namespaces,
        *made.policies,
        *made.bindings,
    )
    for number, each in enumerate(every):
        metadata = each["metadata"]
        yield Resource(
            kind=f"k8s/{each['kind']}",
            api_version=each["apiVersion"],
            name=metadata["name"],
            namespace=metadata.get("namespace", ""),
            uid=f"a.yaml#{number}",
            source="a.yaml",
            document=number,
            line=1,
            body=msgspec.json.encode(each),
        )
