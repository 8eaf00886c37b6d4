"""A probe of a node, from the script to findings, in a bundle and judged again."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.unit.collectors.kubernetes.node.trees import (
    MODES,
    SETTINGS,
    node,
    printed,
    running,
)

PROFILE = ("--profile", "cis-kubernetes")
FILES = {f"1.1.{number}" for number in range(1, 22)} | {f"4.1.{number}" for number in range(1, 11)}


@pytest.fixture
def probe(tmp_path: Path) -> Path:
    """The probe of a node with one file that anybody may read."""
    script = auditor("permissions", "node", "--script").out
    root = node(tmp_path / "root", {**MODES, "etc/kubernetes/admin.conf": 0o644})
    done = subprocess.run(
        ["/bin/sh", "-s", "--", root], input=script.encode(), capture_output=True, check=True
    )
    file = tmp_path / "gpu-7.node-probe"
    file.write_bytes(done.stdout)
    return file


def states(results: dict[str, Any]) -> dict[str, str]:
    """The state of each control on files."""
    return {
        each["id"]: each["state"]
        for each in results["controls"]
        if each["framework"] == "cis-kubernetes" and each["id"] in FILES
    }


def test_every_control_on_files_is_decided(probe: Path) -> None:
    ran = auditor("scan", str(probe), *PROFILE, "--format", "json")
    assert ran.code == 1
    found = states(ran.results())
    assert found.keys() == FILES
    assert {name for name, state in found.items() if state != "satisfied"} == {"1.1.12", "1.1.13"}
    findings = {each["rule"]: each for each in ran.results()["findings"]}
    failed = findings["k8s-node-admin-credentials-mode"]
    assert "beyond 600: /etc/kubernetes/admin.conf has 0644" in failed["message"]
    lines = probe.read_text().splitlines()
    assert " 81a4 " in lines[failed["resource"]["line"] - 1] or failed["resource"]["line"] == 1
    assert "not of etcd: /var/lib/etcd of 0:0" in findings["k8s-node-etcd-data-owner"]["message"]


def test_its_name_may_be_any_and_it_may_come_on_standard_input(probe: Path) -> None:
    other = probe.rename(probe.with_name("look.txt"))
    for ran in (
        auditor("scan", str(other), *PROFILE, "--format", "json"),
        auditor("scan", "-", *PROFILE, "--format", "json", stdin=other.read_bytes()),
    ):
        assert states(ran.results())["1.1.13"] == "not-satisfied"


def test_a_folder_has_those_that_are_called_so(probe: Path) -> None:
    (probe.parent / "root/etc/kubernetes/manifests/etcd.yaml").unlink()
    ran = auditor("scan", str(probe.parent), *PROFILE, "--format", "json")
    assert states(ran.results())["1.1.13"] == "not-satisfied"


def test_it_is_in_a_bundle_and_judged_again(probe: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "bundle")
    auditor("scan", str(probe), *PROFILE, "--output", out, "--no-sign")
    probe.unlink()
    ran = auditor("evaluate", out, *PROFILE, "--format", "json")
    assert states(ran.results())["1.1.13"] == "not-satisfied"


@pytest.mark.parametrize(
    ("change", "cause", "detail"),
    [
        (lambda data: data[: len(data) // 2], "truncated", "it was cut off"),
        (lambda data: data.replace(b" 81a4 ", b" 8180 "), "malformed", "it was changed"),
        (lambda data: b"x" + data, "malformed", "its first line is not"),
        (lambda _: b"", "malformed", "its first line is not"),
    ],
)
def test_what_is_not_whole_is_a_gap_and_no_verdict(
    probe: Path, change: Any, cause: str, detail: str
) -> None:
    probe.write_bytes(change(probe.read_bytes()))
    ran = auditor("scan", str(probe), *PROFILE, "--format", "json")
    assert ran.code == 3
    (gap,) = ran.results()["gaps"]
    assert (gap["cause"], gap["scope"]) == (cause, "gpu-7.node-probe")
    assert detail in gap["detail"]
    assert set(states(ran.results()).values()) <= {
        *("undetermined", "not-assessed", "not-covered", "manual")
    }


def test_a_manifest_is_no_evidence_of_a_node(tmp_path: Path) -> None:
    """Whoever may put a file into a folder can't say by it what a node is like."""
    for kind in ("NodeFiles", "NodeKubelet", "NodeComponents"):
        body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, "adminCredentials": []}
        (tmp_path / f"{kind}.json").write_text(json.dumps(body))
    ran = auditor("scan", str(tmp_path), *PROFILE, "--all", "--format", "json")
    assert not [each for each in ran.results()["findings"] if each["rule"].startswith("k8s-node-")]


def test_without_a_probe_nothing_of_a_node_is_decided(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
    ran = auditor("scan", str(tmp_path), *PROFILE, "--format", "json")
    assert set(states(ran.results()).values()) == {"undetermined"}


def test_what_is_looked_at_is_printed(probe: Path) -> None:
    del probe
    out = auditor("permissions", "node").out
    for text in ("/etc/kubernetes/pki/**", "admin.conf", "ETCD_CERT_FILE", "client-ca-file"):
        assert text in out
    assert all(line.startswith("#") for line in out.splitlines())
    role = auditor("permissions", "k8s", *PROFILE)
    assert (role.code, "k8s/NodeFiles" in role.out) == (0, False)
    refused = auditor("permissions", "node", "--namespace", "a")
    assert refused.code == 2
    assert "a node has no namespaces" in refused.err


def test_flags_of_processes_are_judged(tmp_path: Path) -> None:
    """Of a control plane that no API server shows, such as one of units of systemd."""
    root = node(tmp_path / "root")
    running(root, 800, "kube-apiserver", "kube-apiserver", "--profiling=false", "--anonymous-auth")
    running(root, 801, "etcd", "etcd", "--auto-tls", environment={"ETCD_CLIENT_CERT_AUTH": "true"})
    (tmp_path / "a.node-probe").write_bytes(printed(root))
    ran = auditor("scan", str(tmp_path / "a.node-probe"), *PROFILE, "--format", "json")
    found = {
        each["id"]: each["state"]
        for each in ran.results()["controls"]
        if each["framework"] == "cis-kubernetes"
    }
    assert (found["1.2.1"], found["1.2.15"]) == ("not-satisfied", "satisfied")
    assert (found["2.2"], found["2.3"]) == ("satisfied", "not-satisfied")
    assert found["1.4.1"] == "undetermined"


def controls(results: dict[str, Any]) -> dict[str, str]:
    """The state of each control of the benchmark."""
    return {
        each["id"]: each["state"]
        for each in results["controls"]
        if each["framework"] == "cis-kubernetes"
    }


def test_the_kubelet_is_judged_by_its_arguments_and_files(probe: Path) -> None:
    ran = auditor("scan", str(probe), *PROFILE, "--format", "json")
    found = controls(ran.results())
    states = {name: state for name, state in found.items() if name.startswith("4.2.")}
    assert len(states) == 14
    failed = {name for name, state in states.items() if state == "not-satisfied"}
    assert failed == {"4.2.9", "4.2.10", "4.2.12", "4.2.13", "4.2.14"}
    assert {state for name, state in states.items() if name not in failed} == {"satisfied"}


def test_a_configuration_in_a_file_is_judged_by_itself(tmp_path: Path) -> None:
    (tmp_path / "kubelet.yaml").write_text(SETTINGS + "readOnlyPort: 10255\nmaxPods: x\n")
    proxy = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
    (tmp_path / "proxy.yaml").write_text(proxy + "metricsBindAddress: 0.0.0.0\n")
    ran = auditor("scan", str(tmp_path), *PROFILE, "--format", "json")
    found = controls(ran.results())
    assert (found["4.2.1"], found["4.2.4"], found["4.2.7"]) == (
        "satisfied",
        "not-satisfied",
        "undetermined",
    )
    assert found["4.3.1"] == "not-satisfied"
