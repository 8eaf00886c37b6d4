"""Nodes as trees of real files, which the script looks at as if they were the root."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from collectors.kubernetes.node.probes import MOST_ENTRIES
from collectors.kubernetes.node.script import script

NODE, POD = "mnt:[4026531841]", "mnt:[4026532000]"
STATIC = (
    "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0123456789abcdef"
    "0123456789abcdef.slice/cri-containerd-" + "a" * 64 + ".scope\n"
)
"""The control group of a process in a static pod."""
TENANT = (
    "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod01234567_89ab_cdef_0123_"
    "456789abcdef.slice/cri-containerd-" + "b" * 64 + ".scope\n"
)
"""The same of a pod that somebody started by the API server."""
SETTINGS = """apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
staticPodPath: /etc/kubernetes/manifests
"""
KUBELET = (
    "/usr/bin/kubelet",
    "--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf",
    "--kubeconfig=/etc/kubernetes/kubelet.conf",
    "--config=/var/lib/kubelet/config.yaml",
)
MODES: Mapping[str, int] = {
    **{
        f"etc/kubernetes/manifests/{name}.yaml": 0o600
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
    },
    **{
        f"etc/kubernetes/{name}.conf": 0o600
        for name in ("admin", "super-admin", "scheduler", "controller-manager", "kubelet")
    },
    "etc/kubernetes/pki/ca.crt": 0o644,
    "etc/kubernetes/pki/ca.key": 0o600,
    "etc/kubernetes/pki/etcd/ca.crt": 0o644,
    "etc/kubernetes/pki/etcd/ca.key": 0o600,
    "etc/cni/net.d/10-net.conflist": 0o600,
    "usr/lib/systemd/system/kubelet.service": 0o600,
    "usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf": 0o600,
    "var/lib/kubelet/config.yaml": 0o600,
}
"""The files of a node of a control plane as kubeadm makes one, with the modes that CIS wants."""


def node(root: Path, modes: Mapping[str, int] = MODES) -> Path:
    """Make a node of a control plane."""
    for name, mode in modes.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SETTINGS if name.endswith("kubelet/config.yaml") else "secret: hunter2\n")
        path.chmod(mode)
    (root / "var/lib/etcd").mkdir(parents=True, mode=0o700)
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\netcd:x:998:997::/:/bin/false\n")
    (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    running(root, 1, "systemd", "/sbin/init")
    running(root, 700, "kubelet", *KUBELET)
    return root


def running(
    root: Path,
    pid: int,
    name: str,
    *arguments: str,
    groups: str = "0::/system.slice/x.service\n",
    mounts: str = NODE,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Make what ``/proc`` says of a process."""
    folder = root / "proc" / str(pid)
    (folder / "ns").mkdir(parents=True)
    (folder / "comm").write_text(f"{name}\n")
    (folder / "cmdline").write_bytes(b"".join(each.encode() + b"\0" for each in arguments))
    (folder / "cgroup").write_text(groups)
    (folder / "ns/mnt").symlink_to(mounts)
    given = (f"{key}={value}\0" for key, value in (environment or {}).items())
    (folder / "environ").write_text("".join(given))


def printed(root: Path, shell: tuple[str, ...] = ("sh",), most: int = MOST_ENTRIES) -> bytes:
    """What the script prints of a tree; it looks at no more than so many files of a folder."""
    whole = script()
    code = whole.replace(f"left={MOST_ENTRIES}", f"left={most}")
    assert (code == whole) is (most == MOST_ENTRIES)
    done = subprocess.run(
        [*shell, "-s", "--", str(root)],
        input=code.encode(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == b""
    return done.stdout
