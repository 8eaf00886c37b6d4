"""Labels that operators, and the controller of jobs, give to the pods that they make.

Services and network policies are written for them, and no template has them. What is not listed
here may be there all the same: the labels of such a pod are never known to be all.

Sources: KubeRay's ray.io/v1 (labelPod), JobSet, LeaderWorkerSet, the Kubeflow Training Operator,
Volcano and KServe, as their documentation names the labels to select by.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_BY_NAME: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("ray.io", "RayCluster"): "ray.io/cluster",
        ("jobset.x-k8s.io", "JobSet"): "jobset.sigs.k8s.io/jobset-name",
        ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): "leaderworkerset.sigs.k8s.io/name",
        ("kubeflow.org", "MPIJob"): "training.kubeflow.org/job-name",
        ("kubeflow.org", "PyTorchJob"): "training.kubeflow.org/job-name",
        ("kubeflow.org", "TFJob"): "training.kubeflow.org/job-name",
        ("kubeflow.org", "XGBoostJob"): "training.kubeflow.org/job-name",
        ("batch.volcano.sh", "Job"): "volcano.sh/job-name",
        ("serving.kserve.io", "InferenceService"): "serving.kserve.io/inferenceservice",
    }
)
"""The label that has the name of the object, by its group and kind."""


def labels_of(group: str, kind: str, name: str, pointer: str) -> Mapping[str, str]:
    """Say which labels the pods of a template get; ``pointer`` is where it stands in its object."""
    found: dict[str, str] = {}
    key = _BY_NAME.get((group, kind))
    if key is not None:
        found[key] = name
    if (group, kind) == ("batch", "Job"):
        found |= {"job-name": name, "batch.kubernetes.io/job-name": name}
    if group == "ray.io":
        head = "/headGroupSpec/" in pointer
        found |= {"ray.io/is-ray-node": "yes", "ray.io/node-type": "head" if head else "worker"}
    return found
