"""How GPU sharing is configured, judged from manifests: at its line, and what is not known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor

POLICY = """\
apiVersion: nvidia.com/v1
kind: ClusterPolicy
metadata: {name: cluster-policy}
spec:
  devicePlugin: {config: {name: plugin, default: share}}
"""
CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: plugin, namespace: gpu-operator}
data:
  any: |
    version: v1
  share: |
    version: v1
    sharing:
      timeSlicing:
        failRequestsGreaterThanOne: yes
        renameByDefault: true
        resources:
        - name: gpu
          replicas: 0x4
        - {name: nvidia.com/mig-1g.10gb, replicas: 2}
  broken: |
    version: v1
    sharing:
      timeSlicing: {}
"""
CLAIM = """\
apiVersion: resource.k8s.io/VERSION
kind: ResourceClaim
metadata: {name: c, namespace: team-a}
spec:
  devices:
    requests:
    - REQUEST
    config:
    - opaque:
        driver: gpu.nvidia.com
        parameters:
          apiVersion: resource.nvidia.com/v1beta1
          kind: GpuConfig
          sharing: {strategy: TimeSlicing}
"""
OF_CONFIG = frozenset(
    {
        *("gpu-time-slicing-configured", "gpu-mps-configured", "gpu-mig-instance-time-sliced"),
        *("gpu-shared-requests-unbounded", "gpu-shared-resource-not-renamed"),
    }
)


def scanned(folder: Path, *texts: str) -> dict[str, Any]:
    """The results of a scan of some files."""
    for number, text in enumerate(texts):
        (folder / f"{number}.yaml").write_text(text)
    done = auditor("scan", folder, "--progress", "none", "-o", f"json={folder / 'out'}")
    assert done.code in (0, 1), done.err
    document: dict[str, Any] = json.loads((folder / "out").read_text())
    return document


def found(document: dict[str, Any], verdict: str) -> dict[str, tuple[str, str, int]]:
    """Rule to the kind, name and line that it is said of."""
    return {
        each["rule"]: (
            each["resource"]["kind"],
            each["resource"]["name"],
            each["resource"].get("line", 0),
        )
        for each in document["findings"]
        if each["verdict"] == verdict and each["rule"].startswith("gpu-")
    }


def test_a_configuration_is_judged_at_its_line(tmp_path: Path) -> None:
    fails = found(scanned(tmp_path, POLICY, CONFIG), "fail")
    assert {rule: at for rule, at in fails.items() if rule in OF_CONFIG} == {
        "gpu-time-slicing-configured": ("k8s/ConfigMap", "plugin", 7),
        "gpu-mig-instance-time-sliced": ("k8s/ConfigMap", "plugin", 7),
    }


def test_what_is_shared_is_said(tmp_path: Path) -> None:
    document = scanned(tmp_path, POLICY, CONFIG)
    messages = {each["rule"]: each["message"] for each in document["findings"]}
    assert messages["gpu-time-slicing-configured"] == (
        "configuration share of ConfigMap plugin gives out each GPU several times by time-slicing "
        "(nvidia.com/gpu.shared x 4, nvidia.com/mig-1g.10gb.shared x 2)"
    )


def test_a_configuration_that_is_not_there_is_not_known(tmp_path: Path) -> None:
    document = scanned(tmp_path, POLICY)
    fails = found(document, "fail")
    assert fails["gpu-sharing-configuration-not-read"] == (
        *("k8s/ClusterPolicy.nvidia.com", "cluster-policy"),
        1,
    )
    assert fails.keys().isdisjoint(OF_CONFIG)
    for rule in OF_CONFIG:
        counts = document["counts"][rule]
        assert (counts["pass"], counts["not-applicable"]) == (0, 1), (
            "what is not read passes nothing"
        )


def test_a_policy_without_a_configuration_has_nothing_to_share(tmp_path: Path) -> None:
    document = scanned(tmp_path, POLICY.replace("config: {name: plugin, default: share}", ""))
    everything = {each["rule"] for each in document["findings"]}
    assert everything.isdisjoint(OF_CONFIG)
    assert "gpu-environment-honoured" in everything


@pytest.mark.parametrize(
    ("version", "request_"),
    [
        ("v1", "{name: g, exactly: {deviceClassName: gpu.nvidia.com, SETTINGS}}"),
        ("v1beta2", "{name: g, exactly: {deviceClassName: gpu.nvidia.com, SETTINGS}}"),
        ("v1beta1", "{name: g, deviceClassName: gpu.nvidia.com, SETTINGS}"),
    ],
)
def test_claims_of_every_version(tmp_path: Path, version: str, request_: str) -> None:
    claim = CLAIM.replace("VERSION", version).replace("REQUEST", request_)
    admin = found(scanned(tmp_path, claim.replace("SETTINGS", "adminAccess: true")), "fail")
    assert admin.keys() == {
        *("gpu-claim-admin-access", "gpu-claim-admin-access-sets-sharing"),
        "gpu-claim-shares-device",
    }
    every = found(scanned(tmp_path, claim.replace("SETTINGS", "allocationMode: All")), "fail")
    assert every.keys() == {"gpu-claim-all-devices", "gpu-claim-shares-device"}
