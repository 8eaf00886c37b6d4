"""The table: files that are right, and files with one thing wrong."""

from __future__ import annotations

from tests.policies.real_world import (
    DIGEST,
    QUOTA,
    Row,
    env,
    hardened,
    host_path,
    namespace,
    plain,
    pod,
    policy,
    right,
    wrong,
)

_HOST = "pod-host-path-volume"
_SOCKET = f"{_HOST} runtime-socket-mounted"
_FOLDER = f"{_HOST} host-path-sensitive"

_SECRETS = (
    right("credentials in a file", hardened(env("GOOGLE_APPLICATION_CREDENTIALS=/var/gcp.json"))),
    right("token of a vocabulary", hardened(env("EOS_TOKEN=</s>", "PAD_TOKEN=<|endoftext|>"))),
    right("switch that sounds secret", hardened(env("CORS_ALLOW_CREDENTIALS=true"))),
    right("number of tokens", hardened(env("MAX_TOKENS=4096", "TOKENIZERS_PARALLELISM=false"))),
    right("name of a header", hardened(env("API_KEY_HEADER=X-Api-Key"))),
    right("filled in by envsubst", hardened(env("HF_TOKEN=${HF_TOKEN}"))),
    right("reference to another variable", hardened(env("PGPASSWORD=$(DB_PASSWORD)"))),
    right("url without a password", hardened(env("TRACKING_URI=postgresql://db.mlops.svc/mlflow"))),
    wrong("password by name", "secret-in-environment-name", hardened(env("DB_PASSWORD=hunter2x"))),
    wrong("token with a suffix", "secret-in-environment-name", hardened(env("HF_TOKEN_2=abcd"))),
    wrong(
        "access key by shape",
        "secret-in-environment-value",
        hardened(env("S3_USER=AKIAIOSFODNN7EXAMPLE")),
    ),
    wrong(
        "password in a url",
        "secret-in-environment-value",
        hardened(env("DATABASE=postgresql://mlflow:hunter2x@db.mlops.svc/mlflow")),
    ),
    wrong("key as argument", "secret-in-arguments", hardened({"args": ["--api-key=abcdefgh"]})),
    right("key as a reference", hardened({"args": ["--port=80", "--api-key-file=/etc/key"]})),
    wrong("secret in a file", "secret-committed", plain("v1", "Secret", stringData={"a": "b"})),
    right("secret that a controller fills", plain("v1", "Secret", type="Opaque")),
    right(
        "secret encrypted by sops",
        plain("v1", "Secret", stringData={"a": "ENC[AES256_GCM,data:x]"}, sops={"mac": "ENC[y]"}),
    ),
)

_PATHS = (
    wrong("socket", _SOCKET, host_path("/var/run/docker.sock")),
    *(
        wrong(f"above a socket: {path}", _SOCKET, host_path(path))
        for path in ("/run/k3s", "/var/run/")
    ),
    wrong("folder of a socket", _SOCKET, host_path("/run/containerd")),
    wrong("socket, roundabout", _SOCKET, host_path("//run/./containerd//containerd.sock")),
    *(
        wrong(f"high up: {path}", f"{_SOCKET} host-path-sensitive", host_path(path))
        for path in ("/", "/var", "/run")
    ),
    wrong("sockets of the kubelet's pods", _FOLDER, host_path("/var/lib/kubelet/pods")),
    wrong("programs of the network", _FOLDER, host_path("/opt/cni/bin")),
    wrong("data of the node", _HOST, host_path("/mnt/nvme0/models")),
    wrong("data, writable", f"{_HOST} host-path-writable", host_path("/mnt/a", read_only=False)),
    wrong("memory of the node", f"{_HOST} host-shared-memory-mounted", host_path("/run/shm")),
    wrong("pod resources of the kubelet", _HOST, host_path("/var/lib/kubelet/pod-resources/")),
    right(
        "memory of its own",
        hardened(
            {}, {"volumes": [{"name": "d", "emptyDir": {"medium": "Memory", "sizeLimit": 1}}]}
        ),
    ),
)

_NODE_PLUGIN = hardened(
    {
        "securityContext": {"privileged": True, "allowPrivilegeEscalation": None},
        "ports": None,
        "readinessProbe": None,
        "volumeMounts": [
            {"name": "pods", "mountPath": "/pods", "mountPropagation": "Bidirectional"},
        ],
    },
    {
        "hostNetwork": True,
        "volumes": [{"name": "pods", "hostPath": {"path": "/var/lib/kubelet/pods"}}],
    },
    "DaemonSet",
)

_WORKLOADS = (
    right("hardened", hardened()),
    right(
        "a job needs no probes",
        hardened({"livenessProbe": None, "readinessProbe": None}, {}, "Job"),
    ),
    right(
        "a worker without ports gets no traffic", hardened({"ports": None, "readinessProbe": None})
    ),
    right(
        "limits of the whole pod",
        hardened({"resources": None}, {"resources": {"limits": {"cpu": "2", "memory": "2Gi"}}}),
    ),
    right(
        "limits alone are requests",
        hardened({"resources": {"requests": None, "limits": {"cpu": "2", "memory": "2Gi"}}}),
    ),
    right(
        "fields left empty by a template",
        hardened(
            {"env": [], "volumeMounts": []},
            {"initContainers": [], "volumes": [], "hostNetwork": False, "hostAliases": []},
        ),
    ),
    wrong(
        "no limits",
        "memory-limit-missing memory-request-missing cpu-request-missing",
        hardened({"resources": None}),
    ),
    wrong(
        "no probes",
        "liveness-probe-missing readiness-probe-missing",
        hardened({"livenessProbe": None, "readinessProbe": None}),
    ),
    wrong("tag alone", "image-digest-missing", hardened({"image": "ghcr.io/team/app:1.4.2"})),
    wrong(
        "moving tag",
        "image-digest-missing image-tag-mutable",
        hardened({"image": "ghcr.io/team/app:latest"}),
    ),
    wrong("short name", "image-registry-implicit", hardened({"image": "team/app:1" + DIGEST})),
    wrong(
        "token by default",
        "service-account-token-mounted",
        hardened({}, {"automountServiceAccountToken": None}),
    ),
    wrong(
        "account by default",
        "default-service-account-used",
        hardened({}, {"serviceAccountName": None}),
    ),
    wrong(
        "writable root",
        "root-filesystem-writable",
        hardened({"securityContext": {"readOnlyRootFilesystem": None}}),
    ),
    wrong(
        "port of the node",
        "container-host-port",
        hardened({"ports": [{"containerPort": 80, "hostPort": 80}]}),
    ),
    wrong(
        "processes shared",
        "process-namespace-shared",
        hardened({}, {"shareProcessNamespace": True}),
    ),
    wrong(
        "storage driver on each node",
        f"{_FOLDER} host-path-writable container-privileged pod-host-network"
        " container-privilege-escalation",
        _NODE_PLUGIN,
    ),
    wrong(
        "GPUs by variable",
        "gpu-selected-by-environment",
        hardened(env("NVIDIA_VISIBLE_DEVICES=all")),
    ),
    right("no GPUs by variable", hardened(env("NVIDIA_VISIBLE_DEVICES=void"))),
    wrong(
        "GPU without memory limit",
        "gpu-memory-limit-missing",
        hardened({"resources": {"limits": {"memory": None, "nvidia.com/gpu": 1}}}),
    ),
)

_SERVERS = (
    wrong("vLLM that answers everybody", "model-server-without-key", hardened(
          {"command": ["vllm", "serve", "/models/chat"], "startupProbe": {}})),
    right("vLLM with a key", hardened({"command": ["vllm", "serve", "/models/chat"],
          "startupProbe": {}, "env": [{"name": "VLLM_API_KEY", "valueFrom":
          {"secretKeyRef": {"name": "vllm", "key": "key"}}}]})),
    right("worker of vLLM", hardened({"image": "ghcr.io/vllm/vllm-openai:v0.11.0" + DIGEST,
          "command": ["sh", "-c", "ray start --block"], "startupProbe": {}})),
    wrong("notebook without a token", "notebook-without-authentication", hardened(
          {"args": ["start-notebook.sh", "--ServerApp.token=''"]})),
    wrong("MLflow without names", "mlflow-without-authentication", hardened(
          {"command": ["mlflow", "server", "--port", "5000"]})),
)  # fmt: skip

_AROUND = (
    right("namespace with all it needs", namespace("restricted"), QUOTA,
          policy(policyTypes=["Ingress", "Egress"])),
    right("closed but to itself and to names", namespace("baseline"), QUOTA,
          policy(policyTypes=["Ingress", "Egress"], ingress=[{"from": [{"podSelector": {}}]}],
                 egress=[{"ports": [{"port": 53, "protocol": "UDP"}]}])),
    wrong("bare namespace", "pod-security-label-missing default-deny-ingress-missing"
          " default-deny-egress-missing resource-quota-missing", namespace()),
    wrong("namespace that admits all", "pod-security-level-privileged network-policy-allows-all"
          " default-deny-ingress-missing default-deny-egress-missing", namespace("privileged"),
          QUOTA, policy(ingress=[{}], egress=[{}])),
    right("balancer of the private network", plain("v1", "Service", spec={
          "type": "LoadBalancer", "loadBalancerClass": "tailscale"})),
    wrong("balancer for everybody", "service-load-balancer-open",
          plain("v1", "Service", spec={"type": "LoadBalancer"})),
    right("ingress of a cloud", plain("networking.k8s.io/v1", "Ingress", "cloud", {
          "alb.ingress.kubernetes.io/certificate-arn": "arn:aws:acm:eu-central-1:1:certificate/a"},
          spec={"ingressClassName": "alb"})),
    wrong("ingress in the clear", "ingress-without-tls", plain("networking.k8s.io/v1", "Ingress",
          "clear", {"cert-manager.io/cluster-issuer": "letsencrypt"}, spec={})),
    right("ingress with tls", plain("networking.k8s.io/v1", "Ingress",
          spec={"tls": [{"hosts": ["a.example.com"]}]})),
)  # fmt: skip

_CUSTOM = (
    right("template of the core", plain("v1", "PodTemplate", template={"spec": pod()})),
    wrong("template of the core with a fault", "process-namespace-shared", plain(
          "v1", "PodTemplate", template={"spec": pod({}, {"shareProcessNamespace": True})})),
    wrong("privileged worker of a Ray cluster", "container-privileged"
          " container-privilege-escalation", plain(
          "ray.io/v1", "RayCluster", spec={"authOptions": {"mode": "token"},
          "headGroupSpec": {"template": {"spec": pod()}},
          "workerGroupSpecs": [{"template": {"spec": pod({"securityContext":
          {"privileged": True, "allowPrivilegeEscalation": None}})}}]})),
    right("hardened Ray cluster", plain("ray.io/v1", "RayCluster", spec={
          "authOptions": {"mode": "token"}, "headGroupSpec": {"template": {"spec": pod()}}})),
    right("model that a runtime completes", plain("serving.kserve.io/v1beta1", "InferenceService",
          spec={"predictor": {"serviceAccountName": "a", "automountServiceAccountToken": False,
                "model": {"modelFormat": {"name": "onnx"}}}})),
    right("job that patches its runtime", plain("trainer.kubeflow.org/v1alpha1", "TrainJob",
          spec={"runtimeRef": {"name": "torch"}, "trainer": {"numNodes": 2}})),
    wrong("trainer that trusts code", "model-code-trusted", plain("trainer.kubeflow.org/v1alpha1",
          "TrainJob", spec={"trainer": {"args": ["--trust-remote-code"]}})),
)  # fmt: skip

ROWS: tuple[Row, ...] = (*_SECRETS, *_PATHS, *_WORKLOADS, *_SERVERS, *_AROUND, *_CUSTOM)
