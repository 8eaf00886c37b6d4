"""A secret in every text field of every kind that an API server knows is in no output.

The fields are not ours: they are derived from the server's own OpenAPI, so that a field that comes
with its next version is tried with it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.evidence.blocks import SUFFIX, read_block
from tests.e2e.command import Ran, auditor
from tests.engines.apiserver import ApiServer
from tests.faults.server import Asked, Reply, page_of, serving
from tests.live.canaries import CANARY, IN_A_TEXT, Maker, kinds_of
from tests.sweeps import sweep

WAYS = tuple(IN_A_TEXT)
OPTIONS = (
    "--passes",
    "--output",
    "bundle",
    "--no-sign",
    "-o",
    "json=report.json",
    "--fail-on",
    "never",
)
ENCODED = tuple(base64.b64encode(b"\0" * shift + b"canary-0")[4:9] for shift in range(3))


@pytest.fixture(scope="module")
def documents(apiserver: ApiServer) -> list[Any]:
    """All that the server says of its schemas (``/openapi/v3``)."""
    with apiserver.client() as client:
        paths: Any = client.get("/openapi/v3").body["paths"]
        return [client.get(at["serverRelativeURL"]).body for at in paths.values()]


def _made(documents: list[Any], first: int) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """An object of each kind; the first field has the way of a number, the next one the next."""
    placed: dict[str, str] = {}
    objects, seen = [], set()
    for document in documents:
        schemas = document.get("components", {}).get("schemas", {})
        maker = Maker(schemas, lambda number: WAYS[(number + first) % len(WAYS)], placed)
        for kind, version, schema in kinds_of(document):
            if (kind, version) not in seen:
                seen.add((kind, version))
                objects.append(maker.object(kind, version, schema))
    return objects, placed


def _written(folder: Path, done: Ran) -> Iterator[bytes]:
    yield from (done.out.encode(), done.err.encode(), (folder / "report.json").read_bytes())
    for root in ("bundle", "cache"):
        for path in (folder / root).rglob("*"):
            if path.is_file():
                yield read_block(path) if path.suffix == SUFFIX else path.read_bytes()


def _leaks(folder: Path, done: Ran, placed: Mapping[str, str]) -> list[str]:
    assert done.code in {0, 3}, done.err[-2000:]
    found: set[str] = set()
    for data in _written(folder, done):
        found |= set(CANARY.findall(data.decode("utf-8", "replace")))
        assert not any(each in data for each in ENCODED)
    return sorted(placed[each] for each in found)


def _scanned(folder: Path, name: str, text: str) -> Ran:
    (folder / name).write_text(text)
    return auditor(
        "scan", name, *OPTIONS, cwd=folder, env={"XDG_CACHE_HOME": str(folder / "cache")}
    )


EVERY = [pytest.param(first, marks=pytest.mark.long if first else ()) for first in range(len(WAYS))]


@sweep(some=10, whole=100)
@pytest.mark.parametrize("first", EVERY)
@pytest.mark.parametrize("form", ["YAML", "JSON"])
def test_every_field_of_every_kind_in_files(
    documents: list[Any], tmp_path: Path, form: str, first: int, size: int
) -> None:
    """Of the kinds that people use, and of so many of a hundred others."""
    objects, placed = _made(documents, first + (form == "JSON") * 7)
    assert len(objects) > 60
    assert len(placed) > 5_000
    objects = [
        each
        for number, each in enumerate(objects)
        if each["kind"] in LIVE or number * 37 % 100 < size
    ]
    if form == "YAML":
        done = _scanned(tmp_path, "all.yaml", yaml.dump_all(objects, Dumper=yaml.CSafeDumper))
    else:
        whole = {"apiVersion": "v1", "kind": "List", "items": objects}
        done = _scanned(tmp_path, "all.json", json.dumps(whole))
    assert _leaks(tmp_path, done, placed) == []


QUICK = ("JobSet", "LeaderWorkerSet", "RayCluster", "PyTorchJob", "ServingRuntime")
"""One kind of each project; all of them are for the long run."""


def _custom(
    known: Mapping[str, Any], kinds: Iterable[str], first: int
) -> tuple[list[Any], dict[str, str]]:
    """An object of each version of custom kinds."""
    maker = Maker({}, lambda number: WAYS[(number + first) % len(WAYS)])
    objects = []
    for kind in kinds:
        spec = known[kind]["spec"]
        for version in spec["versions"]:
            schema = version["schema"]["openAPIV3Schema"]
            objects.append(maker.object(kind, f"{spec['group']}/{version['name']}", schema))
    return objects, maker.placed


@pytest.mark.parametrize(
    "every", [pytest.param(False, id="some"), pytest.param(True, id="all", marks=pytest.mark.long)]
)
def test_every_field_of_custom_kinds(
    custom_kinds: dict[str, Any],
    tmp_path: Path,
    every: bool,  # noqa: FBT001 - a case of the test
) -> None:
    for first in range(len(WAYS)) if every else (0,):
        folder = tmp_path / str(first)
        folder.mkdir()
        objects, placed = _custom(custom_kinds, custom_kinds if every else QUICK, first)
        assert len(placed) > 3_000
        whole = {"apiVersion": "v1", "kind": "List", "items": objects}
        done = _scanned(folder, "all.json", json.dumps(whole))
        assert _leaks(folder, done, placed) == []


LIVE = {
    "Pod": "/api/v1/pods",
    "Service": "/api/v1/services",
    "Node": "/api/v1/nodes",
    "ServiceAccount": "/api/v1/serviceaccounts",
    "Deployment": "/apis/apps/v1/deployments",
    "CronJob": "/apis/batch/v1/cronjobs",
    "Ingress": "/apis/networking.k8s.io/v1/ingresses",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
}


def test_every_field_of_a_cluster(documents: list[Any], tmp_path: Path) -> None:
    objects, placed = _made(documents, 3)
    by_path = {
        path: each
        for each in objects
        if (path := LIVE.get(each["kind"], "")).startswith(
            f"/api/{each['apiVersion']}/"
            if "/" not in each["apiVersion"]
            else f"/apis/{each['apiVersion']}/"
        )
        and path
    }
    assert len(by_path) == len(LIVE)

    def handle(asked: Asked) -> Reply | None:
        item = by_path.get(asked.path)
        if item is None:
            return None
        return page_of(
            item["apiVersion"],
            [{**item, "metadata": {**item["metadata"], "uid": "u"}}],
            item["kind"],
        )

    with serving(handle) as server:
        config = {
            "current-context": "fake",
            "clusters": [{"name": "c", "cluster": {"server": server.url}}],
            "contexts": [{"name": "fake", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {}}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        env = {
            "KUBECONFIG": str(tmp_path / "kubeconfig"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }
        done = auditor("scan", "k8s://", *OPTIONS, cwd=tmp_path, env=env)
        asked = auditor("doctor", "k8s://", cwd=tmp_path, env=env)
    assert CANARY.search(asked.out + asked.err) is None
    assert _leaks(tmp_path, done, placed) == []
