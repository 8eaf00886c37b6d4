"""Who may do what, by our engine and by a real API server: the same, question by question.

The server holds the roles and bindings of generated worlds. Aggregated roles are filled in as the
controller of a cluster does, by what the server itself finds for their selectors; we resolve them
from what is written.
"""

from __future__ import annotations

import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest

from auditor.analysis.rights.asking import Question, grants
from auditor.analysis.rights.defaults import DEFAULTS
from auditor.analysis.rights.listing import RoleGrants
from auditor.analysis.rights.matching import PolicyRule, Request
from auditor.model.resource import Resource
from auditor.model.rights import Grant, NamedSubject, RoleGrantsFact
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client
from tests.engines.client import Request as Sent
from tests.live.rights_world import API, Asked, Body, Who, World, worlds
from tests.sweeps import sweep
from tests.unit.analysis.joining import derived

REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
RBAC = f"/apis/{API}/v1"
SECONDS = 60.0
LONGEST = 8.0
"""So long a controller is waited for that copies rules around."""
MARK = "marks.example.org"
FEATURES = frozenset(
    {
        *("aggregated", "aggregated twice", "named", "part", "any part", "everything", "address"),
        *("address by its beginning", "in one namespace", "everywhere", "account", "user", "group"),
        *("account by a group", "cluster role in a namespace", "role", "a list by no name"),
        *("the namespace itself", "nobody"),
    }
)


@pytest.fixture(scope="module")
def server(apiserver: ApiServer) -> Iterator[Client]:
    with apiserver.client() as client:
        yield client


@sweep(some=8, whole=60)
def test_the_api_server_says_the_same(size: int, server: Client) -> None:
    """1,520 questions of 8 worlds, or 11,400 of 60."""
    seen: Counter[str] = Counter()
    differences: list[str] = []
    own = _own(server)
    for world in worlds(size, size, 190):
        differences += _compared(world, server, own, seen)
    assert not differences, "\n".join([f"{len(differences)}:", *differences[:10]])
    assert seen["questions"] == size * 190
    few = {each: seen[each] for each in FEATURES if seen[each] < 4}
    assert not few, seen
    allowed = seen["questions"] - seen["nobody"]
    assert seen["questions"] * 0.15 < allowed < seen["questions"] * 0.85, seen


@sweep(some=4, whole=40)
def test_the_controller_of_kubernetes_comes_to_the_same(
    size: int, filled_apiserver: ApiServer
) -> None:
    """Roles with rules beside their selectors, in cycles too: what is sure is, all else may be."""
    seen: Counter[str] = Counter()
    with filled_apiserver.client() as server:
        own = _own(server)
        for world in worlds(1_000 + size, size, 150, written=True):
            for asked, allowed, ours in _asked(world, server, own, _settled):
                sure = any(each.rule.settled for each in ours)
                assert allowed if sure else bool(ours) or not allowed, (asked, ours)
                seen["allowed" if sure else "perhaps" if ours else "refused"] += 1
                seen["of them allowed"] += bool(ours) and allowed and not sure
                seen["aggregated"] += any(each.rule.written_in != each.role.name for each in ours)
    assert min(seen[each] for each in ("allowed", "refused", "aggregated")) > size * 5, seen
    assert seen["perhaps"], seen


def test_every_cluster_has_the_roles_that_we_say(server: Client) -> None:
    """What files bind without declaring it is, right by right, what a server makes itself."""
    for name, role in DEFAULTS.items():
        found = server.get(f"{RBAC}/clusterroles/{name}").body
        assert set(_rights(role.rules)) == set(_rights(_rules(found))), name
        labels = dict(found["metadata"]["labels"])  # type: ignore[index]
        labels.pop("kubernetes.io/bootstrapping")
        assert labels == dict(role.labels), name
        selectors = found.get("aggregationRule", {}).get("clusterRoleSelectors", [])  # type: ignore[attr-defined]
        ours = [{each.key: each.values[0] for each in one} for one in role.selectors or ()]
        assert [each["matchLabels"] for each in selectors] == ours, name


def _rules(role: Any) -> tuple[PolicyRule, ...]:
    return msgspec.convert(role.get("rules") or [], tuple[PolicyRule, ...])


def _rights(rules: Sequence[PolicyRule]) -> Iterator[tuple[str, ...]]:
    for rule in rules:
        for verb in rule.verbs:
            yield from ((verb, url) for url in rule.non_resource_urls)
            for group in rule.api_groups:
                yield from ((verb, group, each) for each in rule.resources)


def _own(server: Client) -> list[Body]:
    """The roles and bindings that a server makes itself."""
    found: list[Body] = []
    for kind in ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"):
        path = f"{RBAC}/{kind.lower()}s?labelSelector=kubernetes.io/bootstrapping"
        items: Any = server.get(path).body["items"]
        found += [{**each, "kind": kind} for each in items]
    return found


Answered = tuple[Asked, bool, list[Grant]]
"""A question, whether the server allows it, and our grants."""


def _asked(
    world: World,
    server: Client,
    own: Sequence[Body],
    fill: Callable[[World, Client], None],
) -> list[Answered]:
    bodies = [*own, *world.roles, *world.bindings]
    made = derived(RoleGrants(), [_resource(each, at) for at, each in enumerate(bodies)])
    facts = [msgspec.json.decode(each.body, type=RoleGrantsFact) for each in made]
    _store(world, server)
    try:
        fill(world, server)
        _wait(world, server)
        replies = server.send_all(_review(asked) for asked in world.questions)
    finally:
        _remove(world, server)
    found: list[Answered] = []
    for asked, reply in zip(world.questions, replies, strict=True):
        status: Any = reply.body.get("status")
        assert status is not None, reply.message
        found.append((asked, status["allowed"], _ours(asked, facts)))
    return found


def _compared(world: World, server: Client, own: Sequence[Body], seen: Counter[str]) -> list[str]:
    differences = []
    for asked, allowed, ours in _asked(world, server, own, _fill):
        _count(asked, ours, seen)
        if allowed is not bool(ours):
            differences.append(f"{allowed} by the server, {ours} by us: {asked}")
    return differences


def _resource(body: Body, at: int) -> Resource:
    metadata = body["metadata"]
    return Resource(
        kind=f"k8s/{body['kind']}",
        api_version=f"{API}/v1",
        name=metadata["name"],
        namespace=metadata.get("namespace", ""),
        uid=f"w.yaml#{at}",
        source="w.yaml",
        document=at,
        line=at + 1,
        body=msgspec.json.encode(body),
        labels=tuple(sorted(metadata.get("labels", {}).items())),
    )


def _ours(asked: Asked, facts: Sequence[RoleGrantsFact]) -> list[Grant]:
    """The grants by which somebody may do it, as it is asked: of a name, or of none."""
    request = Request(asked.verb, asked.group, asked.resource, asked.part, asked.name, asked.path)
    question = Question(request, asked.namespace, asked.namespaced)
    return [
        each
        for each in grants(facts, question)
        if _is(each.subject, asked.who)
        and not each.names
        and (each.namespace == "" or asked.namespace or not asked.namespaced)
    ]


def _is(subject: NamedSubject, who: Who) -> bool:
    match subject.kind:
        case "User":
            return subject.name == who.user
        case "Group":
            return subject.name in who.groups
        case _:
            return who.user == f"system:serviceaccount:{subject.namespace}:{subject.name}"


def _count(asked: Asked, found: Sequence[Grant], seen: Counter[str]) -> None:
    seen["questions"] += 1
    seen["nobody"] += not found
    for feature in {feature for each in found for feature in _features(asked, each)}:
        seen[feature] += 1


def _features(asked: Asked, grant: Grant) -> Iterator[str]:
    rule, role, subject = grant.rule, grant.role, grant.subject
    if rule.written_in != role.name:
        yield "aggregated"
        if "agg" in role.name and len(rule.verbs) and len(role.aggregated_by):
            yield "aggregated twice"
    if rule.resource_names:
        yield "named" if asked.name else "a list by no name"
    if asked.part:
        yield "part"
    if f"*/{asked.part}" in rule.resources:
        yield "any part"
    if "*" in rule.resources:
        yield "everything"
    if asked.path:
        yield "address"
        if asked.path not in rule.non_resource_urls:
            yield "address by its beginning"
    yield "in one namespace" if grant.namespace else "everywhere"
    if grant.namespace:
        yield "cluster role in a namespace" if role.kind == "ClusterRole" else "role"
        if asked.resource == "namespaces":
            yield "the namespace itself"
    yield {"User": "user", "Group": "group", "ServiceAccount": "account"}[subject.kind]
    if subject.kind == "Group" and asked.who.user.startswith("system:serviceaccount:"):
        yield "account by a group"


def _path(body: Body) -> str:
    metadata = body["metadata"]
    where = f"namespaces/{metadata['namespace']}/" if "namespace" in metadata else ""
    return f"{RBAC}/{where}{body['kind'].lower()}s"


def _store(world: World, server: Client) -> None:
    """Create everything; what a server would refuse is none of ours."""
    spaces = [Sent("POST", "/api/v1/namespaces", _namespace(name)) for name in world.namespaces]
    for reply in server.send_all(spaces):
        assert reply.status == 201, reply.message
    bodies = [*world.roles, *world.bindings, *_marks(world)]
    for reply in server.send_all(Sent("POST", _path(each), each) for each in bodies):
        assert reply.status == 201, reply.message


def _namespace(name: str) -> Body:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _marks(world: World) -> list[Body]:
    """A role and a binding that come last: who may get the mark sees all the others."""
    name = f"{world.namespaces[0]}-mark"
    head = {"apiVersion": f"{API}/v1", "metadata": {"name": name}}
    rules = [{"apiGroups": [MARK], "resources": ["marks"], "verbs": ["get"]}]
    reference = {"apiGroup": API, "kind": "ClusterRole", "name": name}
    subjects = [{"kind": "User", "apiGroup": API, "name": name}]
    binding = {"kind": "ClusterRoleBinding", "roleRef": reference, "subjects": subjects}
    return [{**head, "kind": "ClusterRole", "rules": rules}, {**head, **binding}]


def _fill(world: World, server: Client) -> None:
    """Do what the controller does, until nothing changes; the server evaluates the selectors."""
    changed = True
    while changed:
        changed = False
        for role in world.aggregated:
            name = role["metadata"]["name"]
            rules = _selected(role, server)
            kept: Any = server.get(f"{RBAC}/clusterroles/{name}").body
            if any(rule not in (kept.get("rules") or ()) for rule in rules):
                sent = Sent("PUT", f"{RBAC}/clusterroles/{name}", {**kept, "rules": rules})
                assert server.send(sent).status == 200
                changed = True


def _settled(world: World, server: Client) -> None:
    """Wait until the controller has done its work: twice in a row, nothing is left for it.

    In a cycle it may have something to do for ever; what is sure then is there after a while.
    """
    deadline = time.monotonic() + LONGEST
    quiet = 0
    while quiet < 2 and time.monotonic() < deadline:
        time.sleep(0.2)
        done = all(_is_filled(role, server) for role in world.aggregated)
        quiet = quiet + 1 if done else 0


def _is_filled(role: Body, server: Client) -> bool:
    kept: Any = server.get(f"{RBAC}/clusterroles/{role['metadata']['name']}").body
    rules, wanted = kept.get("rules") or [], _selected(role, server)
    if not wanted:
        return bool(rules == role["rules"])
    return all(rule in wanted for rule in rules) and all(rule in rules for rule in wanted)


def _selected(role: Body, server: Client) -> list[Any]:
    """The rules of all roles that the selectors of one find, other than itself."""
    name = role["metadata"]["name"]
    rules: list[Any] = []
    for selector in role["aggregationRule"]["clusterRoleSelectors"]:
        asked = urllib.parse.quote(_written(selector))
        found: Any = server.get(f"{RBAC}/clusterroles?labelSelector={asked}").body["items"]
        for each in found:
            if each["metadata"]["name"] != name:
                rules += [rule for rule in each.get("rules") or () if rule not in rules]
    return rules


def _written(selector: Body) -> str:
    """A selector as a query has it."""
    parts = [f"{key}={value}" for key, value in selector["matchLabels"].items()]
    for each in selector.get("matchExpressions", ()):
        values = f"({','.join(each.get('values', ()))})"
        match each["operator"]:
            case "In":
                parts.append(f"{each['key']} in {values}")
            case "NotIn":
                parts.append(f"{each['key']} notin {values}")
            case "Exists":
                parts.append(each["key"])
            case _:
                parts.append(f"!{each['key']}")
    return ",".join(parts)


def _wait(world: World, server: Client) -> None:
    """Wait until the server goes by what was stored last: one more role, and its binding."""
    name = f"{world.namespaces[0]}-mark"
    role = f"{RBAC}/clusterroles/{name}"
    kept: Any = server.get(role).body
    late = {"apiGroups": [MARK], "resources": ["late"], "verbs": ["get"]}
    assert server.send(Sent("PUT", role, {**kept, "rules": [*kept["rules"], late]})).status == 200
    deadline = time.monotonic() + SECONDS
    for resource in ("marks", "late"):
        asked = Asked(Who(name, ()), "get", MARK, resource)
        while not _allowed(server, asked):
            assert time.monotonic() < deadline, "the server does not go by the roles"
            time.sleep(0.02)


def _allowed(server: Client, asked: Asked) -> bool:
    status: Any = server.send(_review(asked)).body["status"]
    return status["allowed"] is True


def _review(asked: Asked) -> Sent:
    spec: dict[str, Any] = {"user": asked.who.user, "groups": list(asked.who.groups)}
    if asked.path:
        spec["nonResourceAttributes"] = {"verb": asked.verb, "path": asked.path}
    else:
        own = asked.resource == "namespaces"
        spec["resourceAttributes"] = {
            "namespace": asked.name if own else asked.namespace,
            "verb": asked.verb,
            "group": asked.group,
            "resource": asked.resource,
            "subresource": asked.part,
            "name": asked.name,
        }
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    return Sent("POST", REVIEWS, body)


def _remove(world: World, server: Client) -> None:
    bodies = [*world.bindings, *world.roles, *_marks(world)]
    gone = [Sent("DELETE", f"{_path(each)}/{each['metadata']['name']}") for each in bodies]
    for reply in server.send_all(gone):
        assert reply.status in {200, 404}, reply.message
