"""What policies and services select among the pods of their namespaces."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis import facts
from auditor.analysis.selections import POLICIES, SERVICES, Selections
from auditor.model.fact import Fact
from auditor.model.resource import Resource, Target
from tests.unit.analysis.joining import SITE, derived

WEB = {"app": "web"}
LIVE = msgspec.structs.replace(SITE, target=Target("k8s://c", "uid-of-a-cluster"))


def resource(kind: str, name: str, namespace: str = "ml", **body: object) -> Resource:
    return Resource(
        kind=kind,
        api_version="v1",
        name=name,
        namespace=namespace,
        uid=f"a.yaml#{name}",
        source="a.yaml",
        document=0,
        line=3,
        body=msgspec.json.encode(body),
    )


def pods(
    labels: object,
    owner: str = "apps/v1/Deployment",
    namespace: str = "ml",
    *,
    kind: str = facts.KIND,
    pointer: str = "/spec/template",
) -> Resource:
    version, _, of = owner.rpartition("/")
    made = resource(
        kind,
        "d",
        namespace,
        metadata={"labels": labels},
        spec={"containers": []},
        owner={"apiVersion": version, "kind": of, "name": "d"},
    )
    return msgspec.structs.replace(made, pointer=pointer)


def service(selector: object, namespace: str = "ml", **spec: object) -> Resource:
    return resource("k8s/Service", "s", namespace, spec={"selector": selector, **spec})


def policy(selector: object, namespace: str = "ml") -> Resource:
    return resource("k8s/NetworkPolicy", "p", namespace, spec={"podSelector": selector})


def body_of(fact: Fact) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(fact.body)
    return found


def said(*resources: Resource) -> tuple[str, str]:
    """What one selector selects, and why nobody knows."""
    (fact,) = derived(Selections(), resources)
    body = body_of(fact)
    return body["selects"], body["why"]


def test_a_service_and_a_policy_that_select_nothing() -> None:
    found = derived(
        Selections(),
        [pods(WEB), service({"app": "wbe"})],
        [pods(WEB), policy({"matchExpressions": [{"key": "x", "operator": "Exists"}]})],
    )
    assert [fact.kind for fact in found] == [POLICIES, SERVICES]
    assert body_of(found[0]) == {
        "kind": "NetworkPolicy",
        "name": "p",
        "namespace": "ml",
        "requires": ["x"],
        "selects": "none",
        "why": "",
        "workloads": 2,
        "live": False,
    }
    of_service = body_of(found[1])
    assert (of_service["requires"], of_service["selects"]) == (["app=wbe"], "none")
    assert found[0].subject.pointer == "/spec/podSelector"
    assert found[1].subject.line_of("/spec/selector") == len("/spec/selector"), "its own line"
    assert all(fact.heuristic and fact.draws_on == (("t", "ml"),) for fact in found)


@pytest.mark.parametrize(
    "without",
    [
        pytest.param(service(None), id="no selector"),
        pytest.param(service({}), id="an empty selector"),
        pytest.param(service(WEB, type="ExternalName", externalName="a.example"), id="a name"),
        pytest.param(resource("k8s/Service", "s"), id="no spec"),
    ],
)
def test_services_that_have_no_pods_by_design(without: Resource) -> None:
    assert derived(Selections(), [pods({}), without]) == []


def test_headless_services_select_as_others() -> None:
    assert said(pods(WEB), service(WEB, clusterIP="None"))[0] == "some"


@pytest.mark.parametrize("selector", [{}, None, {"matchLabels": {}}])
def test_an_empty_selector_of_a_policy_takes_all(selector: object) -> None:
    (fact,) = derived(Selections(), [pods(WEB), policy(selector)])
    assert (body_of(fact)["requires"], body_of(fact)["selects"]) == ([], "some")


def test_a_selector_that_no_server_takes_is_undecided() -> None:
    why = "no API server takes such a selector"
    for made in (service({"app": 1}), policy(["a"]), policy({"matchLabels": {"a": 1}})):
        assert said(pods(WEB), made) == ("unknown", why)
        (fact,) = derived(Selections(), [pods(WEB), made])
        assert body_of(fact)["requires"] == ["(not valid)"], "or the rule would take it for empty"


@pytest.mark.parametrize(
    ("made", "selector", "expected"),
    [
        pytest.param(pods(WEB, "v1/Pod"), {"job-name": "d"}, "none", id="a pod has what it has"),
        pytest.param(pods(WEB, "batch/v1/Job"), {"job-name": "d"}, "some", id="of a job"),
        pytest.param(pods(WEB, "batch/v1/Job"), {"job-name": "x"}, "none", id="of another job"),
        pytest.param(pods(WEB, "batch/v1/CronJob"), {"job-name": "x"}, "unknown", id="at a time"),
        pytest.param(pods(WEB, "batch/v1/Job"), {"x": "y"}, "none", id="a job adds no more"),
        pytest.param(pods({}, "ray.io/v1/RayCluster"), {"x": "y"}, "unknown", id="an operator"),
        pytest.param(
            pods({}, "ray.io/v1/RayCluster"), {"ray.io/cluster": "d"}, "some", id="its name"
        ),
        pytest.param(
            pods({}, "ray.io/v1/RayCluster", pointer="/spec/headGroupSpec/template"),
            {"ray.io/node-type": "head"},
            "some",
            id="the head of a cluster",
        ),
        pytest.param(
            pods({}, "ray.io/v1/RayCluster", pointer="/spec/workerGroupSpecs/0/template"),
            {"ray.io/node-type": "head"},
            "none",
            id="a worker is not the head",
        ),
        pytest.param(pods(WEB, kind=facts.PATCH), {"x": "y"}, "unknown", id="a patch"),
        pytest.param(pods("web"), WEB, "unknown", id="labels that are a text"),
        pytest.param(pods(WEB, "ours.example/v1/Deployment"), {"x": "y"}, "unknown", id="a name"),
    ],
)
def test_who_adds_labels(made: Resource, selector: dict[str, str], expected: str) -> None:
    assert said(made, service(selector))[0] == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        pytest.param("k8s/PostgresCluster.postgres.example", "unknown", id="nobody knows it"),
        pytest.param("k8s/Prometheus.monitoring.coreos.com", "unknown", id="one of a group"),
        pytest.param("k8s/PodMonitor.monitoring.coreos.com", "none", id="it only watches"),
        pytest.param("k8s/Certificate.cert-manager.io", "none", id="of a group that makes none"),
        pytest.param("k8s/Gateway.gateway.networking.k8s.io", "unknown", id="a gateway has pods"),
    ],
)
def test_beside_a_custom_resource(kind: str, expected: str) -> None:
    beside = resource(kind, "db")
    selects, why = said(pods(WEB), service({"app": "db"}), beside)
    assert selects == expected
    name = kind.removeprefix("k8s/").partition(".")[0]
    assert why == (f"{name} db may bring pods that are not written here" if why else "")
    assert said(pods(WEB), service(WEB), beside)[0] == "some", "it takes nothing away"
    other = resource(kind, "db", "other")
    assert said(pods(WEB), service({"app": "db"}), other)[0] == "none", "of another namespace"
    nowhere = resource(kind, "db", "")
    assert said(pods(WEB), service({"app": "db"}), nowhere)[0] == expected, "of the cluster"


@pytest.mark.parametrize(
    ("of_pods", "of_service", "expected"),
    [
        pytest.param("ml", "other", "none", id="two"),
        pytest.param("", "ml", "unknown", id="pods without"),
        pytest.param("ml", "", "unknown", id="a service without"),
        pytest.param("", "", "some", id="neither"),
    ],
)
def test_namespaces_that_are_not_written(of_pods: str, of_service: str, expected: str) -> None:
    beside = [pods({"app": "x"}, namespace=name) for name in ("", "ml", "other")]
    assert said(pods(WEB, namespace=of_pods), *beside, service(WEB, of_service))[0] == expected
    assert said(pods(WEB, namespace=of_pods), *beside, service({"a": "b"}, of_service))[0] == "none"


def test_of_a_cluster_all_is_known() -> None:
    beside = resource("k8s/RayCluster.ray.io", "r")
    (fact,) = derived(Selections(), [service(WEB), beside], site=LIVE)
    assert not fact.heuristic
    body = body_of(fact)
    assert (body["live"], body["workloads"], body["selects"]) == (True, 0, "none")


def test_many_pods_and_selectors_are_classes() -> None:
    """Twenty thousand pods, each with a label of its own, and two thousand selectors."""
    many = [pods({"app": f"a{n % 50}", "n": str(n)}, "v1/Pod") for n in range(20_000)]
    asked = [
        msgspec.structs.replace(service({"app": f"a{n % 60}"}), name=f"s{n}") for n in range(2_000)
    ]
    found = [body_of(fact) for fact in derived(Selections(), [*many, *asked])]
    assert {each["workloads"] for each in found} == {20_000}
    selected = {each["name"] for each in found if each["selects"] == "some"}
    assert selected == {f"s{n}" for n in range(2_000) if n % 60 < 50}
