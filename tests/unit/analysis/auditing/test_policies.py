"""What an audit policy leaves out, which of its rules are reached, and what is not read of it."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest

from auditor.analysis.auditing.actors import EVERYWHERE, Role, actors, of_group, of_user
from auditor.analysis.auditing.coverage import Coverage, Left, cells, coverage
from auditor.analysis.auditing.matching import Matcher
from auditor.analysis.auditing.policy import Level, Policy, Request, Resources, Rule
from auditor.analysis.auditing.reachable import BUDGET, Unreached, reached
from auditor.analysis.auditing.reading import read_policy
from tests.unit.analysis.auditing import policies
from tests.unit.analysis.auditing.policies import Json

ALL = {"level": "Metadata"}


def matcher(*rules: Json, **fields: object) -> Matcher:
    document = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": list(rules), **fields}
    policy = read_policy(document).policy
    assert policy is not None
    return Matcher(policy)


def covered(*rules: Json, **fields: object) -> Coverage:
    return coverage(matcher(*rules, **fields))


def about(group: str, *resources: str) -> Json:
    return {"resources": [{"group": group, "resources": list(resources)}]}


def only(found: tuple[Left, ...]) -> Left:
    (left,) = found
    return left


def test_one_rule_for_all_is_enough_but_for_what_changed() -> None:
    found = covered(ALL)
    shallow = only(found.shallow)
    assert (shallow.rule, shallow.level) == (1, "Metadata")
    assert shallow.who == ("people", "administrators (system:masters)", "service accounts")
    assert shallow.what[0].startswith("create, update, patch namespaces, networkpolicies"), (
        shallow.what
    )
    named = {name: getattr(found, name) for name in Coverage.__struct_fields__}
    empty = [name for name, value in named.items() if value == ()]
    assert empty == [
        *("unlogged", "entered", "devices", "exempt", "taken", "bodies", "settings"),
        *("strangers", "outcomes"),
    ]
    assert (found.caught, found.refused_logins, found.left_out) == (True, True, 0)


def test_changes_that_no_rule_matches() -> None:
    found = covered({"level": "Metadata", "verbs": ["get", "list", "watch"]})
    assert only(found.unlogged).rule == 0
    assert only(found.unlogged).text.startswith("no rule (None): create, update, patch, delete")
    assert not found.caught


def test_a_resource_is_not_its_subresource() -> None:
    found = covered({"level": "Metadata", **about("", "pods", "services", "nodes")})
    entered = only(found.entered)
    assert "get, create pods/exec, pods/attach, pods/portforward, pods/proxy" in entered.text
    found = covered({"level": "Metadata", **about("", "pods/*", "services/*", "nodes/*")})
    assert found.entered == ()


def test_reads_and_components_may_be_left_out() -> None:
    found = covered(
        {"level": "None", "verbs": ["get", "list", "watch"], "userGroups": ["system:nodes"]},
        {"level": "None", "users": ["system:kube-controller-manager"]},
        {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
        {"level": "None", **about("", "events")},
        {"level": "None", "nonResourceURLs": ["/healthz*", "/version", "/livez", "/readyz"]},
        ALL,
    )
    assert (found.unlogged, found.entered, found.strangers, found.exempt) == ((), (), (), ())


def test_callers_by_name() -> None:
    robot = "system:serviceaccount:ci:robot"
    found = covered({"level": "None", "users": [robot, "bob"]}, ALL)
    assert only(found.exempt).who == (robot, "bob")
    assert found.unlogged == found.entered == ()
    found = covered({"level": "None", "userGroups": ["system:serviceaccounts:ci"]}, ALL)
    assert only(found.unlogged).who == ("group system:serviceaccounts:ci",)
    assert found.exempt == ()


def test_a_caller_by_name_and_group() -> None:
    """Nobody who is only one of both is exempt."""
    found = covered({"level": "None", "users": ["alice"], "userGroups": ["dev", "ops"]}, ALL)
    assert only(found.exempt).who == ("alice in dev", "alice in ops")
    assert only(found.exempt).what[0].startswith("get, create pods/exec")


@pytest.mark.parametrize(
    ("rule", "who"),
    [
        ({"users": ["system:admin"]}, "system:admin"),
        ({"userGroups": ["system:authenticated:oauth"]}, "group system:authenticated:oauth"),
        ({"userGroups": ["system:cluster-admins"]}, "group system:cluster-admins"),
    ],
)
def test_people_who_are_called_as_components_are(rule: Json, who: str) -> None:
    found = covered({"level": "None", **rule}, ALL)
    assert only(found.exempt or found.unlogged).who == (who,)
    assert (only(found.entered).who == (who,)) if not found.exempt else not found.entered


@pytest.mark.parametrize("resource", ["secrets", "secrets/*", "*"])
def test_an_object_that_is_left_out(resource: str) -> None:
    names = {"group": "", "resources": [resource], "resourceNames": ["root", "a"]}
    found = covered({"level": "None", "resources": [names]}, ALL)
    assert only(found.unlogged).text.startswith(
        "rule 1 (None): update, patch, delete secrets named a, root, by people"
        if resource != "*"
        else "rule 1 (None): update, patch, delete secrets, pods, services, serviceaccounts, "
    )
    leader = {"group": "", "resources": ["configmaps"], "resourceNames": ["controller-leader"]}
    assert covered({"level": "None", "resources": [leader]}, ALL).unlogged == ()


def test_secrets_of_all_namespaces_in_the_log() -> None:
    rule = {"level": "RequestResponse", "namespaces": [""], **about("", "secrets")}
    assert only(covered(rule, ALL).bodies).what == ("list secrets of all namespaces",)


def test_more_than_is_asked_about_is_counted() -> None:
    rules = [{"level": "None", "namespaces": [f"n{at}"]} for at in range(40)]
    assert covered(*rules, ALL).left_out == 40 - 30
    names = {"group": "", "resources": ["secrets"], "resourceNames": [f"s{at}" for at in range(40)]}
    assert covered({"level": "None", "resources": [names]}, ALL).left_out == 40 - 32


def test_who_takes_what_opens_something() -> None:
    """Reads of Secrets, and tokens: by anybody but components, by name as well."""
    reads = {"level": "None", "verbs": ["get", "list", "watch"]}
    assert only(covered(reads, ALL).taken).what == ("get, list, watch secrets",)
    robot = "system:serviceaccount:ci:robot"
    found = covered({**reads, "users": [robot]}, ALL)
    assert only(found.taken).who == (robot,)
    assert covered({**reads, **about("", "pods", "configmaps")}, ALL).taken == ()
    assert covered({**reads, "userGroups": ["system:nodes"]}, ALL).taken == ()
    tokens = covered({"level": "None", **about("", "serviceaccounts/token")}, ALL)
    assert only(tokens.taken).text == (
        "rule 1 (None): create serviceaccounts/token, by people, administrators (system:masters), "
        "service accounts"
    )
    assert tokens.unlogged == ()


def test_a_namespace_that_is_left_out() -> None:
    found = covered({"level": "None", "namespaces": ["scratch"]}, ALL)
    assert "in scratch" in only(found.unlogged).text
    assert "clusterroles" not in only(found.unlogged).text


@pytest.mark.parametrize(
    ("level", "verb", "resource", "kept"),
    [
        pytest.param("Metadata", "create", "secrets", False, id="metadata"),
        pytest.param("Request", "create", "secrets", True, id="what is sent"),
        pytest.param("Request", "patch", "secrets", True, id="a patch"),
        pytest.param("Request", "get", "secrets", False, id="a get sends nothing"),
        pytest.param("RequestResponse", "get", "secrets", True, id="an answer"),
        pytest.param("RequestResponse", "list", "secrets", True, id="a list"),
        pytest.param("RequestResponse", "watch", "secrets", False, id="a watch"),
        pytest.param("RequestResponse", "delete", "secrets", False, id="a delete answers status"),
        pytest.param("RequestResponse", "deletecollection", "secrets", True, id="what was deleted"),
        pytest.param("Request", "create", "serviceaccounts/token", False, id="a token asked for"),
        pytest.param("RequestResponse", "create", "serviceaccounts/token", True, id="a token"),
    ],
)
def test_secrets_in_the_log(level: str, verb: str, resource: str, kept: bool) -> None:  # noqa: FBT001 - a case
    found = covered({"level": level, "verbs": [verb], **about("", resource)}, ALL)
    assert bool(found.bodies) == kept
    assert found.settings == ()


def test_a_token_to_be_reviewed_is_sent() -> None:
    found = covered({"level": "Request", **about("authentication.k8s.io", "tokenreviews")}, ALL)
    assert only(found.bodies).what == ("create tokenreviews",)


def test_config_maps_in_the_log() -> None:
    found = covered({"level": "Request", **about("", "configmaps")}, ALL)
    assert only(found.settings).what == ("create, update, patch configmaps",)
    assert found.bodies == ()


def test_strangers() -> None:
    found = covered({"level": "Metadata", "userGroups": ["system:authenticated"]})
    assert only(found.strangers).who == ("anonymous", "refused logins")
    assert not found.refused_logins
    assert found.caught
    found = covered({"level": "None", "users": ["system:anonymous"]}, ALL)
    assert only(found.strangers).who == ("anonymous",)
    assert found.refused_logins


def test_stages() -> None:
    assert covered(ALL, omitStages=["RequestReceived"]).outcomes == ()
    found = covered({**ALL, "omitStages": ["ResponseComplete"]})
    assert only(found.outcomes).rule == 1
    assert not covered(ALL, omitStages=["ResponseStarted"]).refused_logins


def test_devices() -> None:
    found = covered({"level": "None", **about("resource.k8s.io")}, ALL)
    assert "resourceclaims" in only(found.devices).text
    assert only(found.unlogged).rule == 1


def unreached(*rules: Json) -> tuple[Unreached, ...]:
    return reached(matcher(*rules)).unreached


def test_rules_that_decide_nothing() -> None:
    assert unreached(ALL, {"level": "None", "users": ["bob"]}) == (Unreached(1, (0,)),)
    logged_in = {"level": "Metadata", "userGroups": ["system:authenticated"]}
    assert unreached(logged_in, {"level": "None", "users": ["bob"]}) == (Unreached(1, (0,)),)
    assert unreached(logged_in, ALL) == (), "refused logins and strangers"
    reads = {"level": "None", "verbs": ["get", "list", "watch"]}
    changes = ["create", "update", "patch", "delete", "deletecollection"]
    for_all = {"level": "Metadata", "verbs": changes}
    pods = {"level": "Request", **about("", "pods")}
    assert unreached(reads, for_all, pods) == (Unreached(2, (0, 1)),), "both together"
    assert unreached(reads, {"level": "Metadata", "verbs": changes[:-1]}, pods) == ()


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({"verbs": ["*"]}, id="any verb"),
        pytest.param({"verbs": ["GET"]}, id="a verb in capitals"),
        pytest.param({"verbs": ["post"], "namespaces": ["a"]}, id="a method of URLs"),
        pytest.param({"verbs": ["watch"], "nonResourceURLs": ["/x"]}, id="a verb of resources"),
    ],
)
def test_rules_that_match_nothing(rule: Json) -> None:
    assert unreached({"level": "None", **rule}, ALL) == (Unreached(0, ()),)


def test_urls_and_wildcards_are_reached() -> None:
    rules: list[Json] = [
        {"level": "None", "nonResourceURLs": ["/healthz"]},
        {"level": "None", "nonResourceURLs": ["/healthz*"]},
        {"level": "None", "nonResourceURLs": ["*"]},
        {"level": "None", **about("*", "pods/*")},
        {"level": "None", **about("*", "*/exec")},
        {"level": "None", **about("", "pods", "pods/exec")},
        {"level": "None", "namespaces": [""]},
        {"level": "None", "namespaces": ["*"]},
        ALL,
    ]
    assert unreached(*rules) == (Unreached(5, (3,)),)


def test_a_rule_that_takes_too_many_questions() -> None:
    names = [f"u{at}" for at in range(BUDGET + 1)]
    found = reached(matcher({"level": "None", "users": names}, {"level": "None", "users": names}))
    assert found.unreached == ()
    assert found.undecided == 1


def test_no_rule_that_decides_is_called_unreached() -> None:
    dice = random.Random(11)
    claimed: Counter[bool] = Counter()
    for _ in range(150):
        made = policies.policy(dice)
        found = Matcher(_policy(made))
        dead = {each.rule for each in reached(found).unreached}
        deciding = {found.decide(policies.request(dice)).rule for _ in range(200)}
        assert not dead & deciding, made
        claimed.update(each in dead for each in range(len(made["rules"])))
    assert claimed[True] > 50
    assert claimed[False] > 300


def _policy(document: Json) -> Policy:
    policy = read_policy(document).policy
    assert policy is not None
    return policy


def test_cells_are_what_each_request_is_decided_as() -> None:
    dice = random.Random(12)
    for _ in range(4):
        found = Matcher(_policy(policies.policy(dice)))
        everyone, _left = actors(found.policy)
        for cell in cells(found, everyone):
            asked = msgspec.structs.replace(
                cell.request, user=cell.actor.user, groups=cell.actor.groups
            )
            assert found.decide(asked) == cell.decision


def test_ten_thousand_rules() -> None:
    rules = tuple(
        Rule(Level(at % 4), users=(f"u{at}",), resources=(Resources("", ("pods",)),))
        for at in range(10_000)
    )
    found = Matcher(Policy(rules))
    assert found.decide(Request("u9999", (), "get", resource="pods")).rule == 9_999
    covers = coverage(found)
    assert covers.left_out == 10_000 - 64
    assert reached(found).unreached == ()


def test_who_is_asked_about() -> None:
    assert of_user("system:serviceaccount:kube-system:x").role is Role.COMPONENT
    assert of_user("system:serviceaccount:ml:x").role is Role.ACCOUNT
    assert of_user("system:kube-scheduler").role is Role.COMPONENT
    assert of_user("system:anonymous").groups == ("system:unauthenticated",)
    assert of_user("").groups == ()
    assert of_user("system:node:a").groups == ("system:nodes", "system:authenticated")
    assert of_group("system:masters") in EVERYWHERE
    assert of_group("dev").groups == ("dev", "system:authenticated")
    assert of_group("system:serviceaccounts:ml").user == "system:serviceaccount:ml:an-account"


@pytest.mark.parametrize(
    ("document", "refused"),
    [
        ([], [": is not an object"]),
        ({"rules": [ALL]}, ["/apiVersion: is not audit.k8s.io/v1"]),
        ({"rules": []}, ["/rules: is empty: a policy without rules is none"]),
        ({"rules": [{}]}, ["/rules/0/level: is missing"]),
        ({"rules": ["a"]}, ["/rules/0: is not an object", "/rules/0/level: is missing"]),
        ({"rules": [{"level": "metadata"}]}, ["/rules/0/level: metadata is no level"]),
        ({"rules": [{**ALL, "verbs": "get"}]}, ["/rules/0/verbs: is not a list"]),
        ({"rules": [{**ALL, "users": [1]}]}, ["/rules/0/users/0: is not a text"]),
        (
            {"rules": [{**ALL, "resources": [{"group": "apps/v1"}]}]},
            ["/rules/0/resources/0/group: apps/v1 is no name of a group: its group is apps"],
        ),
        (
            {"rules": [{**ALL, "nonResourceURLs": ["/a*b"]}]},
            ["/rules/0/nonResourceURLs/0: /a*b has a * that is not at its end"],
        ),
        (
            {"rules": [{**ALL, "omitStages": ["Done"]}]},
            ["/rules/0/omitStages/0: Done is no stage"],
        ),
        (
            {"rules": [{**ALL, "nonResourceURLs": ["/a"], "namespaces": ["a"]}]},
            ["/rules/0: is about both resources and URLs (nonResourceURLs)"],
        ),
    ],
)
def test_what_the_server_refuses(document: object, refused: list[str]) -> None:
    if isinstance(document, dict) and refused != ["/apiVersion: is not audit.k8s.io/v1"]:
        document = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", **document}
    found = read_policy(document)
    assert [f"{each.pointer}: {each.reason}" for each in found.refused] == refused
    assert found.policy is None


def test_what_the_server_ignores() -> None:
    rule = {**ALL, "namespace": ["a"], "usergroups": ["b"], "what": 1}
    document = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [rule]}
    found = read_policy(document)
    assert [f"{each.pointer}: {each.reason}" for each in found.ignored] == [
        "/rules/0/namespace: namespace is no field: is namespaces meant?",
        "/rules/0/usergroups: usergroups is no field: is userGroups meant?",
        "/rules/0/what: what is no field",
    ]
    assert found.policy == Policy((Rule(Level.METADATA, pointer="/rules/0"),))
