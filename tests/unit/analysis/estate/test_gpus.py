"""Who is on which GPU, over the targets of a run: small estates, each with one thing to see."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from auditor.model.fact import Fact
from tests.unit.analysis.estate.estates import (
    DIRECT,
    ESTATE,
    ESX,
    INSTANCES,
    LLM,
    ONE,
    OTHER,
    PCI,
    RANK,
    TWO,
    TWO_TURNED,
    VC,
    A,
    B,
    row,
    shares,
    way,
)
from tests.unit.analysis.estate.layers import (
    container,
    host,
    info,
    machine,
    namespace,
    node,
    of_kind,
    pod,
    product,
    run,
    vgpu,
    whole,
)


def test_two_clusters_on_one_gpu() -> None:
    found = run(ESTATE)
    assert shares(found) == [(LLM, RANK, "vgpu-time-sliced", "memory", "exact")]
    device = row(found)
    assert (device["node"], device["product"], device["isolation"]) == ("esx1", "A100", "memory")
    assert [way(each) for each in device["tenants"]] == [
        f"llm/chat > gpu-1 > /DC/vm/nodes/vm-1 > esx1 > {PCI}",
        f"web/r > gpu-9 > /DC/vm/nodes/vm-9 > esx1 > {PCI}",
    ]
    assert [each["path"][2]["by"] for each in device["tenants"]] == ["providerID", "systemUUID"]
    (entry,) = of_kind(found, "gpu/Share")[0]["found"]
    assert entry["qualities"] == {
        "memory": "framebuffer", "cap": "enforced", "faults": "partial",
        "compute": "best_effort", "kernel": "own",
    }  # fmt: skip
    assert entry["pods"] == [
        "llm/chat on node gpu-1 in machine /DC/vm/nodes/vm-1",
        "web/r on node gpu-9 in machine /DC/vm/nodes/vm-9",
    ]


@pytest.mark.parametrize("left_out", ["k8s://a", "k8s://b", "vsphere://vc"])
def test_with_a_layer_less_there_is_nothing_to_join_or_less(left_out: str) -> None:
    """Without the vCenter nothing, without a cluster its machine stands for itself."""
    found = run({uri: each for uri, each in ESTATE.items() if uri != left_out})
    if left_out == "vsphere://vc":
        assert of_kind(found, "gpu/JoinedDevice") == []
        (unjoined,) = [each["unjoined"] for each in of_kind(found, "gpu/Join")]
        assert unjoined[0]["why"] == (
            f"it says that it is vsphere://{ONE}, and no vCenter was read"
        )
    else:
        assert [each["tenant"] for each in row(found)["tenants"]] == [
            *(["nodes"] if left_out == "k8s://a" else ["llm"]),
            *(["nodes"] if left_out == "k8s://b" else ["rank"]),
        ]
    assert shares(found) == []


def test_the_fact_is_known_by_its_tenants_alone() -> None:
    """Not by URIs, of which a person has others; and it draws on what tells of it."""
    (fact,) = [each for each in run(ESTATE) if isinstance(each, Fact) and each.kind == "gpu/Share"]
    assert fact.key == ("uid of k8s://a/llm", "uid of k8s://b/rank")
    assert fact.part == "tenants llm and rank"
    assert {target for target, _ in fact.draws_on} == {*ESTATE}
    assert [each.name for each in fact.origins] == ["gpu-1", "vm-1", "gpu-9", "vm-9"]


def test_instances_of_mig() -> None:
    esx = host("esx1", (PCI, DIRECT, INSTANCES, ("vm-1", "vm-9")))
    found = run({**ESTATE, "vsphere://vc": [esx, *VC[1:]]})
    assert shares(found) == [(LLM, RANK, "vgpu-mig", "hardware", "exact")]


def test_where_the_host_names_nobody_it_is_possible() -> None:
    esx = host("esx1", (PCI, DIRECT, "sameSize", ()))
    found = run({**ESTATE, "vsphere://vc": [esx, *VC[1:]]})
    assert shares(found) == [(LLM, RANK, "vgpu-time-sliced", "memory", "possible")]
    assert way(row(found)["tenants"][0]).endswith(f"esx1 > {PCI} (possible)")


def test_where_the_host_was_not_read_it_is_possible() -> None:
    found = run({**ESTATE, "vsphere://vc": VC[1:]})
    assert shares(found) == [(LLM, RANK, "vgpu-time-sliced", "memory", "possible")]
    assert row(found, "a GPU that is not known")["node"] == "esx1"


def test_where_a_node_was_not_read_its_name_suggests() -> None:
    vc = [ESX, machine("vm-1", ONE, "esx1", vgpu(), hostname="gpu-1"), VC[2]]
    found = run({"k8s://a": [A[0], A[2]], "k8s://b": B, "vsphere://vc": vc})
    assert shares(found) == [(LLM, RANK, "vgpu-time-sliced", "memory", "possible")]
    assert way(row(found)["tenants"][0]) == (
        f"llm/chat > gpu-1 > /DC/vm/nodes/vm-1 (possible) > esx1 > {PCI}"
    )


def test_two_tenants_of_one_cluster_on_two_nodes() -> None:
    cluster = [*A, namespace("web"), node("gpu-9", system=TWO), pod("web/r", "gpu-9")]
    found = run({"k8s://a": cluster, "vsphere://vc": VC})
    assert shares(found) == [
        (LLM, "web (namespace of k8s://a)", "vgpu-time-sliced", "memory", "exact")
    ]


def test_one_tenant_in_two_targets_by_the_users_own_map() -> None:
    mapped = {"llm": "research", "web": "research"}
    assert shares(run({**ESTATE, "k8s://b": [namespace("web"), *B[1:]]}, mapped)) == []


def test_tenants_of_one_name_may_be_one() -> None:
    other = [namespace("llm"), B[1], pod("llm/r", "gpu-9")]
    found = run({**ESTATE, "k8s://b": other})
    names = (LLM, "llm (namespace of k8s://b)")
    assert shares(found) == [(*names, "vgpu-time-sliced", "memory", "possible")]


def test_a_machine_that_is_nobodys_node() -> None:
    """It stands for its tenant; against a node whose machine is of that tenant it says nothing."""
    vc = [ESX, VC[1], machine("vm-9", TWO, "esx1", vgpu(), folder="web-team")]
    found = run({"k8s://a": A, "vsphere://vc": vc})
    pair = (LLM, "web-team (folder of vsphere://vc)")
    assert shares(found) == [(*pair, "vgpu-time-sliced", "memory", "exact")]
    assert [each["pods"] for each in row(found)["tenants"]] == [1, 0]
    assert shares(run({"k8s://a": A, "vsphere://vc": VC})) == []


def test_machines_of_which_none_is_a_node_are_told_by_their_vcenter() -> None:
    vc = [ESX, VC[1], machine("vm-9", TWO, "esx1", vgpu(), folder="web-team")]
    assert run({"vsphere://vc": vc}) == []
    assert of_kind(run({"k8s://a": [namespace("a")], "vsphere://vc": vc}), "gpu/Share") == []


def test_a_machine_that_is_off_is_nobodys_node() -> None:
    """A copy of a machine that does not run has its UUID, and nothing else of it."""
    vc = [*VC, machine("vm-8", ONE, "esx1", vgpu(), power="poweredOff")]
    assert shares(run({**ESTATE, "vsphere://vc": vc})) == shares(run(ESTATE))


def two_gpus(*vms: tuple[str, ...]) -> Any:
    first, second = vms
    return host("esx1", (PCI, DIRECT, "sameSize", first), (OTHER, DIRECT, "sameSize", second))


def test_of_two_gpus_a_tenant_is_on_one_or_the_other() -> None:
    """One of two devices: possible on each, and surely on one of them with whoever has both."""
    a = [A[0], node("gpu-1", f"vsphere://{ONE}", gpus=2), A[2]]
    vc = [
        two_gpus(("vm-1", "vm-9"), ("vm-1", "vm-9")),
        machine("vm-1", ONE, "esx1", vgpu(), vgpu()),
        machine("vm-9", TWO, "esx1", vgpu(), vgpu()),
    ]
    one = run({"k8s://a": a, "k8s://b": B, "vsphere://vc": vc})
    assert shares(one) == [(LLM, RANK, "vgpu-time-sliced", "memory", "possible")]
    both = [B[0], node("gpu-9", system=TWO, gpus=2), pod("web/r", "gpu-9", 2)]
    found = run({"k8s://a": a, "k8s://b": both, "vsphere://vc": vc})
    assert shares(found) == [
        (LLM, RANK, "vgpu-time-sliced", "memory", "proven"),
        (LLM, RANK, "vgpu-time-sliced", "memory", "possible"),
    ]
    (entry, _) = of_kind(found, "gpu/Share")[0]["found"]
    assert entry["device"] == f"{PCI} or {OTHER}"
    for gpu in (PCI, OTHER):
        assert row(found, gpu)["unknown"] == [
            f"{LLM} and {RANK} surely share one of {PCI}, {OTHER}, and which is not known"
        ]


def test_who_has_every_device_is_on_every_gpu() -> None:
    a = [A[0], node("gpu-1", f"vsphere://{ONE}", gpus=2), pod("llm/chat", "gpu-1", 2)]
    vc = [
        two_gpus(("vm-1",), ("vm-1", "vm-9")),
        machine("vm-1", ONE, "esx1", vgpu(), vgpu()),
        VC[2],
    ]
    found = run({"k8s://a": a, "k8s://b": B, "vsphere://vc": vc})
    assert shares(found) == [(LLM, RANK, "vgpu-time-sliced", "memory", "exact")]
    assert row(found, OTHER)["shares"] != row(found)["shares"] == []


def test_what_is_sure_on_a_node_stays_said() -> None:
    """Two share for sure, on one of two GPUs: possible of each, and said of both."""
    privileged = {"spec": {"containers": [{"name": "c", "securityContext": {"privileged": True}}]}}
    a = [
        *(namespace("llm"), namespace("web"), node("gpu-1", f"vsphere://{ONE}", gpus=2)),
        *(pod("llm/chat", "gpu-1", given=["GPU-1"]), pod("web/r", "gpu-1", **privileged)),
    ]
    vc = [two_gpus(("vm-1",), ("vm-1",)), machine("vm-1", ONE, "esx1", vgpu(), vgpu())]
    found = run({"k8s://a": a, "vsphere://vc": vc})
    for gpu in (PCI, OTHER):
        (share,) = row(found, gpu)["shares"]
        assert (share["isolation"], share["certainty"]) == ("none", "possible")
        said = "llm and web share on node gpu-1 of k8s://a (exact, isolation none by bypass)"
        assert row(found, gpu)["unknown"] == [f"{said}, and on which of its 2 GPUs is not known"]


def test_a_node_that_is_a_machine_by_its_name_keeps_its_own_row() -> None:
    vc = [ESX, machine("vm-1", ONE, "esx1", vgpu(), hostname="gpu-1"), VC[2]]
    found = run({"k8s://a": [A[0], A[2]], "k8s://b": B, "vsphere://vc": vc})
    covered = {(each["target"], each["node"]) for each in row(found)["covers"]}
    assert covered == {("vsphere://vc", "esx1"), ("k8s://b", "gpu-9")}


def test_two_parts_of_one_gpu_in_one_machine() -> None:
    """To the node they are two GPUs; its tenants have one kernel, and one GPU."""
    a = [
        *(namespace("llm"), namespace("web"), node("gpu-1", f"vsphere://{ONE}", gpus=2)),
        *(pod("llm/chat", "gpu-1"), pod("web/r", "gpu-1")),
    ]
    vc = [
        host("esx1", (PCI, DIRECT, "sameSize", ("vm-1",))),
        machine("vm-1", ONE, "esx1", vgpu(), vgpu()),
    ]
    found = run({"k8s://a": a, "vsphere://vc": vc})
    assert shares(found) == [
        (LLM, "web (namespace of k8s://a)", "vgpu-time-sliced", "memory", "exact")
    ]
    (entry,) = of_kind(found, "gpu/Share")[0]["found"]
    assert entry["qualities"]["kernel"] == "shared"


def test_a_gpu_that_is_passed_through_is_one_machines() -> None:
    """What its node shares is told by its target, and shown again where the GPU is."""
    labels = {"nvidia.com/gpu.replicas": "4", "nvidia.com/gpu.sharing-strategy": "time-slicing"}
    a = [
        *(namespace("llm"), namespace("web")),
        node("gpu-1", f"vsphere://{ONE}", labels=labels, capacity=4),
        *(pod("llm/chat", "gpu-1"), pod("web/r", "gpu-1")),
    ]
    vc = [host("esx1", (PCI, "direct", "none", ())), machine("vm-1", ONE, "esx1", whole(PCI))]
    found = run({"k8s://a": a, "vsphere://vc": vc})
    assert shares(found) == []
    (share,) = row(found)["shares"]
    assert (share["mechanism"], share["isolation"]) == ("time-slicing", "shared")
    assert share["certainty"] == "proven"
    assert row(found)["tenants"][0]["mechanism"] == "passthrough"


def test_a_docker_host() -> None:
    docker = [info("gpu-7"), product(TWO_TURNED), container("rank", "web")]
    found = run({"k8s://a": A, "docker+ssh://gpu-7": docker, "vsphere://vc": VC})
    pair = (LLM, "web (compose project of docker+ssh://gpu-7)")
    assert shares(found) == [(*pair, "vgpu-time-sliced", "memory", "exact")]
    assert [each["path"][2]["by"] for each in row(found)["tenants"]] == [
        "providerID", "product UUID",
    ]  # fmt: skip


def test_a_docker_host_whose_uuid_was_not_read() -> None:
    docker = [info("gpu-7.example"), container("rank", "web")]
    vc = [ESX, VC[1], machine("vm-9", TWO, "esx1", vgpu(), hostname="gpu-7")]
    found = run({"k8s://a": A, "docker+ssh://gpu-7": docker, "vsphere://vc": vc})
    assert [each[-1] for each in shares(found)] == ["possible"]


def test_a_docker_host_that_is_not_found_says_so() -> None:
    docker = [info("gpu-7"), container("rank", "web")]
    found = run({"k8s://a": A, "docker+ssh://gpu-7": docker, "vsphere://vc": VC})
    (join,) = [each for each in of_kind(found, "gpu/Join") if not each["joined"]]
    assert join["unjoined"] == [
        {
            "node": "gpu-7",
            "why": "its UUID is not known, and no machine alone is called as it is",
        }
    ]
    assert of_kind(run({"k8s://a": A[:1], "docker+ssh://gpu-7": docker}), "gpu/Join") == []


def test_a_node_and_an_engine_in_one_machine() -> None:
    """Each gives the same GPU out, and neither knows of the other."""
    docker = [info("gpu-1"), product(ONE), container("rank", "web")]
    vc = [host("esx1", (PCI, "direct", "none", ())), machine("vm-1", ONE, "esx1", whole(PCI))]
    found = run({"k8s://a": A, "docker://": docker, "vsphere://vc": vc})
    assert shares(found) == [
        (LLM, "web (compose project of docker://)", "unknown", "none", "exact")
    ]


def test_who_reaches_every_gpu_of_a_node() -> None:
    privileged = {"spec": {"containers": [{"name": "c", "securityContext": {"privileged": True}}]}}
    b = [B[0], B[1], pod("web/r", "gpu-9", **privileged)]
    found = run({**ESTATE, "k8s://b": b})
    assert shares(found) == [(LLM, RANK, "vgpu-time-sliced", "memory", "exact")]
    assert row(found)["tenants"][1]["inside"] == "bypass"


def test_a_node_on_which_nobody_has_a_gpu() -> None:
    found = run({**ESTATE, "k8s://b": B[:2]})
    assert [each["tenant"] for each in row(found)["tenants"]] == ["llm"]
    assert row(found)["unknown"] == [
        "node gpu-9 of k8s://b is on it, and nobody was seen to have anything of its GPUs"
    ]


def test_a_node_that_has_more_gpus_than_its_machine() -> None:
    a = [A[0], node("gpu-1", f"vsphere://{ONE}", gpus=2), pod("llm/chat", "gpu-1", 2)]
    assert row(run({**ESTATE, "k8s://a": a}))["unknown"] == [
        "node gpu-1 of k8s://a has 2 GPUs, its machine /DC/vm/nodes/vm-1 was given 1"
    ]


def test_a_machine_of_which_no_gpu_is_seen() -> None:
    elsewhere = host("esx1", (PCI, DIRECT, "sameSize", ("vm-9",)))
    found = run({**ESTATE, "vsphere://vc": [elsewhere, machine("vm-1", ONE, "esx1"), VC[2]]})
    joins = {each["unjoined"][0]["node"]: each for each in of_kind(found, "gpu/Join")[:1]}
    assert joins["gpu-1"]["unjoined"][0]["why"] == (
        "its machine /DC/vm/nodes/vm-1 of vsphere://vc was not seen to have a GPU"
    )


def test_a_machine_that_tells_no_device_is_where_its_host_says() -> None:
    plain = run({**ESTATE, "vsphere://vc": [ESX, machine("vm-1", ONE, "esx1"), VC[2]]})
    assert shares(plain) == shares(run(ESTATE))


@pytest.mark.parametrize(
    "body",
    [
        b"[]", b"7", b'"x"', b"{", b'{"spec": 7}', b'{"spec": {"providerID": {"a": 1}}}',
        b'{"status": {"nodeInfo": []}}', b'{"status": {"nodeInfo": {"systemUUID": 7}}}',
    ],
)  # fmt: skip
def test_what_a_node_tells_that_is_not_as_it_should_be(body: bytes) -> None:
    broken = msgspec.structs.replace(A[1], body=body)
    assert shares(run({**ESTATE, "k8s://a": [A[0], broken, A[2]]})) == []


def test_facts_do_not_depend_on_the_order_of_targets() -> None:
    backwards = dict(reversed(ESTATE.items()))
    assert [json.dumps(of_kind(run(each), "gpu/JoinedDevice")) for each in (ESTATE, backwards)] == [
        json.dumps(of_kind(run(ESTATE), "gpu/JoinedDevice"))
    ] * 2
