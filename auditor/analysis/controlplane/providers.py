"""Who runs a control plane that is not shown: the provider of a managed cluster, if it is one.

The nodes of a managed cluster carry labels of its provider, which a kubelet of one's own may not
set (``kubernetes.io`` prefixes are restricted, but not these), so this explains why there is
nothing to see, and never makes a verdict better.

Sources: labels that docs.aws.amazon.com/eks (managed nodes), cloud.google.com/kubernetes-engine and
learn.microsoft.com/azure/aks put on nodes; the suffix of the server's version
(``v1.33.4-eks-99bf1d6``, ``v1.33.4-gke.1350000``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from auditor.late import late

_BY_LABEL: Final = (
    ("eks.amazonaws.com/", "Amazon EKS"),
    ("cloud.google.com/gke-", "Google GKE"),
    ("kubernetes.azure.com/", "Azure AKS"),
    ("oke.oraclecloud.com/", "Oracle OKE"),
    ("doks.digitalocean.com/", "DigitalOcean Kubernetes"),
    ("lke.linode.com/", "Akamai LKE"),
)
_BY_VERSION: Final = (
    (late(r"-eks-[0-9a-f]+$"), "Amazon EKS"),
    (late(r"-gke\.\d+$"), "Google GKE"),
    (late(r"-aliyun\.\d+$"), "Alibaba ACK"),
)


def of_labels(labels: Iterable[str]) -> str:
    """Name the provider whose labels a node has, "" for none."""
    for label in sorted(labels):
        for prefix, provider in _BY_LABEL:
            if label.startswith(prefix):
                return provider
    return ""


def of_version(version: str) -> str:
    """Name the provider whose build of the API server says this version, "" for none."""
    return next((name for pattern, name in _BY_VERSION if pattern.search(version)), "")
