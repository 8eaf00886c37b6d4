"""The table: files that are right, and files with one thing wrong."""

from __future__ import annotations

from typing import Any

from tests.policies.real_world import (
    DIGEST,
    QUOTA,
    Json,
    Row,
    env,
    hardened,
    host_path,
    merged,
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
    wrong(
        "key of a Secret as argument",
        "secret-in-arguments-reference secret-in-environment-reference",
        hardened(
            {
                "args": ["--api-key=$(KEY)"],
                "env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
            }
        ),
    ),
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
    wrong("above a socket", _SOCKET, host_path("/run/k3s")),
    wrong("above more", f"{_SOCKET} host-path-sensitive-read", host_path("/var/run/")),
    wrong("folder of a socket", _SOCKET, host_path("/run/containerd")),
    wrong("socket, roundabout", _SOCKET, host_path("//run/./containerd//containerd.sock")),
    wrong("high up: /", f"{_SOCKET} host-path-sensitive", host_path("/")),
    wrong("high up: /run", f"{_SOCKET} host-path-sensitive-read", host_path("/run")),
    wrong("high up, with a link to sockets", _FOLDER, host_path("/var")),
    wrong("sockets of the kubelet's pods", _FOLDER, host_path("/var/lib/kubelet/pods")),
    wrong(
        "programs of the network", f"{_HOST} host-path-sensitive-read", host_path("/opt/cni/bin")
    ),
    wrong("name of the system", _HOST, host_path("/etc/os-release")),
    wrong(
        "devices of containers",
        f"{_FOLDER} host-path-writable",
        host_path("/run/cdi", read_only=False),
    ),
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
    wrong("vLLM with a key", "secret-in-environment-reference", hardened(
          {"command": ["vllm", "serve", "/models/chat"], "startupProbe": {},
          "env": [{"name": "VLLM_API_KEY", "valueFrom": {"secretKeyRef":
          {"name": "vllm", "key": "key"}}}]})),
    right("worker of vLLM", hardened({"image": "ghcr.io/vllm/vllm-openai:v0.11.0" + DIGEST,
          "command": ["sh", "-c", "ray start --block"], "startupProbe": {}})),
    wrong("notebook without a token", "notebook-without-authentication", hardened(
          {"args": ["start-notebook.sh", "--ServerApp.token=''"]})),
    wrong("MLflow without names", "mlflow-without-authentication", hardened(
          {"command": ["mlflow", "server", "--host=0.0.0.0", "--port", "5000"]})),
    right("MLflow for its own pod", hardened(
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

_PRIVILEGED: Json = {"securityContext": {"privileged": True}}
_MAIN: Json = {"image": pod()["containers"][0]["image"], "name": "main"}
_BAD: Json = {**_MAIN, **_PRIVILEGED}
_QUIET: Json = {"image": "driver", "repository": "nvcr.io/nvidia", "version": "595.71.05"}


_ACCOUNT: Json = {"serviceAccountName": "app", "automountServiceAccountToken": False}
_ACCOUNTS: dict[str, Json] = {
    "Workflow": {"spec": _ACCOUNT},
    "CronWorkflow": {"spec": {"workflowSpec": _ACCOUNT}},
}
"""What kinds need that are a whole pod in one place."""


def _held(version: str, kind: str, path: str, value: Any) -> Json:
    """A custom resource with a value at a path; a star is an element of a list."""
    for step in reversed(path.split(".")):
        value = [value] if step == "*" else {step: value}
    return merged(plain(version, kind, **value), _ACCOUNTS.get(kind, {}))


_HELD: tuple[tuple[str, str, str], ...] = (
    ("nvidia.com/v1alpha1", "DynamoGraphDeployment", "spec.services.A.extraPodSpec.mainContainer"),
    ("nvidia.com/v1alpha1", "DynamoComponentDeployment", "spec.extraPodSpec.mainContainer"),
    ("ome.io/v1beta1", "ClusterServingRuntime", "spec.engineConfig.runner"),
    ("ome.io/v1beta1", "ServingRuntime", "spec.decoderConfig.worker.runner"),
    ("ome.io/v1beta1", "ServingRuntime", "spec.containers.*"),
    ("ome.io/v1beta1", "InferenceService", "spec.engine.leader.runner"),
    ("ome.io/v1beta1", "BenchmarkJob", "spec.podOverride"),
    ("orchestration.aibrix.ai/v1alpha1", "KVCache", "spec.metadata.redis.runtime"),
    ("orchestration.aibrix.ai/v1alpha1", "KVCache", "spec.watcher.template.spec.containers.*"),
    ("config.kubeflow.org/v1beta1", "KatibConfig", "runtime.suggestions.*"),
    ("kaito.sh/v1beta1", "Workspace", "tuning.input"),
    ("production-stack.vllm.ai/v1alpha1", "VLLMRuntime", "spec.deploymentConfig.sidecarConfig"),
    ("production-stack.vllm.ai/v1alpha1", "VLLMRuntime", "spec.podTemplate.initContainers.*"),
    ("argoproj.io/v1alpha1", "Workflow", "spec.templates.*.dag.tasks.*.inline.container"),
    (
        "argoproj.io/v1alpha1",
        "CronWorkflow",
        "spec.workflowSpec.templates.*.steps.*.*.inline.script",
    ),
    ("argoproj.io/v1alpha1", "Workflow", "spec.executorPlugins.*.spec.sidecar.container"),
    ("argoproj.io/v1alpha1", "ExecutorPlugin", "spec.sidecar.container"),
    (
        "ray.io/v1",
        "RayCronJob",
        "spec.jobTemplate.rayClusterSpec.historyServerOptions.collectorOptions",
    ),
    ("opentelemetry.io/v1beta1", "OpenTelemetryCollector", "spec"),
    ("opentelemetry.io/v1beta1", "OpenTelemetryCollector", "spec.additionalContainers.*"),
    ("nvidia.com/v1alpha1", "NVIDIADriver", "spec.manager"),
    ("nvidia.com/v1alpha1", "GPUCluster", "spec.draDriver.gpus.kubeletPlugin"),
    ("nvidia.com/v1", "ClusterPolicy", "spec.dcgmExporter"),
    ("production-stack.vllm.ai/v1alpha1", "CacheServer", "spec"),
    ("nvidia.com/v1", "ClusterPolicy", "spec.validator.plugin"),
    ("tekton.dev/v1", "Task", "spec.steps.*"),
    ("tekton.dev/v1", "Task", "spec.stepTemplate"),
    ("tekton.dev/v1beta1", "ClusterTask", "spec.sidecars.*"),
    ("tekton.dev/v1beta1", "StepAction", "spec"),
    ("tekton.dev/v1", "TaskRun", "spec.taskSpec.steps.*"),
    ("tekton.dev/v1", "Pipeline", "spec.finally.*.taskSpec.sidecars.*"),
    ("tekton.dev/v1", "PipelineRun", "spec.pipelineSpec.tasks.*.taskSpec.steps.*"),
)
"""Kinds, with a place where a container stands."""
_ALSO = {"RayCronJob": " ray-without-authentication"}
"""What else is wrong with a kind that has no more in it than the container."""

_PLACES = tuple(
    row
    for version, kind, path in _HELD
    for row in (
        wrong(
            f"{kind} {path}",
            "container-privileged" + _ALSO.get(kind, ""),
            _held(version, kind, path, _BAD),
        ),
        wrong(f"quiet {kind} {path}", _ALSO.get(kind, ""), _held(version, kind, path, _MAIN)),
    )
)

_PODS = (
    wrong("OpenShift's deployment", "liveness-probe-missing readiness-probe-missing",
          plain("apps.openshift.io/v1", "DeploymentConfig", spec={"template": {"spec": pod(
          {"livenessProbe": None, "readinessProbe": None})}})),
    right("OpenShift's deployment whose image a trigger fills in", plain(
          "apps.openshift.io/v1", "DeploymentConfig", spec={"template": {"spec": pod(
          {"image": None})}})),
    wrong("OpenShift's deployment, the old spelling", "liveness-probe-missing",
          plain("v1", "DeploymentConfig", spec={"template": {"spec": pod(
          {"livenessProbe": None})}})),
    wrong("pod of a run of Tekton", "pod-host-network pod-host-path-volume", plain(
          "tekton.dev/v1", "TaskRun", spec={"taskRef": {"name": "build"}, "podTemplate":
          {"hostNetwork": True, "volumes": [{"name": "v", "hostPath": {"path": "/mnt/a"}}]}})),
    wrong("pod of a runtime", "pod-host-ipc host-path-sensitive pod-host-path-volume"
          " runtime-socket-mounted", plain("ome.io/v1beta1", "ClusterServingRuntime", spec={
          "engineConfig": {"hostIPC": True, "volumes": [{"name": "v", "hostPath":
          {"path": "/"}}]}})),
    wrong(
        "environment of a validator",
        "secret-in-environment-name",
        plain(
            "nvidia.com/v1",
            "ClusterPolicy",
            spec={
                "validator": {"plugin": {"env": [{"name": "DB_PASSWORD", "value": "hunter2x"}]}},
                "kataSandboxDevicePlugin": {"env": [{"name": "P_GPU_ALIAS", "value": "gpu"}]},
            },
        ),
    ),
    right("image that an operator puts together", plain("nvidia.com/v1", "ClusterPolicy", spec={
          "driver": {**_QUIET, "manager": _QUIET}, "devicePlugin": _QUIET})),
    wrong("variables that an operator copies", "gpu-selected-by-environment", plain(
          "nvidia.com/v1", "ClusterPolicy", spec={"toolkit": {**_QUIET,
          **env("NVIDIA_VISIBLE_DEVICES=all")}})),
    wrong("operator that supplies the image", "container-privileged pod-host-process-namespace",
          plain("elasticsearch.k8s.elastic.co/v1", "Elasticsearch", spec={"nodeSets": [{
          "podTemplate": {"spec": {"hostPID": True, "containers": [{"name": "elasticsearch",
          **_PRIVILEGED}]}}}]})),
    wrong("patch of a proxy", "container-privileged", plain(
          "gateway.envoyproxy.io/v1alpha1", "EnvoyProxy", spec={"provider": {"patch": {"value":
          {"spec": {"template": {"spec": {"containers": [_BAD]}}}}}}})),
    right("trial that names its job", plain("kubeflow.org/v1beta1", "Trial", spec={
          "runSpec": hardened({}, {}, "Job") | {"spec": {"template": {"spec": pod(
          {"livenessProbe": None, "readinessProbe": None})}}}})),
)  # fmt: skip

ROWS: tuple[Row, ...] = (
    *(*_SECRETS, *_PATHS, *_WORKLOADS, *_SERVERS, *_AROUND, *_CUSTOM, *_PLACES, *_PODS),
)
