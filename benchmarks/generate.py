"""Seeded data for the benchmarks: manifests as people write them, pod pages as the API sends them.

    python benchmarks/generate.py manifests 5000 DIR      one file of three documents a workload
    python benchmarks/generate.py pages 100000 DIR --templates 10000

``--templates T`` draws the pods from T distinct templates: report the multiplicity (pods / T) with
every figure, since the memo lives from it.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import uuid
from pathlib import Path
from typing import Any

import yaml

PAGE = 500
REGISTRIES = ("docker.io", "nvcr.io", "ghcr.io", "quay.io", "registry.corp.example:5000")
IMAGES = (
    "nvidia/pytorch",
    "vllm/vllm-openai",
    "nvidia/tritonserver",
    "rayproject/ray",
    "kserve/storage-initializer",
    "mlflow/server",
    "library/redis",
    "kubeflow/notebook",
)
TAGS = ("latest", "1.2.3", "24.05-py3", "v0.6.1")
TEAMS = tuple(f"team-{number:03d}" for number in range(200))
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
STARTED = "2026-03-01T12:00:00Z"

Object = dict[str, Any]


def container(random_: random.Random, name: str, *, gpu: bool) -> Object:
    """One container with the usual fields, some of them wrong."""
    digest = f"@sha256:{random_.getrandbits(256):064x}" if random_.random() < 0.3 else ""
    image = f"{random_.choice(REGISTRIES)}/{random_.choice(IMAGES)}:{random_.choice(TAGS)}{digest}"
    env: list[Object] = [
        {"name": "MODEL_NAME", "value": f"llama-{random_.randint(1, 70)}"},
        {"name": "HF_HOME", "value": "/cache/hf"},
        {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
    ]
    if random_.random() < 0.05:
        env.append({"name": "AWS_SECRET_ACCESS_KEY", "value": f"{random_.getrandbits(160):040x}"})
    ports: list[Object] = [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    if random_.random() < 0.05:
        ports.append({"containerPort": 22, "hostPort": 2222, "protocol": "TCP"})
    limits: Object = {"cpu": "4", "memory": "16Gi"}
    if gpu:
        limits["nvidia.com/gpu"] = "1"
    made: Object = {
        "name": name,
        "image": image,
        "imagePullPolicy": random_.choice(("Always", "IfNotPresent")),
        "command": ["/bin/sh", "-c"] if random_.random() < 0.3 else ["python", "-m", "serve"],
        "args": ["--model-path=/models/llm", f"--port={random_.choice((8000, 9000))}"],
        "env": env,
        "ports": ports,
        "resources": {"limits": limits, "requests": {"cpu": "500m", "memory": "2Gi"}},
        "volumeMounts": [
            {"name": "cache", "mountPath": "/cache"},
            {"name": "models", "mountPath": "/models", "readOnly": True},
        ],
        "livenessProbe": probe("/health/live"),
        "readinessProbe": probe("/health/ready"),
    }
    if random_.random() < 0.7:
        made["securityContext"] = security_context(random_)
    return made


def probe(path: str) -> Object:
    """An HTTP probe with the API server's defaults written out."""
    return {
        "httpGet": {"path": path, "port": 8080, "scheme": "HTTP"},
        "periodSeconds": 10,
        "timeoutSeconds": 1,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def security_context(random_: random.Random) -> Object:
    """A security context; about a third of them has a fault."""
    capabilities: Object = {"drop": ["ALL"]}
    if random_.random() < 0.3:
        capabilities = {"add": [random_.choice(("SYS_ADMIN", "NET_ADMIN", "IPC_LOCK"))]}
    return {
        "allowPrivilegeEscalation": random_.random() < 0.2,
        "privileged": random_.random() < 0.03,
        "readOnlyRootFilesystem": random_.random() < 0.6,
        "runAsNonRoot": random_.random() < 0.8,
        "capabilities": capabilities,
    }


def pod_spec(random_: random.Random) -> Object:
    """The spec of a serving or training pod."""
    gpu = random_.random() < 0.4
    containers = [container(random_, "main", gpu=gpu)]
    if random_.random() < 0.5:
        containers.append(container(random_, "sidecar", gpu=False))
    models: Object = {"name": "models", "persistentVolumeClaim": {"claimName": "models"}}
    if random_.random() < 0.2:
        path = random_.choice(("/data/models", "/var/run/docker.sock", "/"))
        models = {"name": "models", "hostPath": {"path": path, "type": ""}}
    spec: Object = {
        "containers": containers,
        "volumes": [{"name": "cache", "emptyDir": {}}, models],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "serviceAccountName": "default" if random_.random() < 0.3 else "runner",
        "securityContext": {"fsGroup": 1000, "runAsUser": 1000} if random_.random() < 0.6 else {},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    }
    if random_.random() < 0.4:
        spec["initContainers"] = [container(random_, "download", gpu=False)]
    if random_.random() < 0.04:
        spec["hostNetwork"] = True
    if random_.random() < 0.5:
        spec["automountServiceAccountToken"] = random_.random() < 0.3
    return spec


def manifest(number: int, random_: random.Random) -> list[Object]:
    """A Deployment, its Service and its NetworkPolicy."""
    name, team = f"svc-{number:05d}", random_.choice(TEAMS)
    labels = {"app.kubernetes.io/name": name, "team": team}
    selector = {"matchLabels": {"app.kubernetes.io/name": name}}
    metadata = {"name": name, "namespace": team, "labels": labels}
    template = {"metadata": {"labels": dict(labels)}, "spec": pod_spec(random_)}
    port = {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}
    peer = {"namespaceSelector": {"matchLabels": {"team": team}}}
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": random_.randint(1, 20),
                "selector": selector,
                "template": template,
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "type": random_.choice(("ClusterIP", "NodePort", "LoadBalancer")),
                "selector": dict(selector["matchLabels"]),
                "ports": [port],
            },
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": metadata,
            "spec": {
                "podSelector": selector,
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": [peer], "ports": [{"protocol": "TCP", "port": 8080}]}],
                "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}],
            },
        },
    ]


def write_manifests(count: int, folder: Path, seed: int) -> None:
    """Write one file a workload, a hundred in each folder."""
    random_ = random.Random(seed)
    dumper: Any = type("Plain", (yaml.CSafeDumper,), {"ignore_aliases": lambda *_: True})
    for number in range(count):
        place = folder / f"group-{number // 100:03d}"
        place.mkdir(parents=True, exist_ok=True)
        text = yaml.dump_all(manifest(number, random_), Dumper=dumper, sort_keys=False)
        (place / f"svc-{number:05d}.yaml").write_text(text)


def pod(number: int, template: Object, template_number: int, random_: random.Random) -> Object:
    """One pod as the API server returns it: defaults, token volume, owner, status."""
    team = TEAMS[template_number % len(TEAMS)]
    app = f"app-{template_number:05d}"
    hash_ = f"{template_number * 2654435761 % 2**40:010x}"
    suffix = f"{number % 2**20:05x}"
    token = f"kube-api-access-{suffix}"
    spec = copy.deepcopy(template)
    spec["nodeName"] = f"gpu-node-{number % 400:04d}"
    for each in spec["containers"] + spec.get("initContainers", []):
        mount = {"name": token, "mountPath": SERVICE_ACCOUNT, "readOnly": True}
        each["volumeMounts"].append(mount)
        each["terminationMessagePath"] = "/dev/termination-log"
        each["terminationMessagePolicy"] = "File"
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    ]
    spec["volumes"].append({"name": token, "projected": {"sources": sources, "defaultMode": 420}})
    spec.update(
        dnsPolicy="ClusterFirst",
        schedulerName="default-scheduler",
        priority=0,
        enableServiceLinks=True,
        preemptionPolicy="PreemptLowerPriority",
        serviceAccount=spec["serviceAccountName"],
    )
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return {
        "metadata": {
            "name": f"{app}-{hash_}-{suffix}",
            "generateName": f"{app}-{hash_}-",
            "namespace": team,
            "uid": str(uuid.UUID(int=random_.getrandbits(128), version=4)),
            "resourceVersion": str(10_000_000 + number),
            "creationTimestamp": STARTED,
            "labels": {"app": app, "pod-template-hash": hash_, "team": team},
            "annotations": {"cni.projectcalico.org/podIP": address + "/32"},
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "ReplicaSet",
                    "name": f"{app}-{hash_}",
                    "uid": str(uuid.UUID(int=template_number, version=4)),
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": spec,
        "status": status(spec, address, random_),
    }


def status(spec: Object, address: str, random_: random.Random) -> Object:
    """The status of a running pod."""
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    return {
        "phase": "Running",
        "conditions": [
            {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": STARTED}
            for kind in kinds
        ],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": STARTED,
        "containerStatuses": [
            {
                "name": each["name"],
                "state": {"running": {"startedAt": STARTED}},
                "ready": True,
                "restartCount": 0,
                "image": each["image"],
                "imageID": each["image"],
                "containerID": f"containerd://{random_.getrandbits(256):064x}",
            }
            for each in spec["containers"]
        ],
        "qosClass": "Burstable",
    }


def write_pages(count: int, folder: Path, templates: int, seed: int) -> None:
    """Write what ``GET /api/v1/pods?limit=500`` answers, one file a page.

    The API server lists by namespace and name, so the pods of one template follow one another.
    """
    folder.mkdir(parents=True, exist_ok=True)
    random_ = random.Random(seed)
    made = [pod_spec(random.Random(seed * 1_000_003 + number)) for number in range(templates)]
    places = sorted((TEAMS[n % templates % len(TEAMS)], n % templates, n) for n in range(count))
    for start in range(0, count, PAGE):
        chosen = places[start : start + PAGE]
        items = [pod(number, made[kind], kind, random_) for _, kind, number in chosen]
        page = {
            "kind": "PodList",
            "apiVersion": "v1",
            "metadata": {"resourceVersion": "99"},
            "items": items,
        }
        text = json.dumps(page, separators=(",", ":"))
        (folder / f"page-{start // PAGE:04d}.json").write_text(text)


def owners(template: Object, number: int) -> tuple[Object, Object]:
    """The ReplicaSet of one template's pods, and the Deployment above it."""
    team = TEAMS[number % len(TEAMS)]
    app = f"app-{number:05d}"
    hash_ = f"{number * 2654435761 % 2**40:010x}"
    uid = str(uuid.UUID(int=2**64 + number, version=4))
    labels = {"app": app, "team": team}
    common = {"namespace": team, "resourceVersion": str(number), "creationTimestamp": STARTED}

    def spec(more: dict[str, str]) -> Object:
        chosen = {**labels, **more}
        filled = {"metadata": {"labels": chosen}, "spec": template}
        return {"replicas": 10, "selector": {"matchLabels": chosen}, "template": filled}

    deployment = {
        "metadata": {"name": app, "uid": uid, "labels": labels, **common},
        "spec": spec({}),
        "status": {"replicas": 10, "readyReplicas": 10},
    }
    above = {"apiVersion": "apps/v1", "kind": "Deployment", "name": app, "uid": uid}
    replica_set = {
        "metadata": {
            "name": f"{app}-{hash_}",
            "uid": str(uuid.UUID(int=number, version=4)),
            "labels": {**labels, "pod-template-hash": hash_},
            "ownerReferences": [{**above, "controller": True, "blockOwnerDeletion": True}],
            **common,
        },
        "spec": spec({"pod-template-hash": hash_}),
        "status": {"replicas": 10, "readyReplicas": 10},
    }
    return replica_set, deployment


def write_owners(folder: Path, templates: int, seed: int) -> None:
    """Write the ReplicaSets and Deployments of :func:`write_pages`, as pages of an API server."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, templates, PAGE):
        chosen = range(start, min(start + PAGE, templates))
        made = [
            owners(pod_spec(random.Random(seed * 1_000_003 + number)), number) for number in chosen
        ]
        for place, kind in enumerate(("ReplicaSet", "Deployment")):
            page = {
                "kind": f"{kind}List",
                "apiVersion": "apps/v1",
                "metadata": {"resourceVersion": "99"},
                "items": [each[place] for each in made],
            }
            name = f"{kind.lower()}s-{start // PAGE:04d}.json"
            (folder / name).write_text(json.dumps(page, separators=(",", ":")))


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["manifests", "pages"])
    parser.add_argument("count", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--templates", type=int, default=0)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    if options.what == "manifests":
        write_manifests(options.count, options.folder, options.seed)
    else:
        templates = options.templates or options.count
        write_pages(options.count, options.folder, templates, options.seed)


if __name__ == "__main__":
    main()
