"""``auditor gpus``, and the GPUs in the reports of a scan."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path

import jsonschema
import pytest

from auditor.model.gpus import LEVELS
from auditor.model.resource import Resource
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
    return written(found, tmp_path)


def written(found: Iterable[Resource], folder: Path) -> Path:
    """Write what ``kubectl get -o json`` prints of objects."""
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
    path = folder / "cluster.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return path


def test_the_example_shows_what_its_page_says() -> None:
    """The page is what a person reads first; on a terminal it is a screen of its own."""
    page = (ROOT / "examples/gpu-cluster/README.md").read_text()
    sample = page.split("auditor gpus examples/gpu-cluster\n")[1].split("```")[0]
    done = auditor("gpus", "examples/gpu-cluster", cwd=ROOT)
    assert (done.code, done.err) == (0, "")
    assert done.out == sample
    assert len(done.out.splitlines()) <= 24


def test_the_example_is_judged_as_its_page_says() -> None:
    done = auditor(
        "scan", "examples/gpu-cluster", "--format", "json", "--fail-on", "never", cwd=ROOT
    )
    assert done.code == 0, done.err
    failed = {
        (each["rule"], each["resource"]["name"])
        for each in json.loads(done.out)["findings"]
        if each["rule"].startswith("gpu-") and each["verdict"] == "fail"
    }
    assert failed == {
        ("gpu-allocation-bypassed", "finetune-assistant-tq8vd"),
        ("gpu-node-untainted", "a100-1"),
        ("gpu-tenants-share", "a100-1"),
        ("gpu-tenants-share", "l4-1"),
        ("gpu-time-slicing-configured", "plugin-config"),
    }


def test_the_matrix_on_a_screen(cluster: Path) -> None:
    done = auditor("gpus", cluster, "--progress", "none")
    assert done.code == 0, done.err
    summary, *rest = done.out.splitlines()
    assert summary == (
        "3 GPUs or instances on 2 nodes, 2 tenants; 1 pair of tenants share, or may share, "
        "1 of them below hardware"
    )
    assert rest == [
        "tenants by namespace, where no key names one: llm, web",
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


@pytest.mark.parametrize(("number", "floor"), list(enumerate(LEVELS)))
def test_every_level_is_a_floor(cluster: Path, number: int, floor: str) -> None:
    setting = ("--set", f"isolation_floor={floor}")
    verdict = "fail" if number > LEVELS.index("shared") else "pass"
    scanned = auditor("scan", cluster, "--profile", "gpu-tenancy", *setting, "--format", "json")
    assert scanned.results()["counts"]["gpu-tenants-share"][verdict] == 1, scanned.err
    assert scanned.results()["profile"]["parameters"] == {"isolation_floor": floor}
    shown = auditor("gpus", cluster, *setting).out.splitlines()[0]
    assert shown.endswith(f"{1 if verdict == 'fail' else 'none'} of them below {floor}")


def test_a_bundle_is_judged_by_another_floor(cluster: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    auditor("scan", cluster, "--output", bundle, "--no-sign", "--quiet")
    profile = ("--profile", "gpu-tenancy", "--format", "json")
    strict = auditor("evaluate", bundle, *profile, "--set", "isolation_floor=memory")
    weak = auditor("evaluate", bundle, *profile, "--set", "isolation_floor=shared")
    assert (strict.code, weak.code) == (1, 0), strict.err + weak.err
    assert strict.results()["counts"]["gpu-tenants-share"]["fail"] == 1
    assert weak.results()["counts"]["gpu-tenants-share"]["pass"] == 1


@pytest.mark.parametrize(
    ("profile", "floor", "gate"),
    [
        ("gpu-tenancy", "hardware", "high"),
        ("gpu-tenancy-dev", "shared", "high"),
        ("gpu-tenancy-internal", "memory-soft", "high"),
        ("gpu-tenancy-regulated", "hardware", "medium"),
        ("gpu-tenancy-sovereign", "exclusive-vm", "medium"),
        ("gpu-tenancy-confidential", "confidential", "medium"),
    ],
)
def test_profiles_by_level(cluster: Path, profile: str, floor: str, gate: str) -> None:
    shown = json.loads(auditor("profiles", "show", profile, "--json").out)
    assert (shown["parameters"], shown["gate"]) == ({"isolation_floor": floor}, gate)
    base = json.loads(auditor("profiles", "show", "gpu-tenancy", "--json").out)
    assert shown["rules"] == base["rules"]
    done = auditor("scan", cluster, "--profile", profile, "--quiet")
    assert done.code == (0 if floor == "shared" else 1), done.err


def test_what_may_be_fails_where_separation_has_to_be_shown(tmp_path: Path) -> None:
    found = [
        objects.node("n1", labels=objects.SHARED, nvidia_com__gpu="8"),
        objects.pod("llm/chat", {GPU: 1}, on="n1"),
        objects.pod("web/rank", {GPU: 1}, on="n1"),
    ]
    target = written(found, tmp_path)
    codes = [
        auditor("scan", target, "--profile", profile, "--quiet").code
        for profile in ("gpu-tenancy", "gpu-tenancy-regulated")
    ]
    assert codes == [0, 1]


def test_a_manifest_without_gpus_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
    done = auditor("gpus", tmp_path)
    assert (done.code, done.out) == (
        0,
        "in what was read there is no GPU, and nothing that uses one\n",
    )
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
