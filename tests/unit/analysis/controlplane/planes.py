"""Pods and processes of control planes, and what is found in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from auditor.analysis.controlplane.components import (
    NAMESPACE,
    POD,
    ControlPlanes,
)
from auditor.analysis.protocol import Site
from auditor.analysis.texts import ReadFailure
from auditor.model.fact import Fact
from auditor.model.resource import Owner, Resource, Target
from collectors.documents.guards import Unreadable
from collectors.documents.values import value_of
from tests.unit.analysis.joining import SITE, derived
from tests.unit.analysis.test_selections import resource

LIVE = Site(Target("k8s://c", "c-uid", version="v1.36.2"), "e" * 64, lambda *_: 0)
OF_NODE = Owner("v1", "Node", "kube-system", "cp1", "n-1")
MIRRORED = {"annotations": {"kubernetes.io/config.mirror": "5f"}, "uid": "p-1"}
COMMAND = ["kube-apiserver", "--audit-log-path=/var/log/audit.log", "--profiling=false"]


def read_yaml(text: str) -> object:
    """As the program does."""
    try:
        return value_of(text)
    except Unreadable as error:
        return ReadFailure(error.detail)


def pod(
    *words: str,
    name: str = "kube-apiserver-cp1",
    namespace: str = "kube-system",
    owner: Owner | None = OF_NODE,
    metadata: object = MIRRORED,
    **container: object,
) -> Resource:
    made = {"name": "kube-apiserver", "command": list(words or COMMAND), **container}
    spec = {"nodeName": "cp1", "containers": [made]}
    found = resource(POD, name, namespace, metadata=metadata, spec=spec)
    return msgspec.structs.replace(found, controller=owner)


def system() -> Resource:
    return resource(NAMESPACE, "kube-system", "", metadata={"name": "kube-system"})


def said(resources: Iterable[Resource], site: Site = SITE) -> list[dict[str, Any]]:
    found = derived(ControlPlanes(read_yaml), resources, site=site)
    return [msgspec.json.decode(each.body) for each in found]


def one(*resources: Resource, site: Site = LIVE) -> dict[str, Any]:
    (found,) = said(resources, site)
    return found


def pointer_of(fact: Fact, pointer: str) -> str:
    spot = fact.spot(pointer)
    assert spot is not None
    return spot.pointer


def process(component: str, **more: object) -> dict[str, Any]:
    made = {"component": component, "place": "node", "user": 0, "flags": {}, "hidden": []}
    return {**made, "variables": {}, **more}
