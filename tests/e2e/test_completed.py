"""Pods that other objects complete: judged as what comes of them, and told as what was written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.model.enums import GapCause
from auditor.model.resource import Gap
from auditor.ports import Reading, Shard
from tests.e2e.command import ESTATE
from tests.e2e.passing import Passing
from tests.e2e.runs import Run, collector_of, generate

MISSING = {
    "k8s-cpu-request-missing",
    "k8s-gpu-memory-limit-missing",
    "k8s-memory-limit-missing",
    "k8s-memory-request-missing",
}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Denied(Passing):
    """Reads all, and says that some kinds were denied, or a file was not read."""

    gaps: tuple[Gap, ...]

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        yield from self.gaps
        yield from self.inner.read(shard)


def gap(scope: str, namespace: str = "") -> Gap:
    return Gap("tree", scope, GapCause.DENIED, "forbidden", namespace=namespace)


def deployment(name: str = "vllm", namespace: str = "ml", **spec: Any) -> Json:
    pod = {"containers": [{"name": "main", "image": "r.io/a"}], **spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "spec": {"template": {"spec": pod}},
    }


def limits(namespace: str = "ml", name: str = "defaults", **item: object) -> Json:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    spec = {"limits": [{"type": "Container", **item}]}
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": spec}


def judged(folder: Path, *objects: Json, gaps: tuple[Gap, ...] = (), **run: Any) -> list[Json]:
    folder.mkdir(exist_ok=True)
    for number, each in enumerate(objects):
        (folder / f"{number}.yaml").write_text(yaml.safe_dump(each))
    collector = Denied(collector_of(folder), gaps)
    findings: list[Json] = json.loads(Run(**run).results(collector))["findings"]
    return findings


def verdicts(findings: list[Json], rules: set[str]) -> dict[str, str]:
    return {item["rule"]: item["verdict"] for item in findings if item["rule"] in rules}


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


HOST = {
    "k8s-host-path-sensitive",
    "k8s-host-path-writable",
    "k8s-host-shared-memory-mounted",
    "k8s-runtime-socket-mounted",
    "k8s-pod-host-path-volume",
}
MOUNTING = {
    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    "containers": [{"name": "main", "volumeMounts": [{"name": "data", "mountPath": "/d"}]}],
}


def claim(namespace: str = "ml", **spec: object) -> Json:
    metadata = {"name": "data", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def volume(path: str, source: str = "hostPath", **spec: object) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "disk"},
        "spec": {source: {"path": path}, **spec},
    }


def hosted(folder: Path, *objects: Json, gaps: tuple[Gap, ...] = ()) -> dict[str, str]:
    return verdicts(judged(folder, deployment(**MOUNTING), *objects, gaps=gaps), HOST)


KEPT = {"claimRef": {"namespace": "ml", "name": "data"}}
SENSITIVE = {"k8s-host-path-sensitive", "k8s-host-path-writable"}


@pytest.mark.parametrize(
    ("objects", "failing"),
    [
        pytest.param([claim(volumeName="disk"), volume("/etc")], SENSITIVE, id="the claim says"),
        pytest.param([claim(), volume("/etc", **KEPT)], SENSITIVE, id="the volume says"),
        pytest.param([volume("/etc", **KEPT)], SENSITIVE, id="no claim is declared"),
        pytest.param(
            [claim(volumeName="disk"), volume("/")],
            {*SENSITIVE, "k8s-runtime-socket-mounted"},
            id="the whole node",
        ),
        pytest.param(
            [claim(volumeName="disk"), volume("/dev/shm")],  # noqa: S108
            {"k8s-host-shared-memory-mounted", "k8s-host-path-writable"},
            id="shared memory",
        ),
        pytest.param(
            [claim(volumeName="disk"), volume("/mnt/models")],
            {"k8s-host-path-writable"},
            id="a folder of data",
        ),
        pytest.param([claim(volumeName="disk"), volume("/mnt", "local")], set(), id="a local one"),
        pytest.param(
            [claim(volumeName="disk"), volume("/etc", "local")],
            {"k8s-host-path-sensitive"},
            id="a local one in a sensitive folder",
        ),
        pytest.param([claim(), volume("/etc")], set(), id="nobody names anybody"),
        pytest.param([claim("web", volumeName="disk"), volume("/etc")], set(), id="elsewhere"),
        pytest.param([claim(volumeName="disk")], set(), id="no volume is declared"),
    ],
)
def test_a_folder_behind_a_claim(tmp_path: Path, objects: list[Json], failing: set[str]) -> None:
    assert hosted(tmp_path / "tree", *objects) == dict.fromkeys(failing, "fail")


def test_the_finding_says_where_the_folder_was_read(tmp_path: Path) -> None:
    found = judged(
        tmp_path / "tree", deployment(**MOUNTING), claim(volumeName="disk"), volume("/etc")
    )
    (told,) = [item for item in found if item["rule"] == "k8s-host-path-sensitive"]
    assert told["message"] == "volume data mounts /etc of the node"
    assert told["element"] == "volume data"
    assert (told["resource"]["name"], told["resource"]["file"]) == ("vllm", "0.yaml")
    (related,) = told["related"]
    assert (related["kind"], related["name"], related["file"]) == (
        "k8s/PersistentVolume",
        "disk",
        "2.yaml",
    )
    assert {"path": "/spec/hostPath/path", "of": 0, "value": "/etc", "line": 7} in told["observed"]
    assert len(told["evidence"]) == 2


@pytest.mark.parametrize("scope", ["k8s/PersistentVolume", "k8s/PersistentVolumeClaim", "lost"])
def test_a_claim_of_which_nothing_was_read(tmp_path: Path, scope: str) -> None:
    """Whatever could not be read may have bound it: none of its rules has a verdict."""
    found = hosted(tmp_path / "tree", gaps=(gap(scope),))
    assert found == dict.fromkeys(HOST - {"k8s-pod-host-path-volume"}, "unknown")
    found = hosted(tmp_path / "tree", volume("/etc", **KEPT), gaps=(gap(scope),))
    assert found == dict.fromkeys(SENSITIVE, "fail"), "what was read is what there is"


def test_a_pod_without_claims_loses_nothing(tmp_path: Path) -> None:
    objects = deployment(volumes=[{"name": "h", "hostPath": {"path": "/etc"}}])
    found = verdicts(judged(tmp_path / "tree", objects, gaps=(gap("k8s/PersistentVolume"),)), HOST)
    assert found == dict.fromkeys(("k8s-host-path-sensitive", "k8s-pod-host-path-volume"), "fail")


SWITCHES = {
    "k8s-gpu-selected-by-environment",
    "k8s-model-code-trusted",
    "k8s-notebook-without-authentication",
    "k8s-secret-in-environment-name",
    "k8s-secret-in-environment-value",
}
GPUS = {"name": "NVIDIA_VISIBLE_DEVICES"}
FROM_KEY = {**GPUS, "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "gpus"}}}


def settings(namespace: str = "ml", **data: str) -> Json:
    metadata = {"name": "settings", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def using(env: list[Json], *sources: Json) -> Json:
    container = {"name": "main", "image": "r.io/a", "env": env, "envFrom": list(sources)}
    return deployment(containers=[container])


WHOLE_MAP = {"configMapRef": {"name": "settings"}}
A_SECRET = {"secretRef": {"name": "s"}}
ALL = "k8s-gpu-selected-by-environment"
TRUST = "k8s-model-code-trusted"


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        pytest.param([using([FROM_KEY])], {ALL: "unknown"}, id="not read"),
        pytest.param([using([FROM_KEY]), settings(gpus="all")], {ALL: "fail"}, id="a key"),
        pytest.param([using([FROM_KEY]), settings(gpus="void")], {}, id="a harmless key"),
        pytest.param([using([FROM_KEY]), settings(a="b")], {ALL: "unknown"}, id="no such key"),
        pytest.param(
            [using([FROM_KEY]), settings("web", gpus="all")], {ALL: "unknown"}, id="elsewhere"
        ),
        pytest.param([using([], WHOLE_MAP)], {}, id="all of what was not read"),
        pytest.param(
            [using([], WHOLE_MAP), settings(NVIDIA_VISIBLE_DEVICES="all", TRUST_REMOTE_CODE="1")],
            {ALL: "fail", TRUST: "fail"},
            id="all of it",
        ),
        pytest.param(
            [using([], {"prefix": "HF_", **WHOLE_MAP}), settings(TRUST_REMOTE_CODE="true")],
            {TRUST: "fail"},
            id="with a prefix",
        ),
        pytest.param(
            [
                using([{**GPUS, "value": "none"}], WHOLE_MAP),
                settings(NVIDIA_VISIBLE_DEVICES="all"),
            ],
            {},
            id="the pod says otherwise",
        ),
        pytest.param(
            [using([], WHOLE_MAP, A_SECRET), settings(NVIDIA_VISIBLE_DEVICES="all")],
            {},
            id="before what was not read",
        ),
        pytest.param(
            [using([], A_SECRET, WHOLE_MAP), settings(NVIDIA_VISIBLE_DEVICES="all")],
            {ALL: "fail"},
            id="after what was not read",
        ),
    ],
)
def test_what_config_maps_put_into_the_environment(
    tmp_path: Path, objects: list[Json], found: dict[str, str]
) -> None:
    assert verdicts(judged(tmp_path / "tree", *objects), SWITCHES) == found


def test_the_finding_says_which_config_map(tmp_path: Path) -> None:
    objects = (using([], WHOLE_MAP), settings(NVIDIA_VISIBLE_DEVICES="all"))
    found = judged(tmp_path / "tree", *objects)
    (told,) = [item for item in found if item["rule"] == ALL]
    (related,) = told["related"]
    assert (related["kind"], related["name"]) == ("k8s/ConfigMap", "settings")
    place = {"path": "/data/NVIDIA_VISIBLE_DEVICES", "of": 0, "value": "all", "line": 3}
    assert place in told["observed"]


def test_secrets_of_a_config_map_stay_there(tmp_path: Path) -> None:
    """It has a finding of its own, and what it is goes nowhere."""
    canary = "ghp_" + "c4N4" * 9
    said = settings(HF_TOKEN=canary, PASSWORD="hunter2hunter2", MODE="x" * 600)  # noqa: S106
    key = {"name": "T", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "HF_TOKEN"}}}
    found = judged(tmp_path / "tree", using([key], WHOLE_MAP), said, list_all=True)
    assert "k8s-secret-in-config-map" in {item["rule"] for item in found}
    assert canary not in repr(found)
    assert "hunter2" not in repr(found)
    others = {item["rule"]: item["verdict"] for item in found if item["rule"] in SWITCHES}
    assert "fail" not in others.values()
