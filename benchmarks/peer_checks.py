"""Which checks of peers are about the same fault as which rules of ours.

A topic is what both sides mean. A check that means something else, or more, is in no topic: of it
nothing is said, neither right nor wrong. A check that means either of two things is in both. The
ids are those of checkov 3.3, trivy 0.76 and kube-score 1.20; what kube-score says by one id of
several faults is told apart by the words after the colon. The words of the topics are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

OURS, CHECKOV, TRIVY, KUBE_SCORE = "auditor", "checkov", "trivy", "kube-score"
PEERS = (CHECKOV, TRIVY, KUBE_SCORE)


@dataclass(frozen=True, slots=True)
class Topic:
    """A fault: the rules of ours, without ``k8s-``, and the checks of each peer that mean it."""

    name: str
    rules: tuple[str, ...]
    checkov: tuple[str, ...] = ()
    trivy: tuple[str, ...] = ()
    kube_score: tuple[str, ...] = ()

    def checks(self, peer: str) -> frozenset[str]:
        """Name the checks of a peer."""
        found = {CHECKOV: self.checkov, TRIVY: self.trivy, KUBE_SCORE: self.kube_score}
        return frozenset(found[peer])


_RESOURCES = "container-resources"
TOPICS = (
    Topic(
        "privileged container",
        ("container-privileged",),
        ("CKV_K8S_16",),
        ("KSV-0017",),
        ("container-security-context-privileged",),
    ),
    Topic(
        "host process namespace", ("pod-host-process-namespace",), ("CKV_K8S_17",), ("KSV-0010",)
    ),
    Topic("host IPC namespace", ("pod-host-ipc",), ("CKV_K8S_18",), ("KSV-0008",)),
    Topic("host network", ("pod-host-network",), ("CKV_K8S_19",), ("KSV-0009",)),
    Topic(
        "socket of a container runtime mounted",
        ("runtime-socket-mounted",),
        ("CKV_K8S_27",),
        ("KSV-0006", "KSV-0023"),
    ),
    Topic(
        "other host folder mounted",
        (
            *("pod-host-path-volume", "host-path-sensitive", "host-path-sensitive-read"),
            *("host-path-writable", "host-path-device-plugins", "host-shared-memory-mounted"),
        ),
        (),
        ("KSV-0023",),
    ),
    Topic("host port", ("container-host-port",), ("CKV_K8S_26",), ("KSV-0024",)),
    Topic(
        "privilege escalation allowed",
        ("container-privilege-escalation",),
        ("CKV_K8S_20",),
        ("KSV-0001",),
    ),
    Topic(
        "capabilities added",
        ("container-capabilities-added", "container-capabilities-returned"),
        ("CKV_K8S_25", "CKV_K8S_39"),
        ("KSV-0005", "KSV-0022", "KSV-0106", "KSV-0119"),
    ),
    Topic(
        "capabilities kept",
        ("container-capabilities-kept",),
        ("CKV_K8S_28", "CKV_K8S_37"),
        ("KSV-0003", "KSV-0004", "KSV-0106"),
    ),
    Topic(
        "may run as root",
        (
            *("container-non-root-not-required", "container-non-root-undeclared"),
            *("container-root-user", "pod-root-user", "pod-non-root-refused"),
        ),
        ("CKV_K8S_23",),
        ("KSV-0012", "KSV-0105"),
    ),
    Topic(
        "no seccomp profile",
        ("container-seccomp-missing", "container-seccomp-unconfined", "pod-seccomp-unconfined"),
        ("CKV_K8S_31",),
        ("KSV-0030", "KSV-0104"),
        ("container-seccomp-profile",),
    ),
    Topic(
        "AppArmor off",
        (
            *("container-apparmor-unconfined", "pod-apparmor-unconfined"),
            "pod-apparmor-annotation-unconfined",
        ),
        (),
        ("KSV-0002",),
    ),
    Topic(
        "unmasked /proc",
        ("container-proc-mount-unmasked", "container-proc-mount-user-namespace"),
        (),
        ("KSV-0027",),
    ),
    Topic(
        "writable root file system",
        ("root-filesystem-writable",),
        ("CKV_K8S_22",),
        ("KSV-0014",),
        ("container-security-context-readonlyrootfilesystem",),
    ),
    Topic(
        "no memory limit",
        ("memory-limit-missing", "gpu-memory-limit-missing"),
        ("CKV_K8S_13",),
        ("KSV-0018",),
        (f"{_RESOURCES}: Memory limit is not set",),
    ),
    Topic(
        "no memory request",
        ("memory-request-missing",),
        ("CKV_K8S_12",),
        ("KSV-0016",),
        (f"{_RESOURCES}: Memory request is not set",),
    ),
    Topic(
        "no CPU request",
        ("cpu-request-missing",),
        ("CKV_K8S_10",),
        ("KSV-0015",),
        (f"{_RESOURCES}: CPU request is not set",),
    ),
    Topic(
        "mutable image tag",
        ("image-tag-mutable",),
        ("CKV_K8S_14",),
        ("KSV-0013",),
        ("container-image-tag",),
    ),
    Topic("image without digest", ("image-digest-missing",), ("CKV_K8S_43",)),
    Topic(
        "no liveness probe",
        ("liveness-probe-missing",),
        ("CKV_K8S_8",),
        (),
        ("pod-probes: Container is missing a livenessProbe",),
    ),
    Topic(
        "no readiness probe",
        ("readiness-probe-missing",),
        ("CKV_K8S_9",),
        (),
        ("pod-probes: Container is missing a readinessProbe",),
    ),
    Topic("default namespace", ("default-namespace-used",), ("CKV_K8S_21",), ("KSV-0110",)),
    Topic("Secret in the environment", ("secret-in-environment-reference",), ("CKV_K8S_35",)),
    Topic("secret in a ConfigMap", ("secret-in-config-map",), (), ("KSV-0109", "KSV-01010")),
    Topic(
        "unlimited rights",
        ("rbac-wildcard", "rbac-everything-allowed"),
        ("CKV_K8S_49",),
        ("KSV-0044", "KSV-0045", "KSV-0046", "KSV-0112"),
    ),
    Topic(
        "Secrets readable",
        ("rbac-secrets-readable", "rbac-namespace-secrets-readable"),
        ("CKV2_K8S_5",),
        ("KSV-0041", "KSV-0113"),
    ),
    Topic(
        "rights that give more rights",
        ("rbac-privilege-escalation",),
        ("CKV_K8S_157", "CKV_K8S_158"),
        ("KSV-0043", "KSV-0050"),
    ),
    Topic(
        "webhooks writable",
        ("rbac-webhooks-writable", "rbac-named-webhook-writable"),
        ("CKV_K8S_155",),
        ("KSV-0114",),
    ),
    Topic("certificates approvable", ("rbac-certificate-approval",), ("CKV_K8S_156",)),
    Topic("exec into pods", ("rbac-pod-exec",), (), ("KSV-0053",)),
    Topic("workloads creatable", ("rbac-workload-creation",), (), ("KSV-0048",)),
    Topic("rights through the kubelet", ("rbac-node-proxy",), (), ("KSV-0047",)),
    Topic("cluster-admin given", ("rbac-cluster-admin-bound",), (), ("KSV-0111",)),
    Topic("rights of anonymous users", ("rbac-anonymous-bound",), (), ("KSV-0122",)),
    Topic("external addresses", ("service-external-ips",), (), ("KSV-0108",)),
    Topic("node port", ("service-node-port",), (), (), ("service-type",)),
    Topic(
        "policy that selects nothing",
        ("network-policy-selects-nothing",),
        (),
        (),
        ("networkpolicy-targets-pod",),
    ),
    Topic(
        "service that selects nothing",
        ("service-selects-nothing",),
        (),
        (),
        ("service-targets-pod",),
    ),
    Topic(
        "backend that is not there",
        ("route-backend-missing", "route-port-missing"),
        (),
        (),
        ("ingress-targets-service",),
    ),
)
