"""Who shares a GPU on a Docker host, by what its engine and its containers say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from auditor.analysis.docker.containers import Containers
from auditor.analysis.docker.gpus import DockerGpus
from auditor.analysis.protocol import Row, Site
from auditor.model.fact import Fact
from auditor.model.resource import Resource, Target

SITE = Site(Target("docker://", "id"), "sha256:0", lambda _, __: 0)
ANALYSIS = DockerGpus({})
GPU = [["gpu"]]


def resource(kind: str, name: str, body: object) -> Resource:
    return Resource(
        kind=kind,
        api_version="",
        name=name,
        namespace="",
        uid="",
        source=f"/{name}",
        document=0,
        line=0,
        body=json.dumps(body).encode(),
    )


def host(*devices: str) -> Resource:
    found = [{"Source": "cdi", "ID": each} for each in devices]
    return resource("docker/Info", "gpu-7", {"Name": "gpu-7", "DiscoveredDevices": found})


def container(
    name: str, *, project: str = "", running: bool = True, tenant: str = "", **settings: object
) -> Resource:
    labels = {"com.docker.compose.project": project} if project else {}
    labels |= {"example.com/tenant": tenant} if tenant else {}
    body = {
        "State": {"Running": running},
        "HostConfig": {"Runtime": "runc", **settings},
        "Config": {"Labels": labels},
    }
    return resource("docker/Container", name, body)


def ask(**fields: object) -> dict[str, object]:
    return {"DeviceRequests": [{"Capabilities": GPU, **fields}]}


def derived(*resources: Resource) -> list[Fact]:
    """The facts of a host with these things."""
    rows: dict[tuple[str, ...], list[Row]] = {}
    for each in resources:
        facts: Iterable[object] = [each]
        if each.kind == "docker/Container":
            facts = Containers({}).derive(each)
        for fact in facts:
            assert isinstance(fact, Resource)
            for row in ANALYSIS.extract(fact, SITE):
                rows.setdefault(row.key, []).append(row)
    found = ANALYSIS.derive((key, iter(rows[key])) for key in sorted(rows))
    return [each for each in found if isinstance(each, Fact)]


def of_kind(facts: Iterable[Fact], kind: str) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in facts if each.kind == kind]


def shares(*resources: Resource) -> list[tuple[str, str, str, str]]:
    """Pairs of tenants with the mechanism, the isolation and the certainty of the surest share."""
    return [
        (
            " ".join(each["tenants"]),
            *(each["found"][0][name] for name in ("mechanism", "isolation", "certainty")),
        )
        for each in of_kind(derived(*resources), "gpu/Share")
    ]


def test_two_that_asked_for_one_gpu_have_it_both() -> None:
    found = shares(
        host(),
        container("a", project="vision", **ask(DeviceIDs=["0"])),
        container("b", project="llm", **ask(DeviceIDs=["0", "1"])),
    )
    assert found == [("llm vision", "overlapping-requests", "shared", "exact")]


def test_two_that_asked_for_different_gpus_share_none() -> None:
    one, other = ask(DeviceIDs=["0"]), ask(DeviceIDs=["1"])
    assert shares(container("a", project="x", **one), container("b", project="y", **other)) == []


def test_one_project_is_one_tenant() -> None:
    request = ask(DeviceIDs=["0"])
    assert (
        shares(container("a", project="x", **request), container("b", project="x", **request)) == []
    )


def test_a_label_names_the_tenant_before_the_project() -> None:
    request = ask(DeviceIDs=["0"])
    found = shares(
        container("a", project="x", tenant="web", **request),
        container("b", project="y", tenant="web", **request),
        container("c", project="z", **request),
    )
    assert [each[0] for each in found] == ["web z"]


def test_numbers_come_to_the_lowest_indices() -> None:
    found = shares(
        container("a", project="x", **ask(Count=1)),
        container("b", project="y", **ask(Count=2)),
    )
    assert found == [("x y", "overlapping-requests", "shared", "proven")]


def test_all_is_each_gpu_that_the_engine_found() -> None:
    facts = derived(
        host("nvidia.com/gpu=0", "nvidia.com/gpu=1", "nvidia.com/gpu=all"),
        container("a", project="x", **ask(Count=-1)),
        container("b", project="y", **ask(DeviceIDs=["1"])),
    )
    devices = of_kind(facts, "gpu/Device")
    assert [(each["device"], len(each["tenants"])) for each in devices] == [("0", 1), ("1", 2)]
    assert {each["node"] for each in devices} == {"gpu-7"}


def test_who_is_privileged_reaches_all_of_them() -> None:
    facts = derived(
        host(),
        container("a", project="x", **ask(DeviceIDs=["0"])),
        container("root", Privileged=True),
    )
    [reach] = of_kind(facts, "gpu/Reach")
    assert (reach["name"], reach["certainty"]) == ("root", "exact")
    assert reach["ways"][0]["field"] == "/HostConfig/Privileged"
    [share] = of_kind(facts, "gpu/Share")
    assert share["tenants"] == ["root", "x"]
    assert share["found"][0]["isolation"] == "none"


@pytest.mark.parametrize(
    ("of_host", "other", "certainty"),
    [
        ({}, {}, "possible"),
        ({"Runtimes": {"runc": {}}}, {}, "possible"),
        ({"Runtimes": {"runc": {}, "nvidia": {}}}, {}, "exact"),
        ({"DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}]}, {}, "exact"),
        ({}, ask(Count=1), "exact"),
        ({}, ask(Count=-1), "exact"),
    ],
)
def test_where_nothing_says_that_there_are_gpus(
    of_host: Mapping[str, object], other: dict[str, object], certainty: str
) -> None:
    """Most hosts have none: what is privileged there reaches none for sure."""
    facts = derived(
        resource("docker/Info", "gpu-7", {"Name": "gpu-7", **of_host}),
        container("root", Privileged=True),
        container("a", project="", running=True, tenant="", **other),
    )
    [reach] = of_kind(facts, "gpu/Reach")
    assert (reach["name"], reach["certainty"]) == ("root", certainty)


def test_an_index_and_a_uuid_may_be_one_gpu() -> None:
    facts = derived(
        container("a", project="x", **ask(DeviceIDs=["0"])),
        container("b", project="y", **ask(DeviceIDs=["GPU-1"])),
    )
    [share] = of_kind(facts, "gpu/Share")
    assert share["found"][0]["certainty"] == "possible"
    assert "sure" not in share
    assert all("nvidia-smi" in each["unknown"][0] for each in of_kind(facts, "gpu/Device"))


def test_a_gpu_that_is_listed_by_two_names_is_one() -> None:
    """CDI specifications name each GPU by its index and by its UUID."""
    names = ("0", "1", "GPU-5f2c", "GPU-7d3e", "0:0", "0:1", "MIG-9a41", "all")
    facts = derived(
        host(*(f"nvidia.com/gpu={each}" for each in names)),
        container("a", project="x", **ask(Count=-1)),
    )
    assert [each["device"] for each in of_kind(facts, "gpu/Device")] == ["0", "0:0", "0:1", "1"]


def test_gpus_that_are_listed_by_uuid_alone() -> None:
    facts = derived(
        host("nvidia.com/gpu=GPU-5f2c", "nvidia.com/gpu=GPU-7d3e"),
        container("a", project="x", **ask(Count=-1)),
    )
    assert [each["device"] for each in of_kind(facts, "gpu/Device")] == ["GPU-5f2c", "GPU-7d3e"]


def test_two_that_took_all_share_what_nobody_named() -> None:
    facts = derived(
        container("a", project="x", **ask(Count=-1)), container("b", project="y", **ask(Count=-1))
    )
    [device] = of_kind(facts, "gpu/Device")
    assert device["device"] == "every GPU"
    assert of_kind(facts, "gpu/Share")[0]["found"][0]["certainty"] == "exact"


def test_what_does_not_run_holds_nothing() -> None:
    request = ask(DeviceIDs=["0"])
    stopped = container("b", project="y", running=False, **request)
    assert shares(container("a", project="x", **request), stopped) == []


def test_without_gpus_there_is_nothing() -> None:
    assert derived(host(), container("a"), container("b", CapAdd=["NET_RAW"])) == []


def test_by_what_tenants_are_told() -> None:
    request = ask(DeviceIDs=["0"])
    facts = derived(container("a", project="x", **request), container("b", tenant="web", **request))
    [told] = of_kind(facts, "gpu/Tenancy")
    assert [(each["key"], each["writtenBy"]) for each in told["keys"]] == [
        ("compose project", "tenant"),
        ("label example.com/tenant", "tenant"),
    ]


def opened(name: str, *nodes: str) -> Resource:
    return container(name, project=name, Devices=[{"PathOnHost": each} for each in nodes])


def test_the_node_that_all_gpus_of_amds_have_in_common_shares_none() -> None:
    one = opened("train", "/dev/kfd", "/dev/dri/renderD128")
    two = opened("chat", "/dev/kfd", "/dev/dri/renderD129")
    assert shares(host(), one, two) == []
    assert shares(host(), one, opened("web", "/dev/kfd")) == []


def test_a_card_and_a_render_node_may_be_of_one_gpu() -> None:
    one, two = opened("train", "/dev/dri/renderD128"), opened("chat", "/dev/dri/card0")
    assert {each[-1] for each in shares(host(), one, two)} == {"possible"}
    devices = of_kind(derived(host(), one, two), "gpu/Device")
    assert {each["device"] for each in devices} == {"/dev/dri/renderD128", "/dev/dri/card0"}
    assert all("by-path" in " ".join(each["unknown"]) for each in devices)
    assert shares(host(), one, opened("web", "/dev/dri/renderD129")) == []


def amd(name: str, value: str) -> Resource:
    """A container with AMD's runtime."""
    body = {
        "State": {"Running": True},
        "HostConfig": {"Runtime": "amd"},
        "Config": {"Labels": {}, "Env": [f"AMD_VISIBLE_DEVICES={value}"]},
    }
    return resource("docker/Container", name, body)


def cdi(*names: str) -> dict[str, object]:
    return {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": list(names)}]}


AMD_HOST = host("amd.com/gpu=0", "amd.com/gpu=1", "amd.com/gpu=all")
TURNS = ("overlapping-requests", "shared")


def test_what_two_name_by_amds_variable_they_share() -> None:
    assert shares(AMD_HOST, amd("a", "0,1"), amd("b", "1")) == [("a b", *TURNS, "exact")]
    assert shares(AMD_HOST, amd("a", "0"), amd("b", "1")) == []
    assert shares(AMD_HOST, amd("a", "0"), amd("b", "none")) == []


def test_all_of_amds_are_each_of_them() -> None:
    for every in (container("a", **cdi("amd.com/gpu=all")), amd("a", "all")):
        found = derived(AMD_HOST, every, container("b", **cdi("amd.com/gpu=1")))
        rows = {each["device"]: each for each in of_kind(found, "gpu/Device")}
        assert set(rows) == {"amd.com/gpu=0", "amd.com/gpu=1"}
        assert [each["tenant"] for each in rows["amd.com/gpu=0"]["tenants"]] == ["a"]
        assert shares(AMD_HOST, every, container("b", **cdi("amd.com/gpu=1"))) == [
            ("a b", *TURNS, "exact")
        ]


def test_all_of_amds_are_none_of_nvidias() -> None:
    both = host("nvidia.com/gpu=0", "amd.com/gpu=0")
    every = container("a", **cdi("amd.com/gpu=all"))
    assert shares(both, every, container("b", **cdi("nvidia.com/gpu=0"))) == []
    assert len(shares(both, every, container("b", **cdi("amd.com/gpu=0")))) == 1


def test_a_number_of_gpus_is_of_amds_where_the_host_has_no_others() -> None:
    asked = container("a", **ask(Count=1))
    assert shares(AMD_HOST, asked, amd("b", "0")) == [("a b", *TURNS, "proven")]
    assert shares(AMD_HOST, asked, amd("b", "1")) == []


def test_all_of_amds_where_nobody_says_which_there_are() -> None:
    found = shares(host(), amd("a", "all"), container("b", **cdi("amd.com/gpu=all")))
    assert found == [("a b", *TURNS, "exact")]
    node = {"Devices": [{"PathOnHost": "/dev/dri/renderD128"}]}
    assert shares(host(), amd("a", "0"), container("b", **node)) == [
        ("a b", "bypass", "none", "possible")
    ], "a render node may be of any of them"
