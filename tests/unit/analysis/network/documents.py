"""Clusters that chance makes, as documents, and what the analysis derives of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from auditor.analysis import facts
from auditor.analysis.gpu.tenants import TenantKey
from auditor.analysis.network.places import Place, places_from_table
from auditor.analysis.network.questions import Question
from auditor.analysis.network.reach import NetworkReach
from auditor.analysis.protocol import Handed, JoiningAnalysis, Site
from auditor.model.fact import Fact
from auditor.model.resource import Gap, Owner, Resource, Target
from auditor.runner.rows import joined
from tests.unit.analysis.joining import rows_of
from tests.unit.analysis.network.clusters import Made

FILES = Site(Target("manifests", "files"), "e" * 64, lambda _, __: 0)
LIVE = Site(Target("k8s://c", "uid-of-a-cluster"), "e" * 64, lambda _, __: 0)
OF_CLUSTERS = {"AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"}
OWNERS = {"controllers": ("apps/v1", "Deployment"), "any": ("ray.io/v1", "RayCluster")}
PLACES: tuple[Place, ...] = places_from_table(
    [
        {"name": "m", "of": "metadata", "addresses": ["169.254.169.254"], "ports": ["TCP 80"]},
        {"name": "k", "of": "kubelet", "at": "nodes", "ports": ["TCP 10250"]},
    ]
)


def document(kind: str, name: str, body: dict[str, Any], **more: Any) -> Resource:
    """An object as it was read."""
    made = {
        "api_version": "v1",
        "namespace": body.get("metadata", {}).get("namespace", ""),
        "uid": f"a.json#{kind}/{name}",
        "source": "a.json",
        "document": 0,
        "line": 1,
        **more,
    }
    return Resource(kind=f"k8s/{kind}", name=name, body=json.dumps(body).encode(), **made)


def documents(made: Made) -> Iterator[Resource]:
    """What chance made, as documents: who may add labels to a pod is what made it."""
    for name, labels in made.namespaces.items():
        if labels is not None:
            yield document("Namespace", name, {"metadata": {"name": name, "labels": labels}})
    for number, each in enumerate(made.nodes):
        yield document("Node", f"n{number}", each)
    for each in made.policies:
        kind = each["kind"]
        group = ".policy.networking.k8s.io" if kind in OF_CLUSTERS else ""
        yield document(f"{kind}{group}", each["metadata"]["name"], each)
    for each in made.pods:
        yield from pod(each)


def pod(body: dict[str, Any]) -> Iterator[Resource]:
    """A pod by itself, or the template of what makes it."""
    name, adds = body["metadata"]["name"], body.get("adds", "none")
    if adds == "none":
        yield document("Pod", name, body)
        return
    version, kind = OWNERS[adds]
    suffix = "" if "ray" not in version else ".ray.io"
    owner = document(
        f"{kind}{suffix}",
        name,
        {},
        api_version=version,
        namespace=body["metadata"]["namespace"],
    )
    raw = json.dumps({"metadata": body["metadata"], "spec": body["spec"]}).encode()
    place = facts.TemplateLocation("/spec/template", "", "template")
    yield facts.template(owner, raw, place, heuristic=False)


def running(name: str, namespace: str, labels: dict[str, str], **more: Any) -> Resource:
    """A pod that runs, of a Deployment."""
    body = {
        "metadata": {"namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "c"}], **more},
        "status": {"phase": "Running"},
    }
    controller = Owner("apps/v1", "StatefulSet", namespace, name)
    return document("Pod", f"{name}-0", body, controller=controller)


def policy(name: str, namespace: str, **spec: Any) -> Resource:
    """A NetworkPolicy."""
    body = {"metadata": {"namespace": namespace}, "spec": spec}
    return document("NetworkPolicy", name, body)


def namespace(name: str, **labels: str) -> Resource:
    """A namespace."""
    return document("Namespace", name, {"metadata": {"name": name, "labels": labels}})


def derived(
    resources: Sequence[Resource],
    *asked: Question,
    site: Site = FILES,
    analysis: JoiningAnalysis | None = None,
) -> list[Fact | Gap]:
    """All facts and gaps."""
    made: JoiningAnalysis = analysis or NetworkReach(
        (TenantKey("label", "team"),), {}, frozenset({"kube-system"}), (), PLACES, asked
    )
    found: list[Fact | Gap] = []
    for each, groups in joined((made,), sorted(rows_of(made, resources, site))):
        found += [fact for fact in each.derive(groups) if not isinstance(fact, Handed)]
    return found


def of_kind(found: Sequence[Fact | Gap], kind: str) -> list[dict[str, Any]]:
    """The bodies of the facts of a kind."""
    bodies = [
        each.body for each in found if isinstance(each, Fact) and each.kind == f"network/{kind}"
    ]
    return [msgspec.json.decode(body) for body in bodies]
