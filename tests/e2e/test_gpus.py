"""``auditor gpus``, and the GPUs in the reports of a scan."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest

from tests.e2e.command import ROOT, auditor
from tests.unit.analysis.gpu import objects

GPU = "nvidia.com/gpu"
UNKNOWN = (
    "which pod has which device is not in the API: "
    "ContainerStatus.allocatedResourcesStatus tells (Kubernetes 1.36 and later)"
)
SCHEMA = json.loads((ROOT / "policies/schema/gpu-device.v1.schema.json").read_text())


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """What ``kubectl get -o json`` prints of a small cluster."""
    found = [
        objects.node("n1", labels=objects.SHARED, nvidia_com__gpu="8"),
        objects.pod("llm/chat", {GPU: 5}, on="n1"),
        objects.pod("web/rank", {GPU: 1}, on="n1"),
        objects.slices(objects.device("gpu-0", uuid="GPU-7", productName="H100"), pool="n2"),
        objects.claim("llm/c", "gpu-0", pool="n2"),
    ]
    versions = {"ResourceSlice": "resource.k8s.io/v1", "ResourceClaim": "resource.k8s.io/v1"}
    items = []
    for each in found:
        kind = each.kind.removeprefix("k8s/")
        body = json.loads(each.body)
        named = {"name": each.name, **({"namespace": each.namespace} if each.namespace else {})}
        metadata = {**body.pop("metadata", {}), **named}
        items.append(
            {"apiVersion": versions.get(kind, "v1"), "kind": kind, "metadata": metadata, **body}
        )
    path = tmp_path / "cluster.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return path


def test_the_matrix_on_a_screen(cluster: Path) -> None:
    done = auditor("gpus", cluster, "--progress", "none")
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "3 GPUs or instances on 2 nodes, 2 tenants; 1 pair of tenants share, or may share",
        "  n1  nvidia.com/gpu x 2  NVIDIA-A100-SHARED",
        "    llm  5 x time-slicing  possible  llm/chat",
        "    web  1 x time-slicing  possible  web/rank",
        "    - proven: some of these tenants share, there are too few for them to be apart",
        "    - proven: llm and web, isolation shared (time-slicing)",
        f"    - not known: {UNKNOWN}",
        "  n2  GPU-7  H100",
        "    llm  exclusive  exact  llm/p",
    ]


def test_the_matrix_as_a_table(cluster: Path) -> None:
    done = auditor("gpus", cluster, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [
        (row["device"], row["tenant"], row["isolation"], row["shares_with"]) for row in rows
    ] == [
        (GPU, "llm", "shared", "web"),
        (GPU, "web", "shared", "llm"),
        ("GPU-7", "llm", "exclusive", ""),
    ]


def test_results_list_what_the_command_prints(cluster: Path) -> None:
    alone = json.loads(auditor("gpus", cluster, "--format", "json").out)["devices"]
    done = auditor("scan", cluster, "--format", "json")
    assert done.code == 1, done.err
    listed = done.results()["facts"]["gpu/Device"]
    for fact in listed:
        jsonschema.Draft202012Validator(SCHEMA).validate(fact["body"])
    assert [{"target": fact["target"], **fact["body"]} for fact in listed] == alone


def test_a_scan_says_who_shares(cluster: Path) -> None:
    done = auditor("scan", cluster, "--progress", "none")
    section = done.out[done.out.index("\nGPUs\n") :]
    assert "proven: llm and web, isolation shared (time-slicing)" in section
    assert "Tenants share a GPU below the isolation floor" in done.out


def test_the_floor_is_a_parameter(cluster: Path) -> None:
    options = ("--profile", "gpu-tenancy", "--set", "isolation_floor=shared", "--format", "json")
    done = auditor("scan", cluster, *options)
    assert done.code == 0, done.err
    assert done.results()["counts"]["gpu-tenants-share"]["pass"] == 1


def test_a_manifest_without_gpus_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
    done = auditor("gpus", tmp_path)
    assert (done.code, done.out) == (0, "no GPU, and no pod that uses one, was found\n")
    assert "facts" not in auditor("scan", tmp_path, "--format", "json").results()


def test_what_could_not_be_read_is_said(cluster: Path) -> None:
    (cluster.parent / "b.yaml").write_text("kind: Pod\napiVersion: v1\nmetadata: {name: [\n")
    done = auditor("gpus", cluster.parent)
    assert done.code == 3
    assert "not read: b.yaml" in done.out


def test_the_bundle_holds_it_and_replays(cluster: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    scanned = auditor("scan", cluster, "--output", bundle, "--no-sign", "--quiet")
    assert scanned.code == 1, scanned.err
    assert b'"gpu/Device"' in (bundle / "results.json").read_bytes()
    replayed = auditor("replay", bundle)
    assert replayed.code == 0, replayed.out + replayed.err


def test_a_topic_explains_the_words() -> None:
    done = auditor("explain", "gpu-tenancy")
    assert done.code == 0
    for word in ("exact", "proven", "declared", "possible", "isolation_floor", "hardware"):
        assert word in done.out
