"""A control plane as kubeadm 1.34 makes it: what CIS Kubernetes finds in its flags."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.command import auditor

PKI = "/etc/kubernetes/pki"
FLAGS = {
    "kube-apiserver": [
        *("--advertise-address=10.0.0.1", "--allow-privileged=true"),
        *("--authorization-mode=Node,RBAC", f"--client-ca-file={PKI}/ca.crt"),
        *("--enable-admission-plugins=NodeRestriction", "--enable-bootstrap-token-auth=true"),
        f"--etcd-cafile={PKI}/etcd/ca.crt",
        f"--etcd-certfile={PKI}/apiserver-etcd-client.crt",
        f"--etcd-keyfile={PKI}/apiserver-etcd-client.key",
        "--etcd-servers=https://127.0.0.1:2379",
        f"--kubelet-client-certificate={PKI}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={PKI}/apiserver-kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={PKI}/sa.pub",
        f"--service-account-signing-key-file={PKI}/sa.key",
        *("--secure-port=6443", "--service-cluster-ip-range=10.96.0.0/12"),
        f"--tls-cert-file={PKI}/apiserver.crt",
        f"--tls-private-key-file={PKI}/apiserver.key",
    ],
    "kube-controller-manager": [
        *("--bind-address=127.0.0.1", f"--client-ca-file={PKI}/ca.crt"),
        *("--controllers=*,bootstrapsigner,tokencleaner", f"--root-ca-file={PKI}/ca.crt"),
        f"--service-account-private-key-file={PKI}/sa.key",
        "--use-service-account-credentials=true",
    ],
    "kube-scheduler": [
        *("--bind-address=127.0.0.1", "--leader-elect=true"),
        "--kubeconfig=/etc/kubernetes/scheduler.conf",
    ],
    "etcd": [
        f"--cert-file={PKI}/etcd/server.crt",
        *("--client-cert-auth=true", "--data-dir=/var/lib/etcd"),
        f"--key-file={PKI}/etcd/server.key",
        f"--peer-cert-file={PKI}/etcd/peer.crt",
        "--peer-client-cert-auth=true",
        f"--peer-key-file={PKI}/etcd/peer.key",
        f"--peer-trusted-ca-file={PKI}/etcd/ca.crt",
        f"--trusted-ca-file={PKI}/etcd/ca.crt",
    ],
}
FAILS = {
    *("1.2.1", "1.2.3", "1.2.5", "1.2.9", "1.2.11", "1.2.15", "1.2.16", "1.2.27", "1.2.29"),
    *("1.2.30", "1.3.2", "1.4.1", "3.2.1"),
}
"""What kubeadm leaves to who uses it."""
NEEDS_MORE = {"1.2.17", "1.2.18", "1.2.19", "1.2.28", "2.7", "3.2.2"}
"""Of a log that is not written, of files of the node, and of the audit policy."""


def test_what_kubeadm_leaves_open(tmp_path: Path) -> None:
    for name, flags in FLAGS.items():
        container = {"name": name, "image": f"registry.k8s.io/{name}:v1.34.1"}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "kube-system"},
            "spec": {"containers": [{**container, "command": [name, *flags]}]},
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(pod))
    ran = auditor("scan", tmp_path, "--profile", "cis-kubernetes", "--format", "json")
    states = {
        each["id"]: each["state"]
        for each in ran.results()["controls"]
        if each["framework"] == "cis-kubernetes"
        and each["id"].startswith(("1.2.", "1.3.", "1.4.", "2.", "3.2."))
    }
    assert {name for name, state in states.items() if state == "not-satisfied"} == FAILS
    assert {name for name, state in states.items() if state == "undetermined"} == NEEDS_MORE
    assert sum(state == "satisfied" for state in states.values()) == 29
