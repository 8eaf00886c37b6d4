"""The list of what is looked at on a node: fixed here, and the same for all nodes.

Of nearly all paths only owner, mode and type are read. What is read as well is the configuration of
the kubelet, where it is one, and the arguments of the processes of Kubernetes, of which the values
of :data:`FLAGS` alone are kept. Keys, tokens and other configuration are never opened.

Beyond the list only such paths are looked at as those arguments and that configuration name: a
kubelet that has its configuration elsewhere is not judged by a file that it does not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

UNIT_FOLDERS: Final = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
"""systemd.unit(5): where units of the system are looked for."""
MANIFESTS: Final = ("/etc/kubernetes/manifests", "/var/lib/rancher/rke2/agent/pod-manifests")
"""Where manifests of static pods are by default: kubeadm, RKE2."""
KEYS: Final = ("/etc/kubernetes/pki", "/var/lib/rancher/rke2/server/tls")
NETWORK: Final = ("/etc/cni/net.d", "/var/lib/rancher/k3s/agent/etc/cni/net.d")
UNITS: Final = tuple(f"{folder}/kubelet.service" for folder in UNIT_FOLDERS)
KUBELET_SETTINGS: Final = "/var/lib/kubelet/config.yaml"
KUBELET_CREDENTIALS: Final = "/etc/kubernetes/kubelet.conf"
ETCD_DATA: Final = "/var/lib/etcd"
CLIENT_AUTHORITY: Final = "/etc/kubernetes/pki/ca.crt"

FILES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "adminCredentials": ("/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf"),
        "schedulerCredentials": ("/etc/kubernetes/scheduler.conf",),
        "controllerManagerCredentials": ("/etc/kubernetes/controller-manager.conf",),
        "proxyCredentials": (
            "/etc/kubernetes/kube-proxy.conf",
            "/etc/kubernetes/proxy.conf",
            "/var/lib/kube-proxy/kubeconfig",
            "/var/lib/kube-proxy/kubeconfig.conf",
        ),
    }
)
"""Files at paths that nothing else names, by the field of a node's files that they are in."""
COMPONENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "apiServerManifest": "kube-apiserver",
        "controllerManagerManifest": "kube-controller-manager",
        "schedulerManifest": "kube-scheduler",
        "etcdManifest": "etcd",
    }
)
"""The field of the manifests of a component of the control plane."""

PROCESSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "kubelet": "kubelet",
        "kube-proxy": "kube-proxy",
        "kube-apiserver": "kube-apiserver",
        "kube-controller": "kube-controller-manager",  # the kernel keeps 15 letters of a name
        "kube-scheduler": "kube-scheduler",
        "etcd": "etcd",
    }
)
"""Names of processes as the kernel tells them, and the component that each is."""
WHOLE: Final = ("k3s", "k3s-server", "k3s-agent", "k0s", "kubelite")
"""Programs that a kubelet is inside of: that they run is all that is read of them."""

FLAGS: Final = (
    # the kubelet
    *(
        "anonymous-auth",
        "authorization-mode",
        "client-ca-file",
        "config",
        "config-dir",
        "event-qps",
    ),
    *("feature-gates", "hostname-override", "kubeconfig", "make-iptables-util-chains"),
    *("pod-manifest-path", "pod-max-pids", "read-only-port", "rotate-certificates"),
    *("rotate-server-certificates", "seccomp-default", "streaming-connection-idle-timeout"),
    *("tls-cert-file", "tls-cipher-suites", "tls-min-version", "tls-private-key-file"),
    # kube-proxy, the controller manager, the scheduler
    *("bind-address", "metrics-bind-address", "profiling", "root-ca-file"),
    *("service-account-private-key-file", "terminated-pod-gc-threshold"),
    "use-service-account-credentials",
    # the API server
    *("admission-control", "service-account-signing-endpoint"),
    *("audit-log-maxage", "audit-log-maxbackup", "audit-log-maxsize", "audit-log-path"),
    *("audit-policy-file", "audit-webhook-config-file", "authentication-config"),
    *("authorization-config", "disable-admission-plugins", "enable-admission-plugins"),
    *("encryption-provider-config", "etcd-cafile", "etcd-certfile", "etcd-keyfile"),
    *("kubelet-certificate-authority", "kubelet-client-certificate", "kubelet-client-key"),
    *("request-timeout", "service-account-extend-token-expiration", "service-account-key-file"),
    *("service-account-lookup", "service-account-max-token-expiration", "token-auth-file"),
    # etcd
    *("auto-tls", "cert-file", "client-cert-auth", "config-file", "data-dir", "key-file"),
    *("peer-auto-tls", "peer-cert-file", "peer-client-cert-auth", "peer-key-file"),
    *("peer-trusted-ca-file", "trusted-ca-file"),
)
"""Flags whose values are kept: of others it is kept that they are there."""

VARIABLES: Final = tuple(
    f"ETCD_{name}"
    for name in (
        *("AUTO_TLS", "CERT_FILE", "CLIENT_CERT_AUTH", "CONFIG_FILE", "DATA_DIR", "KEY_FILE"),
        *("PEER_AUTO_TLS", "PEER_CERT_FILE", "PEER_CLIENT_CERT_AUTH", "PEER_KEY_FILE"),
        *("PEER_TRUSTED_CA_FILE", "TRUSTED_CA_FILE"),
    )
)
"""What etcd takes from its environment in place of a flag; nothing else of one is kept."""

MOST_ENTRIES: Final = 1000
"""How many things below one folder are looked at."""
DEEPEST: Final = 3
MOST_ARGUMENTS: Final = 1 << 16
MOST_SETTINGS: Final = 1 << 18
MOST_DROP_INS: Final = 50


def stats() -> Iterator[str]:
    """Each path of which owner, mode and type are read on every node."""
    files = (path for paths in FILES.values() for path in paths)
    others = (KUBELET_SETTINGS, KUBELET_CREDENTIALS, ETCD_DATA, CLIENT_AUTHORITY, *UNITS)
    yield from dict.fromkeys((*files, *others, *folders()))


def folders() -> Iterator[str]:
    """Each folder below which everything is looked at on every node."""
    drop_ins = (f"{path}.d" for path in UNITS)
    yield from dict.fromkeys((*MANIFESTS, *KEYS, *NETWORK, *drop_ins))
