"""The example estate, and what it has not: something for every analysis."""

from __future__ import annotations

from functools import cache

import msgspec

from auditor.analysis.analyses import Analyses
from auditor.analysis.table import ANALYSES
from auditor.model.resource import Gap, Resource, Target
from tests.e2e.command import ESTATE
from tests.e2e.runs import collector_of
from tests.policies.shipped import POLICY
from tests.unit.analysis.gpu import objects

CANARY = "ghp_" + "c4N4" * 9
TARGET = Target("estate", "files")
GPU = "nvidia.com/gpu"
UUID = "42344765-bc6d-0ab2-1c40-5a0f7f0f9a11"


@cache
def made() -> Analyses:
    return ANALYSES.made(POLICY.tables)


@cache
def estate() -> tuple[Resource, ...]:
    """All objects of the example estate, and the facts of each."""
    collector = collector_of(ESTATE)
    found: list[Resource] = []
    for shard in collector.plan(lambda _: 1).shards:
        for reading in collector.read(shard):
            if not isinstance(reading, Gap):
                found += reading.resources()
    found += joined_containers()
    facts = [
        fact
        for resource in found
        for analysis in made().of_objects
        for fact in analysis.derive(resource)
        if isinstance(fact, Resource)
    ]
    parts = (running(), routed(), networked(), hosted(), beneath(), virtual(), layered(), steered())
    parts = (*parts, looked_at(), documented(), refused())
    return (*found, *facts, *(each for part in parts for each in part))


def joined_containers() -> tuple[Resource, ...]:
    """Two containers of a Docker host, of which one is in the network of the other."""
    return tuple(
        msgspec.structs.replace(
            odd("docker/Container", {"HostConfig": {"NetworkMode": mode}}),
            name=name,
            namespace="",
            uid=name,
        )
        for name, mode in (("a", "host"), ("b", "container:a"))
    )


def running() -> tuple[Resource, ...]:
    """What only a cluster has: nodes, and what was given out on them."""
    shared = [f"GPU-1::{number}" for number in range(3)]
    return (
        objects.node(labels=objects.SHARED, nvidia_com__gpu="8"),
        *(
            objects.pod(f"team-{at}/x", {GPU: 1}, given={GPU: [shared[at]]}, owner="Job")
            for at in range(3)
        ),
        objects.pod("team-3/y", {GPU: 2}),
        objects.pod("ops/z", container={"securityContext": {"privileged": True}}),
        objects.slices(objects.device("gpu-0", uuid="GPU-7"), pool="m"),
        objects.claim("team-0/c", "gpu-0", pool="m"),
        objects.claim("team-1/c", "gpu-0", pool="m"),
    )


def routed() -> tuple[Resource, ...]:
    """A gateway, and a route that uses its plain listener."""
    listeners = [{"name": "web", "protocol": "HTTP"}, {"name": "tls", "protocol": "HTTPS"}]
    group = "gateway.networking.k8s.io"
    route = {"parentRefs": [{"name": "x", "sectionName": "web"}]}
    route["rules"] = [{"backendRefs": [{"name": "x"}]}]
    return (
        odd(f"k8s/Gateway.{group}", {"spec": {"listeners": listeners}}),
        odd(f"k8s/HTTPRoute.{group}", {"spec": route}),
    )


def networked() -> tuple[Resource, ...]:
    """Two workloads with a network of their own, and a policy that is about one of them."""
    of = {"k8s.v1.cni.cncf.io/networks": "rdma"}
    templates = [
        msgspec.structs.replace(
            odd("k8s/PodTemplate", {"metadata": {"labels": {"app": name}, "annotations": of}}),
            name=name,
        )
        for name in ("a", "b")
    ]
    policy = {
        "metadata": {"annotations": {"k8s.v1.cni.cncf.io/policy-for": "rdma"}},
        "spec": {"podSelector": {"matchLabels": {"app": "a"}}},
    }
    every = (*templates, odd("k8s/MultiNetworkPolicy.k8s.cni.cncf.io", policy))
    return tuple(msgspec.structs.replace(each, namespace="serving") for each in every)


COUNTERS = ("event_total", "error_total", "requests_rejected_total")


def steered() -> tuple[Resource, ...]:
    """A static pod of an API server, what kubeadm makes others of, and an audit policy."""
    arguments = ["kube-apiserver", "--audit-log-path=-", f"--etcd-prefix={CANARY}"]
    pod = odd("k8s/Pod", {"spec": {"containers": [{"command": arguments}]}})
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "None"}]}
    configured = {"scheduler": {"extraArgs": {"profiling": "false"}}}
    return (
        msgspec.structs.replace(pod, namespace="kube-system"),
        odd("k8s/ClusterConfiguration.kubeadm.k8s.io", configured),
        odd("k8s/Policy.audit.k8s.io", policy),
        odd("k8s/Cluster.eks.amazonaws.com", {"name": "ml", "version": CANARY}),
        odd(
            "k8s/Flags.component.k8s.io",
            {"component": "kube-apiserver", "flags": {"etcd-prefix": [CANARY]}},
        ),
        odd("k8s/Metrics.apiserver.k8s.io", dict.fromkeys(COUNTERS, 0)),
    )


def hosted() -> tuple[Resource, ...]:
    """A Docker host on which two containers have one GPU."""
    asked = {"DeviceRequests": [{"DeviceIDs": ["0"], "Capabilities": [["gpu"]]}]}
    body = {
        "State": {"Running": True},
        "HostConfig": asked,
        "Config": {"Env": [f"TOKEN={CANARY}"], "Labels": {"token": CANARY}},
    }
    containers = [
        msgspec.structs.replace(odd("docker/Container", body), name=name) for name in ("a", "b")
    ]
    facts = [
        fact
        for analysis in made().of_objects
        for each in containers
        for fact in analysis.derive(each)
        if isinstance(fact, Resource)
    ]
    return (odd("docker/Info", {"Name": "h"}), *containers, *facts)


def beneath() -> tuple[Resource, ...]:
    """The host beneath an engine, with tokens in its settings and its arguments."""
    arguments = ["dockerd", f"--log-opt=splunk-token={CANARY}"]
    rules = {"installed": True, "enabled": 1, "rules": ["-w /etc"], "links": {}, "paths": {}}
    bodies = {
        "Processes": {"engines": [{"arguments": arguments}], "proxies": 0},
        "Settings": {"settings": {"log-opts": {"token": CANARY}}},
        "Keys": {"files": [], "folders": [], "account": {"user": 0, "group": 0}},
        "Mounts": {"mounts": [{"path": "/", "device": "8:1"}]},
        "AuditRules": rules,
    }
    info = odd("docker/Info", {"DockerRootDir": "/var/lib/docker"})
    return (info, *(odd(f"docker/Host{kind}", body) for kind, body in bodies.items()))


def virtual() -> tuple[Resource, ...]:
    """A host of a vCenter with two machines that take turns on its GPU."""
    gpu = {"pciId": "0000:3b:00.0", "graphicsType": "sharedDirect", "vm": ["vm-1", "vm-2"]}
    host = {"moid": "host-1", "config": {"graphicsInfo": [gpu]}}
    backing = {"type": "VirtualPCIPassthroughVmiopBackingInfo", "vgpu": "grid_a100-20c"}
    devices = [{"type": "VirtualPCIPassthrough", "backing": backing}]
    machines = [
        {
            "moid": f"vm-{number}",
            "path": f"/A/vm/team-{number}/x",
            "config": {"hardware": {"device": devices}, "extraConfig": {"guestinfo.token": CANARY}},
            "runtime": {"powerState": "poweredOn", "host": "host-1"},
        }
        for number in (1, 2)
    ]
    machines[0]["config"]["uuid"] = UUID
    found = (odd("vsphere/VirtualMachine", body) for body in machines)
    named = (msgspec.structs.replace(each, name=f"x{at}") for at, each in enumerate(found))
    role = {"roleId": 12, "name": "gpu-admin", "privilege": ["Host.Config.PciPassthru"]}
    given = {"principal": "CORP\\ml", "roleId": 12, "path": "/A/vm", "note": CANARY}
    rights = (odd("vsphere/Role", role), odd("vsphere/Permission", given))
    return (odd("vsphere/Host", host), *named, *rights)


def layered() -> tuple[Resource, ...]:
    """A node that is the first of the machines, and a pod that has its GPU."""
    status = {"capacity": {GPU: "1"}, "nodeInfo": {"systemUUID": UUID}}
    return (
        objects.resource("Node", "vm", spec={"providerID": f"vsphere://{UUID}"}, status=status),
        objects.pod("team-5/x", {GPU: 1}, on="vm"),
    )


def looked_at() -> tuple[Resource, ...]:
    """What a script saw on a node: its kubelet, and a kube-proxy."""
    settings = [{"path": "/k.yaml", "values": {"readOnlyPort": 0, "staticPodURLHeader": CANARY}}]
    kubelet = {"node": "n", "flags": {"config": ["/k.yaml"]}, "hidden": [], "settings": settings}
    proxy = {"component": "kube-proxy", "flags": {"token": [CANARY]}, "hidden": [], "variables": {}}
    return (
        odd("k8s/NodeKubelet", {**kubelet, "probe": {"boot": "b", "machine": "m"}}),
        odd("k8s/NodeComponents", {"node": "n", "components": [proxy]}),
    )


def documented() -> tuple[Resource, ...]:
    """What a scanner and its database say of an image that is used, and of one that is not."""
    template = {"spec": {"containers": [{"name": "n", "image": "r.io/app:1"}]}}
    fault = {"id": "CVE-0000-0001", "severity": "critical", "package": "libx", "fixedIn": "2"}
    about = {"scanner": "Trivy", "version": "1", "created": "2026-11-20", "faults": [fault]}
    step = f"RUN /bin/sh -c curl -H 'Authorization: Bearer {CANARY}' x # buildkit"
    made = {"history": [{"createdBy": step}], "environment": [f"TOKEN={CANARY}"]}
    about |= made
    reports = (
        odd("image/Report", {**about, "image": {"names": [name]}, "classes": ["os-pkgs"]})
        for name in ("r.io/app:1", "r.io/base:1")
    )
    database = {"scanner": "Trivy", "version": "1", "updated": "2026-11-29"}
    said = {"faults": ["CVE-0000-0001"], "status": "fixed", "products": [{"of": "pkg:apk/libx"}]}
    return (
        msgspec.structs.replace(odd("k8s/PodTemplate", template), namespace="serving"),
        *(msgspec.structs.replace(each, name=f"x{at}") for at, each in enumerate(reports)),
        odd("image/Database", database),
        odd("image/Configuration", {**made, "image": {"names": ["r.io/here:1"]}, "layers": 2}),
        odd("image/Files", {"image": {"names": ["r.io/app:1"]}, "layers": 1}),
        odd("image/Sbom", {"image": {}, "form": "SPDX"}),
        odd("image/Signature", {"image": {}, "form": "cosign"}),
        odd("image/Statements", {"form": "OpenVEX", "author": "acme", "statements": [said]}),
    )


def odd(kind: str, body: object) -> Resource:
    return Resource(
        kind=kind,
        api_version="v1",
        name="x",
        namespace="ml",
        uid="u",
        source="a.yaml",
        document=0,
        line=3,
        body=msgspec.json.encode(body),
        clean=True,
    )


def refused() -> tuple[Resource, ...]:
    """An admission policy, what binds it to a parameter, and a webhook."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pods"]}
    policy = {
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "matchConstraints": {"resourceRules": [rule]},
    }
    binding = {"policyName": "x", "validationActions": ["Deny"], "paramRef": {"name": "x"}}
    return (
        odd("k8s/ValidatingAdmissionPolicy", {"spec": policy}),
        odd("k8s/ValidatingAdmissionPolicyBinding", {"spec": binding}),
        odd(
            "k8s/ValidatingWebhookConfiguration",
            {"webhooks": [{"name": "x", "clientConfig": {"service": {"name": "x"}}}]},
        ),
    )
