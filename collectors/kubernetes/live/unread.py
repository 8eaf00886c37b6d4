"""Kinds that are not read from a cluster whatever rules say of them, but for what is named.

An object of such a kind is read by its name alone, where an analysis needs it and another object
names it::

    ClusterPolicy  spec.devicePlugin.config.name: plugin-config      read in the first round
                   status.namespace: gpu-operator
    ConfigMap      gpu-operator/plugin-config                        read in the second, by its name
    ConfigMap      ml/settings                                       never read

Which objects name which others the collector is told (:class:`auditor.ports.Reference`). Some of
what is named holds a kind that is in no API server: it is read where rules rest on that kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from auditor.platforms.kubernetes import (
    API_SERVER_CONFIGURATION,
    KUBELET_CONFIGURATION,
    PROXY_CONFIGURATION,
)

UNREAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "k8s/Secret": "secrets are never read",
        "k8s/ConfigMap": "configuration is read only by name, where a rule needs one by name",
        **dict.fromkeys(
            (KUBELET_CONFIGURATION, PROXY_CONFIGURATION),
            "it is in no API server but in a ConfigMap of kubeadm, which is read by its name",
        ),
        API_SERVER_CONFIGURATION: "OpenShift keeps it in a ConfigMap, which is read by its name",
    }
)
"""Kind to the reason, in words for people."""

BY_NAME: Final = frozenset({"k8s/ConfigMap"})
"""Kinds of which objects that others name are read."""
