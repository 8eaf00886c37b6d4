"""Folders of a host that pods get by a claim, judged as if they stood in the pod."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model.resource import Gap
from tests.e2e.completed import Json, deployment, gap, judged, verdicts

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
