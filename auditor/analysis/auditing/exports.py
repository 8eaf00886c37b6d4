"""What a provider's settings, or metrics, say of an audit log whose flags nobody shows.

The provider writes the policy, and nobody else can change it. What is to be decided is if the log
is kept at all, where, and for how long, as far as the settings tell:

===  ==========================================================================================
EKS  ``logging.clusterLogging`` turns types of logs on; ``audit`` goes to CloudWatch Logs, whose
     log group says for how long
GKE  Admin Activity is always written to Cloud Logging, and is kept for 400 days
AKS  diagnostic settings send ``kube-audit``, or without reads ``kube-audit-admin``, to a place
     that says for how long
===  ==========================================================================================

Of any cluster its metrics tell whether events are written: a counter that is not 0 has a policy and
a backend behind it, whatever flags say. How long they are kept no metric tells.

Sources: docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html,
cloud.google.com/kubernetes-engine/docs/how-to/audit-logging, cloud.google.com/logging/quotas
(_Required bucket), learn.microsoft.com/azure/aks/monitor-aks-reference (resource logs).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from auditor.analysis.loose import mapping

EKS: Final = "k8s/Cluster.eks.amazonaws.com"
GKE: Final = "k8s/Cluster.container.googleapis.com"
AKS: Final = "k8s/DiagnosticSetting.insights.azure.com"
METRICS: Final = "k8s/Metrics.apiserver.k8s.io"
SETTINGS: Final = frozenset({EKS, GKE, AKS})
KINDS: Final = SETTINGS | {METRICS}

_GKE_DAYS: Final = 400
_AUDIT: Final = frozenset({"kube-audit", "kube-audit-admin"})
_GROUPS: Final = frozenset({"audit", "allLogs"})


class Export(msgspec.Struct, frozen=True):
    """What settings say: ``log`` is if events are kept, ``keeper`` who keeps them.

    ``days`` is for how long, -1 where the settings do not tell; ``pointer`` is where it stands.
    """

    provider: str
    log: bool
    keeper: str
    days: int = -1
    pointer: str = ""


class Measured(msgspec.Struct, frozen=True):
    """Counters of an API server since it started: events, and those that were lost."""

    event_total: int
    error_total: int
    requests_rejected_total: int

    @property
    def lost(self) -> int:
        """How many events a backend failed on, and requests that were refused for one."""
        return self.error_total + self.requests_rejected_total


_decode = msgspec.json.Decoder(Measured).decode


def read_metrics(body: bytes) -> Measured | None:
    """Read counters; None where they are none."""
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def read_export(kind: str, body: Mapping[str, object]) -> Export:
    """Read the settings of a provider."""
    if kind == EKS:
        return Export("Amazon EKS", _eks(body), "CloudWatch Logs", pointer="/logging")
    if kind == GKE:
        return Export("Google GKE", True, "Cloud Logging", _GKE_DAYS, "/name")
    return Export("Azure AKS", _aks(body), "Azure Monitor", pointer="/logs")


def _eks(body: Mapping[str, object]) -> bool:
    setups = mapping(body.get("logging")).get("clusterLogging")
    for setup in map(mapping, setups if isinstance(setups, list) else ()):
        types = setup.get("types")
        if setup.get("enabled") is True and isinstance(types, list) and "audit" in types:
            return True
    return False


def _aks(body: Mapping[str, object]) -> bool:
    logs = body.get("logs")
    return any(
        each.get("enabled") is True
        and (each.get("category") in _AUDIT or each.get("categoryGroup") in _GROUPS)
        for each in map(mapping, logs if isinstance(logs, list) else ())
    )
