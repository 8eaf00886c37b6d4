"""What is between workloads and the hardware, by what clusters, engines and a vCenter tell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import pytest

from auditor.analysis.docker.containers import Containers
from auditor.analysis.gpu.tenants import TenantKey
from auditor.analysis.isolation.boundaries import Boundary, Level, runtime_of
from auditor.analysis.isolation.chains import Chains
from auditor.analysis.protocol import Site
from auditor.model.fact import Fact
from auditor.model.resource import Gap, Resource, Target
from auditor.runner.rows import joined
from tests.unit.analysis.estate.layers import (
    host,
    info,
    machine,
    namespace,
    node,
    product,
    resource,
)
from tests.unit.analysis.joining import rows_of

ONE = "42344765-bc6d-0ab2-1c40-5a0f7f0f9a11"
CHAINS = Chains((TenantKey("label", "team"),), {}, {"gpu-operator"})


def pod(path: str, on: str = "n1", **spec: Any) -> Resource:
    """A pod that runs."""
    space, _, name = path.partition("/")
    phase = spec.pop("phase", "Running")
    container = {"name": "c", **spec.pop("container", {})}
    body = {
        "metadata": {},
        "spec": {"nodeName": on, "containers": [container], **spec},
        "status": {"phase": phase},
    }
    return resource("k8s/Pod", name, body, namespace=space)


def runtime(name: str, handler: str) -> Resource:
    return resource("k8s/RuntimeClass", name, {"handler": handler})


def container(name: str, project: str, **config: Any) -> Resource:
    body = {
        "Id": name,
        "Name": f"/{name}",
        "State": {"Running": True, "Status": "running"},
        "Config": {"Labels": {"com.docker.compose.project": project}, "Image": "i"},
        "HostConfig": {"Runtime": "runc", **config},
    }
    return resource("docker/Container", name, body)


PRIVILEGED = {"securityContext": {"privileged": True}}
GPU = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}


def derived(targets: Mapping[str, Iterable[Resource]]) -> list[dict[str, Any]]:
    """The chains of some targets."""
    return [json.loads(each.body) for each in everything(targets) if isinstance(each, Fact)]


def everything(targets: Mapping[str, Iterable[Resource]]) -> list[Fact | Gap]:
    """The facts and gaps of some targets."""
    lines: list[bytes] = []
    for uri, resources in targets.items():
        every = [*resources]
        every += [
            fact
            for each in every
            if each.kind == "docker/Container"
            for fact in Containers({}).derive(each)
            if isinstance(fact, Resource)
        ]
        site = Site(Target(uri, f"uid of {uri}"), "e" * 64, lambda _, __: 0)
        lines += rows_of(CHAINS, every, site)
    return [
        fact for each, groups in joined((CHAINS,), sorted(lines)) for fact in each.derive(groups)
    ]


def of(*resources: Resource) -> dict[str, tuple[str, str]]:
    """Of each tenant of one cluster the isolation and the weakest layer."""
    found = derived({"k8s://a": [namespace("llm"), namespace("web"), *resources]})
    return {each["tenant"]: (each["isolation"], each["weakest"]) for each in found}


def test_plain_containers_of_two_tenants() -> None:
    assert of(pod("llm/a"), pod("web/b")) == {
        "llm": ("container", "container"), "web": ("container", "container"),
    }  # fmt: skip


def test_who_is_alone_on_a_node_has_its_kernel() -> None:
    assert of(pod("llm/a", container=PRIVILEGED), pod("web/b", "n2")) == {
        "llm": ("own-kernel", "kernel"), "web": ("own-kernel", "kernel"),
    }  # fmt: skip


def test_one_tenant_in_two_namespaces_is_alone() -> None:
    one, other = namespace("llm", team="x"), namespace("web", team="x")
    found = derived({"k8s://a": [one, other, pod("llm/a"), pod("web/b")]})
    assert [(each["tenant"], each["workloads"], each["others"]) for each in found] == [("x", 2, [])]


@pytest.mark.parametrize(
    ("spec", "isolation"),
    [
        ({"hostUsers": False}, ("user-namespace", "users")),
        ({"hostUsers": True}, ("container", "container")),
        ({"runtimeClassName": "gv"}, ("sandbox", "runtime")),
        ({"runtimeClassName": "vm"}, ("own-kernel", "runtime")),
        ({"runtimeClassName": "vm", "container": PRIVILEGED}, ("own-kernel", "runtime")),
        ({"runtimeClassName": "nv"}, ("container", "container")),
        ({"container": PRIVILEGED, "hostUsers": False}, ("none", "container")),
        ({"runtimeClassName": "tee"}, ("confidential", "runtime")),
        ({"runtimeClassName": "tee", "container": GPU}, ("own-kernel", "runtime")),
    ],
    ids=str,
)
def test_by_what_a_pod_is_run(spec: dict[str, Any], isolation: tuple[str, str]) -> None:
    classes = [
        *(runtime("gv", "runsc"), runtime("vm", "kata-qemu"), runtime("nv", "nvidia-cdi")),
        runtime("tee", "kata-qemu-nvidia-gpu-snp"),
    ]
    assert of(*classes, pod("llm/a", **spec), pod("web/b", **spec))["llm"] == isolation


def test_the_weaker_of_two_counts_for_both() -> None:
    """Who leaves a plain container has the node, and the machine of the other with it."""
    found = of(runtime("vm", "kata-clh"), pod("llm/a", runtimeClassName="vm"), pod("web/b"))
    assert found == {"llm": ("container", "kernel"), "web": ("container", "container")}


def test_encrypted_memory_is_not_read_from_the_node() -> None:
    classes = runtime("tee", "kata-qemu-tdx")
    found = of(classes, pod("llm/a", runtimeClassName="tee"), pod("web/b"))
    assert found == {"llm": ("confidential", "runtime"), "web": ("container", "container")}


@pytest.mark.parametrize("classes", [[], [runtime("odd", "firecracker-next")]])
def test_a_runtime_that_is_not_known(classes: list[Resource]) -> None:
    every = [*classes, pod("llm/a", runtimeClassName="odd"), pod("web/b", runtimeClassName="odd")]
    found = derived({"k8s://a": every})
    assert {(each["isolation"], each["sure"]) for each in found} == {("container", False)}


def test_what_has_ended_or_is_nowhere_is_not_there() -> None:
    assert of(pod("llm/a"), pod("web/b", phase="Succeeded"), pod("web/c", "")) == {
        "llm": ("own-kernel", "kernel")
    }


@pytest.mark.parametrize("owner", ["kube-system", "gpu-operator"])
def test_the_platform_is_nobodys_neighbour(owner: str) -> None:
    assert of(pod("llm/a"), pod(f"{owner}/b", container=PRIVILEGED)) == {
        "llm": ("own-kernel", "kernel")
    }


def test_chains_of_one_kind_are_one_fact() -> None:
    pods = [pod(f"llm/{number}", f"n{number % 3}") for number in range(9)]
    (found,) = derived({"k8s://a": pods})
    assert (found["workloads"], found["nodes"], found["path"][0]["name"]) == (9, 3, "llm/0")


def test_a_node_in_a_machine_of_a_vcenter() -> None:
    """Its machine and host are on the way; what of it is encrypted is so for one tenant alone."""
    vc = [host("esx1"), machine("vm-1", ONE, "esx1")]
    encrypted = json.loads(vc[1].body)
    encrypted["config"]["sevEnabled"] = True
    sev = [vc[0], resource("vsphere/VirtualMachine", "vm-1", encrypted)]
    cluster = [node("n1", f"vsphere://{ONE}"), pod("llm/a")]
    (plain,) = derived({"k8s://a": cluster, "vsphere://vc": vc})
    assert [hop["name"] for hop in plain["path"]] == ["llm/a", "n1", "/DC/vm/nodes/vm-1", "esx1"]
    assert (plain["isolation"], plain["weakest"], plain["claims"]) == ("own-kernel", "machine", [])
    (alone,) = derived({"k8s://a": cluster, "vsphere://vc": sev})
    assert (alone["isolation"], alone["claims"]) == ("confidential", ["machine"])
    both = derived({"k8s://a": [*cluster, pod("web/b")], "vsphere://vc": sev})
    assert {(each["isolation"], *each["missing"]) for each in both} == {("container", "kernel")}


def test_a_gpu_has_to_be_confidential_as_well() -> None:
    tee = [runtime("tee", "kata-qemu-nvidia-gpu-tdx")]
    asked = pod("llm/a", runtimeClassName="tee", container=GPU)
    (plain,) = derived({"k8s://a": [*tee, asked, node("n1")]})
    assert (plain["claims"], plain["confidential"], plain["missing"]) == (
        ["runtime"],
        False,
        ["gpu"],
    )
    on = node("n1", labels={"nvidia.com/cc.mode.state": "on"})
    (whole,) = derived({"k8s://a": [*tee, asked, on]})
    assert (whole["claims"], whole["confidential"]) == (["runtime", "gpu"], True)
    (gpu,) = derived({"k8s://a": [pod("llm/a", container=GPU), on]})
    assert (gpu["claims"], gpu["missing"]) == (["gpu"], ["machine"])


def test_containers_of_an_engine() -> None:
    every = [info("h"), container("a", "llm"), container("b", "web", Privileged=True)]
    found = {each["tenant"]: each["isolation"] for each in derived({"docker://": every})}
    assert found == {"llm": "none", "web": "none"}
    mapped = resource("docker/Info", "h", {"Name": "h", "SecurityOptions": ["name=userns"]})
    every = [mapped, container("a", "llm"), container("b", "web")]
    found = {each["tenant"]: each["isolation"] for each in derived({"docker://": every})}
    assert found == {"llm": "user-namespace", "web": "user-namespace"}
    every = [mapped, container("a", "llm"), container("b", "web", UsernsMode="host")]
    found = {each["tenant"]: each["isolation"] for each in derived({"docker://": every})}
    assert found == {"llm": "container", "web": "container"}


def test_a_node_and_an_engine_in_one_machine_have_one_kernel() -> None:
    cluster = [node("n1", f"vsphere://{ONE}"), pod("llm/a")]
    engine = [info("n1"), product(ONE), container("b", "web")]
    vc = [host("esx1"), machine("vm-1", ONE, "esx1")]
    found = derived({"k8s://a": cluster, "docker://": engine, "vsphere://vc": vc})
    assert {each["tenant"]: each["others"] for each in found} == {
        "llm": ["web (compose project of docker://)"], "web": ["llm (namespace of k8s://a)"],
    }  # fmt: skip
    apart = derived({"k8s://a": cluster, "docker://": engine[:1] + engine[2:], "vsphere://vc": vc})
    assert [each["others"] for each in apart] == [[], []]


@pytest.mark.parametrize(
    ("handler", "what"),
    [
        ("", "node"), ("runc", "node"), ("nvidia", "node"), ("nvidia-legacy", "node"),
        ("runsc", "gvisor"), ("kata", "machine"), ("kata-qemu-nvidia-gpu", "machine"),
        ("kata-qemu-nvidia-gpu-snp", "confidential"), ("kata-cc", "confidential"),
        ("kata-qemu-coco-dev", "machine"), ("kata-qemu-snp-runtime-rs", "confidential"),
        ("io.containerd.kata.v2", "machine"), ("wasmtime", "unknown"), ("?", "unknown"),
    ],
)  # fmt: skip
def test_what_a_handler_is(handler: str, what: str) -> None:
    assert runtime_of(handler) == what


def test_levels_have_an_order() -> None:
    rest = [(False, runtime, users) for runtime in ("node", "unknown") for users in (None, False)]
    assert {Boundary(way[0], way[1], "", way[2]).level for way in rest} == {Level.CONTAINER}


@pytest.mark.parametrize("body", [b"[]", b"7", b'{"spec": []}', b'{"spec": {"hostUsers": 7}}'])
def test_what_is_not_as_it_should_be_is_a_gap(body: bytes) -> None:
    """Whoever it is may be a neighbour, so the others' verdicts are not all that there is."""
    broken = msgspec.structs.replace(pod("web/b"), body=body)
    found = everything({"k8s://a": [pod("llm/a"), broken]})
    (gap,) = [each for each in found if isinstance(each, Gap)]
    assert (gap.scope, gap.cause.value, gap.namespace) == ("k8s/Pod", "malformed", "web")
    assert gap.detail.startswith("k8s/Pod web/b: ")
