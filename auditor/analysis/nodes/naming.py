"""What names the ConfigMaps that kubeadm keeps the configuration of kubelets and kube-proxies in.

::

    Role kube-system/kubeadm:kubelet-config    lets nodes read it by its name      kubelet-config
    DaemonSet kube-system/kube-proxy           mounts a ConfigMap of that name     kube-proxy

Both are in the namespace of the control plane: what a tenant writes names nothing.

Source: kubernetes v1.37.2 cmd/kubeadm/app/constants/constants.go (KubeletBaseConfigMapRole,
KubeletBaseConfigurationConfigMap, KubeProxyConfigMap).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.loose import mapping
from auditor.analysis.nodes.seen import CONFIG_MAP, KUBELET_MAP, PROXY_MAP
from auditor.platforms.kubernetes import KUBELET_CONFIGURATION, PROXY_CONFIGURATION
from auditor.ports import Reference, References
from auditor.secrets.hints import find

_ROLE: Final = ("kube-system", "kubeadm:kubelet-config")


def _named_by_role(body: bytes) -> Iterator[Reference]:
    if find(body, _ROLE[1].encode()) < 0:
        return
    found = _decoded(body)
    metadata = mapping(found.get("metadata"))
    if (metadata.get("namespace"), metadata.get("name")) != _ROLE:
        return
    rules = found.get("rules")
    for rule in map(mapping, rules if isinstance(rules, list) else ()):
        names = rule.get("resourceNames")
        if isinstance(names, list) and KUBELET_MAP[1] in names:
            yield Reference(CONFIG_MAP, *KUBELET_MAP, f"Role {_ROLE[1]}", KUBELET_CONFIGURATION)


def _named_by_daemon_set(body: bytes) -> Iterator[Reference]:
    if find(body, PROXY_MAP[1].encode()) < 0:
        return
    found = _decoded(body)
    metadata = mapping(found.get("metadata"))
    if (metadata.get("namespace"), metadata.get("name")) != PROXY_MAP:
        return
    spec = mapping(mapping(mapping(found.get("spec")).get("template")).get("spec"))
    volumes = spec.get("volumes")
    for volume in map(mapping, volumes if isinstance(volumes, list) else ()):
        if mapping(volume.get("configMap")).get("name") == PROXY_MAP[1]:
            by = f"DaemonSet {PROXY_MAP[1]}"
            yield Reference(CONFIG_MAP, *PROXY_MAP, by, PROXY_CONFIGURATION)


def _decoded(body: bytes) -> Mapping[str, object]:
    try:
        return mapping(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


REFERENCES: Final[References] = MappingProxyType(
    {"k8s/Role": _named_by_role, "k8s/DaemonSet": _named_by_daemon_set}
)
"""Which objects of a cluster name what kubeadm keeps."""
