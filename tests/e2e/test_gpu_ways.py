"""Objects of a cluster in which every rule on nodes, operators and ways to GPUs finds its fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor

NODE = """\
apiVersion: v1
kind: Node
metadata:
  name: node-1
  labels:
    nvidia.com/mig.config: all-1g.10gb
    nvidia.com/mig.config.state: failed
    nvidia.com/vgpu.present: "true"
    nvidia.com/gpu.sharing-strategy: time-slicing
    nvidia.com/cc.mode: devtools
    nvidia.com/gpu.count: "2"
    nvidia.com/gpu.replicas: "1"
status: {capacity: {nvidia.com/gpu: "4"}}
"""
OPERATORS = """\
apiVersion: nvidia.com/v1
kind: ClusterPolicy
metadata: {name: p}
spec: {ccManager: {enabled: true, defaultMode: devtools}}
---
apiVersion: deviceplugin.intel.com/v1
kind: GpuDevicePlugin
metadata: {name: g}
spec: {sharedDevNum: 10, enableMonitoring: true}
---
apiVersion: amd.com/v1alpha1
kind: DeviceConfig
metadata: {name: d, namespace: kube-amd-gpu}
spec: {metricsExporter: {enable: true, serviceType: NodePort, nodePort: 32500}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: r}
rules:
- {apiGroups: [nvidia.com], resources: [clusterpolicies], verbs: [patch]}
"""
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: p
  namespace: ml
  annotations: {cdi.k8s.io/gpu: nvidia.com/gpu=all}
spec:
  runtimeClassName: nvidia
  containers:
  - name: c
    image: r.example/a:1
    env:
    - {name: NVIDIA_IMEX_CHANNELS, value: "0"}
    - {name: NVIDIA_DRIVER_CAPABILITIES, value: all}
    - {name: CONSUMABLE_SHARES, value: unlimited}
    volumeMounts:
    - {name: v, mountPath: /var/run/nvidia-container-devices/all}
  volumes: [{name: v, emptyDir: {}}]
"""
CLAIM = """\
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: c, namespace: ml}
spec: {devices: {requests: [{name: r, exactly: {deviceClassName: gpu.nvidia.com}}]}}
status:
  reservedFor: [{resource: pods, name: a, uid: a}, {resource: pods, name: b, uid: b}]
"""
RIGHTS = """\
apiVersion: v1
kind: Namespace
metadata: {name: watch, labels: {resource.kubernetes.io/admin-access: "true"}}
---
apiVersion: v1
kind: Node
metadata: {name: node-1, labels: {nvidia.com/gpu.count: "2", nvidia.com/gpu.replicas: "1"}}
spec: {taints: [{key: gpu, effect: NoSchedule}]}
status: {capacity: {nvidia.com/gpu: "2"}}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: ml}
spec:
  nodeName: node-1
  containers: [{name: c, image: "r.example/a:1", resources: {limits: {nvidia.com/gpu: 1}}}]
---
apiVersion: v1
kind: Pod
metadata:
  name: plugin
  namespace: gpu-operator
  ownerReferences:
  - {apiVersion: apps/v1, kind: DaemonSet, name: plugin, uid: u, controller: true}
spec:
  nodeName: node-1
  serviceAccountName: nvidia-device-plugin
  containers: [{name: c, image: "r.example/plugin:1", securityContext: {privileged: true}}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: plugin, namespace: gpu-operator, uid: u}
spec: {template: {spec: {containers: [{name: c, image: "r.example/plugin:1"}]}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: maker}
rules:
- {apiGroups: [""], resources: [pods, pods/exec], verbs: [create]}
- {apiGroups: [resource.k8s.io], resources: [resourceclaims], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: maker}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: maker}
subjects: [{kind: ServiceAccount, namespace: ml, name: bot}]
"""
FABRIC = """\
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: ml, annotations: {k8s.v1.cni.cncf.io/networks: rdma}}
spec:
  nodeName: node-1
  containers:
  - name: c
    image: r.example/a:1
    env: [{name: LD_PRELOAD, value: /opt/x.so}]
    resources: {limits: {nvidia.com/gpu: 1, rdma/hca: 1}}
---
apiVersion: v1
kind: Pod
metadata: {name: q, namespace: web}
spec:
  nodeName: node-1
  containers: [{name: c, image: "r.example/a:1", resources: {limits: {rdma/hca: 1}}}]
"""
CONFIDENTIAL = """\
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: ml}
spec:
  runtimeClassName: kata-qemu-nvidia-gpu
  containers:
  - {name: c, image: "r.example/a:1", resources: {limits: {nvidia.com/pgpu: 1}}}
"""
FAULTS = {
    "node": (
        NODE,
        {
            *("gpu-node-untainted", "gpu-mig-state-differs", "gpu-virtual-gpu-shared-again"),
            *("gpu-confidential-mode-differs", "gpu-capacity-differs"),
        },
    ),
    "operators": (
        OPERATORS,
        {
            *("gpu-confidential-mode-of-developers", "gpu-intel-devices-shared"),
            *("gpu-metrics-on-node-ports", "k8s-rbac-gpu-operator-writable"),
            "gpu-intel-monitoring-offered",
        },
    ),
    "rights": (RIGHTS, {"gpu-platform-namespace-writable", "gpu-admin-claims-writable"}),
    "fabric": (
        FABRIC,
        {"gpu-adapter-shared", "k8s-secondary-network-unpoliced", "gpu-library-preloaded"},
    ),
    "claim": (CLAIM, {"gpu-claim-used-by-several"}),
    "workload": (
        POD,
        {
            *("gpu-runtime-without-allocation", "gpu-device-named-by-annotation"),
            *("gpu-device-named-by-mount", "gpu-administered-by-environment"),
            *("gpu-driver-capabilities-all", "gpu-consumable-shares-unlimited"),
        },
    ),
}
EVERY = {rule for _, rules in FAULTS.values() for rule in rules} | {"gpu-runtime-not-confidential"}


def failing(folder: Path, text: str, *options: str) -> set[str]:
    """Those of the rules that fail on some objects, each once."""
    (folder / "a.yaml").write_text(text)
    done = auditor("scan", folder / "a.yaml", "--format", "json", "--fail-on", "never", *options)
    assert done.code == 0, done.err
    document: dict[str, Any] = json.loads(done.out)
    found = [each["rule"] for each in document["findings"] if each["verdict"] == "fail"]
    ours = [rule for rule in found if rule in EVERY]
    assert len(ours) == len(set(ours))
    return set(ours)


@pytest.mark.parametrize(("text", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_each_fault_is_found_once(tmp_path: Path, text: str, expected: set[str]) -> None:
    assert failing(tmp_path, text) == expected


def test_a_machine_without_encryption_is_one_where_that_is_the_floor(tmp_path: Path) -> None:
    options = ("--set", "isolation_floor=confidential")
    assert failing(tmp_path, CONFIDENTIAL, *options) == {"gpu-runtime-not-confidential"}
    assert failing(tmp_path, CONFIDENTIAL) == set()
    encrypted = CONFIDENTIAL.replace("nvidia-gpu", "nvidia-gpu-snp")
    assert failing(tmp_path, encrypted, *options) == set()
