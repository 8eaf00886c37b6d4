"""Pods that other objects complete: judged as what comes of them, and told as what was written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.model.resource import Gap
from tests.e2e.command import ESTATE
from tests.e2e.completed import Json, deployment, gap, judged, verdicts
from tests.e2e.runs import Run, collector_of, generate

MISSING = {
    "k8s-cpu-request-missing",
    "k8s-gpu-memory-limit-missing",
    "k8s-memory-limit-missing",
    "k8s-memory-request-missing",
}


def limits(namespace: str = "ml", name: str = "defaults", **item: object) -> Json:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    spec = {"limits": [{"type": "Container", **item}]}
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": spec}


def missing(folder: Path, *objects: Json, gaps: tuple[Gap, ...] = ()) -> dict[str, str]:
    return verdicts(judged(folder, *objects, gaps=gaps), MISSING)


THREE = dict.fromkeys(sorted(MISSING - {"k8s-gpu-memory-limit-missing"}), "fail")
WHOLE = {"default": {"memory": "2Gi", "cpu": "1"}}


@pytest.mark.parametrize(
    ("objects", "failing"),
    [
        pytest.param([], set(THREE), id="no LimitRange"),
        pytest.param([limits(**WHOLE)], set(), id="default"),
        pytest.param([limits(max=WHOLE["default"])], set(), id="max"),
        pytest.param(
            [limits(defaultRequest=WHOLE["default"])],
            {"k8s-memory-limit-missing"},
            id="requests alone",
        ),
        pytest.param(
            [limits(default={"memory": "2Gi"})],
            {"k8s-cpu-request-missing"},
            id="memory alone",
        ),
        pytest.param(
            [
                limits(default={"memory": "2Gi"}),
                {**limits(default={"cpu": 1}), "metadata": {"name": "b", "namespace": "ml"}},
            ],
            set(),
            id="two of them",
        ),
        pytest.param([limits("other", **WHOLE)], set(THREE), id="of another namespace"),
        pytest.param([limits("", **WHOLE)], set(THREE), id="of no namespace"),
        pytest.param([limits(type="Pod", **WHOLE)], set(THREE), id="of another type"),
        pytest.param([limits(default={"memory": 0, "cpu": "0"})], set(THREE), id="zero is none"),
    ],
)
def test_limit_ranges_fill_in(tmp_path: Path, objects: list[Json], failing: set[str]) -> None:
    found = missing(tmp_path / "tree", deployment(), *objects)
    assert found == dict.fromkeys(sorted(failing), "fail")


def test_an_object_without_namespace_is_not_filled_in(tmp_path: Path) -> None:
    assert missing(tmp_path / "tree", deployment(namespace=""), limits("", **WHOLE)) == THREE


def test_the_fingerprint_is_that_of_the_pod_alone(tmp_path: Path) -> None:
    """What one container lacks is told as it was, whatever completes the others."""
    spec = {"containers": [{"name": "a", "resources": {"limits": {"memory": 0}}}, {"name": "b"}]}
    before = judged(tmp_path / "tree", deployment(**spec))
    after = judged(tmp_path / "tree", deployment(**spec), limits(**WHOLE))
    (left,) = [item for item in after if item["rule"] == "k8s-memory-limit-missing"]
    assert left["element"] == "container a"
    assert left in before, "with its lines, its message and its evidence"


def test_a_denied_limit_range_takes_what_it_could_change(tmp_path: Path) -> None:
    spec = {"containers": [{"name": "a", "resources": {"limits": {"memory": 0, "cpu": 2}}}]}
    objects = (deployment(), deployment("zero", **spec), deployment("web", "web"))
    alike = judged(tmp_path / "tree", *objects, gaps=(gap("k8s/LimitRange", "ml"),))
    found = {
        (item["resource"]["name"], item["rule"]): item["verdict"]
        for item in alike
        if item["rule"] in MISSING
    }
    assert {rule: found["vllm", rule] for rule in THREE} == dict.fromkeys(THREE, "unknown")
    assert {rule: found["web", rule] for rule in THREE} == THREE, "another namespace"
    zero = {rule: verdict for (name, rule), verdict in found.items() if name == "zero"}
    assert zero == {"k8s-memory-limit-missing": "fail", "k8s-memory-request-missing": "fail"}
    (message,) = {item["message"] for item in alike if item["verdict"] == "unknown"}
    assert message == "not decided: k8s/LimitRange was not read (denied: forbidden)"


@pytest.mark.parametrize("scope", ["k8s/LimitRange", "charts/a"])
def test_a_gap_over_the_target(tmp_path: Path, scope: str) -> None:
    """A place that could hold anything takes no failure: a file says what it says."""
    found = missing(tmp_path / "tree", deployment(), gaps=(gap(scope),))
    assert found == dict.fromkeys(THREE, "unknown" if scope == "k8s/LimitRange" else "fail")


def test_a_pod_that_was_admitted_is_as_it_is(tmp_path: Path) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "ml", "resourceVersion": "7"},
        "spec": {"containers": [{"name": "a"}]},
    }
    assert missing(tmp_path / "tree", pod, limits(**WHOLE)) == THREE
    pod["metadata"].pop("resourceVersion")
    assert missing(tmp_path / "tree", pod, limits(**WHOLE)) == {}


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Manifests of the benchmarks and the estate, each namespace with something to fill in."""
    root = generate(tmp_path_factory.mktemp("completed") / "tree", 80)
    names = {"team-vision"}
    for path in (*root.rglob("*.yaml"), *ESTATE.rglob("*.yaml")):
        text = path.read_text()
        names |= {line.split()[1] for line in text.splitlines() if line.startswith("  namespace: ")}
        if ESTATE in path.parents:
            to = root / "estate" / path.relative_to(ESTATE)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_text(text)
    (root / "names").write_text("\n".join(sorted(names)))
    return root


def test_judged_again_is_judged_once(estate: Path) -> None:
    """Where a LimitRange fills in what no rule reads, all is as it was, to the line."""
    ranges = [
        limits(name, default={"example.com/nothing": 1})
        for name in (estate / "names").read_text().split()
    ]
    before = told(Run(list_all=True).results(collector_of(estate)))
    (estate / "ranges.yaml").write_text(yaml.safe_dump_all(ranges))
    whole = Run(list_all=True).results(collector_of(estate))
    assert before
    assert told(whole) == before
    for other in (Run(list_all=True, workers=4), Run(list_all=True, memo=False)):
        assert other.results(collector_of(estate)) == whole
    (estate / "ranges.yaml").unlink()


def told(results: bytes) -> list[Mapping[str, Any]]:
    return [
        item
        for item in json.loads(results)["findings"]
        if item["rule"] != "k8s-limit-range-missing"
    ]


def test_the_cache_knows_what_waits(tmp_path: Path) -> None:
    objects = (deployment(), limits(**WHOLE))
    cold = judged(tmp_path / "tree", *objects, cache=tmp_path / "cache")
    assert judged(tmp_path / "tree", *objects, cache=tmp_path / "cache") == cold
    (tmp_path / "tree" / "1.yaml").unlink()
    found = judged(tmp_path / "tree", deployment(), cache=tmp_path / "cache")
    assert verdicts(found, MISSING) == THREE
