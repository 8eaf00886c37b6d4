"""Who shares a GPU with whom, of the objects of a cluster."""

from __future__ import annotations

import random
from typing import Any, ClassVar

import msgspec
import pytest

from auditor.analysis.analyses import Analyses
from auditor.analysis.gpu.tenancy import Tenancies
from auditor.model.fact import Fact
from auditor.model.resource import Gap
from auditor.runner.rows import Rows, joined
from tests.unit.analysis.gpu.objects import (
    SHARED,
    bodies,
    claim,
    device,
    devices,
    facts,
    node,
    pod,
    resource,
    shared,
    slices,
)
from tests.unit.analysis.joining import SITE, derived

GPU = "nvidia.com/gpu"
ONE, TWO = "GPU-00000000-1", "GPU-00000000-2"
TURNS = {
    "opaque": {
        "driver": "gpu.nvidia.com",
        "parameters": {
            "apiVersion": "resource.nvidia.com/v1beta1",
            "kind": "GpuConfig",
            "sharing": {"strategy": "TimeSlicing"},
        },
    }
}


def test_replicas_that_the_kubelet_names_are_exact() -> None:
    found = shared(
        node(labels=SHARED, nvidia_com__gpu="8"),
        pod("a/x", {GPU: 1}, given={GPU: [f"{ONE}::0"]}),
        pod("b/y", {GPU: 1}, given={GPU: [f"{ONE}::1"]}),
        pod("c/z", {GPU: 1}, given={GPU: [f"{TWO}::0"]}),
    )
    assert found == [("a b", "time-slicing", "shared", "exact")]


def test_whole_gpus_are_nobody_elses() -> None:
    labels = {"nvidia.com/gpu.count": "2", "nvidia.com/gpu.replicas": "1"}
    one = pod("a/x", {GPU: 1}, given={GPU: [ONE]})
    two = pod("b/y", {GPU: 1}, given={GPU: [TWO]})
    assert shared(node(labels=labels, nvidia_com__gpu="2"), one, two) == []
    assert (
        shared(node(labels=labels, nvidia_com__gpu="2"), pod("a/x", {GPU: 1}), pod("b/y", {GPU: 1}))
        == []
    )


def test_counting_proves_what_no_assignment_avoids() -> None:
    at = node(labels=SHARED, nvidia_com__gpu="8")
    assert shared(at, pod("a/x", {GPU: 5}), pod("b/y", {GPU: 1})) == [
        ("a b", "time-slicing", "shared", "proven")
    ]
    assert shared(at, pod("a/x", {GPU: 4}), pod("b/y", {GPU: 4})) == [
        ("a b", "time-slicing", "shared", "possible")
    ]


def test_of_three_some_two_must_share_though_no_pair_must() -> None:
    at = node(labels=SHARED, nvidia_com__gpu="8")
    pods = [pod(f"{name}/x", {GPU: 1}) for name in "abc"]
    assert {found[3] for found in shared(at, *pods)} == {"possible"}
    (pool,) = devices(at, *pods)
    assert pool.some_must_share
    assert (pool.known, pool.count, pool.product) == (False, 2, "NVIDIA-A100-SHARED")


@pytest.mark.parametrize(
    ("labels", "capacity", "words"),
    [
        pytest.param({}, "8", "no label nvidia.com/gpu.count", id="labels missing"),
        pytest.param(SHARED, "6", "another plugin", id="labels of an earlier configuration"),
    ],
)
def test_what_labels_do_not_bear_out_proves_nothing(
    labels: dict[str, str], capacity: str, words: str
) -> None:
    at = node(labels=labels, nvidia_com__gpu=capacity)
    pods = [pod("a/x", {GPU: 5}), pod("b/y", {GPU: 1})]
    assert not [found for found in shared(at, *pods) if found[3] == "proven"]
    (pool,) = devices(at, *pods)
    assert not pool.some_must_share
    assert any(words in text for text in pool.unknown)


def test_a_node_that_was_not_read_leaves_its_pods_without_a_verdict() -> None:
    (pool,) = devices(pod("a/x", {GPU: 1}), pod("b/y", {GPU: 1}))
    assert [tenant.tenant for tenant in pool.tenants] == ["a", "b"]
    assert pool.unknown[0] == "what the node offers of nvidia.com/gpu was not read"
    assert shared(pod("a/x", {GPU: 1}), pod("b/y", {GPU: 1})) == []


def test_mig_instances_of_one_profile_may_be_siblings() -> None:
    labels = {
        "nvidia.com/mig-1g.10gb.count": "7",
        "nvidia.com/mig-1g.10gb.replicas": "1",
        "nvidia.com/mig-1g.10gb.sharing-strategy": "none",
    }
    found = shared(
        node(labels=labels, **{"nvidia_com__mig-1g_10gb": "7"}),
        pod("a/x", {"nvidia.com/mig-1g.10gb": 1}),
        pod("b/y", {"nvidia.com/mig-1g.10gb": 1}),
    )
    assert found == [("a b", "mig", "hardware", "possible")]


def test_a_mig_instance_by_turns_is_no_better_than_turns() -> None:
    name = "nvidia.com/mig-1g.10gb"
    labels = {
        f"{name}.count": "1",
        f"{name}.replicas": "2",
        f"{name}.sharing-strategy": "time-slicing",
    }
    pods = [pod(f"{tenant}/x", {name: 1}) for tenant in "ab"]
    assert shared(node(labels=labels, **{"nvidia_com__mig-1g_10gb": "2"}), *pods) == [
        ("a b", "time-slicing", "shared", "proven")
    ]


def test_an_instance_that_the_kubelet_names_has_a_gpu_that_nobody_names() -> None:
    (found,) = (
        each for each in devices(pod("a/x", {GPU: 1}, given={GPU: ["MIG-7"]})) if each.known
    )
    assert found.device == "MIG-7"
    assert "nvidia-smi -L" in found.unknown[0]


def test_an_old_name_of_an_instance_tells_its_gpu() -> None:
    found = shared(
        pod("a/x", {GPU: 1}, given={GPU: [f"MIG-{ONE}/7/0"]}),
        pod("b/y", {GPU: 1}, given={GPU: [f"MIG-{ONE}/9/0"]}),
        pod("c/z", {GPU: 1}, given={GPU: [f"MIG-{ONE}/9/1"]}),
    )
    assert found == [
        ("a b", "mig", "hardware", "exact"),
        ("a c", "mig", "hardware", "exact"),
        ("b c", "mig-compute-instance", "shared", "exact"),
    ]


class TestClaims:
    """Dynamic resource allocation."""

    def test_one_device_by_turns(self) -> None:
        found = shared(
            slices(device("gpu-0", uuid=ONE, productName="H100")),
            claim("a/c", "gpu-0", config=[TURNS]),
            claim("b/c", "gpu-0", config=[TURNS]),
        )
        assert found == [("a b", "time-slicing", "shared", "exact")]

    def test_siblings(self) -> None:
        objects = (
            slices(
                device("m-1", uuid="MIG-1", parentUUID=ONE),
                device("m-2", uuid="MIG-2", parentUUID=ONE),
            ),
            claim("a/c", "m-1"),
            claim("b/c", "m-2"),
        )
        assert shared(*objects) == [("a b", "mig", "hardware", "exact")]
        (found,) = devices(*objects)
        assert (found.node, found.device) == ("n", ONE)
        assert [tenant.part for tenant in found.tenants] == ["mig MIG-1", "mig MIG-2"]

    def test_what_was_given_twice_is_not_exclusive(self) -> None:
        found = shared(
            slices(device("gpu-0", uuid=ONE)), claim("a/c", "gpu-0"), claim("b/c", "gpu-0")
        )
        assert found == [("a b", "unknown", "none", "exact")]

    def test_who_only_looks_shares_nothing(self) -> None:
        objects = (
            slices(device("gpu-0", uuid=ONE)),
            claim("a/c", "gpu-0"),
            claim("ops/c", "gpu-0", result={"adminAccess": True}),
        )
        assert shared(*objects) == []
        (found,) = devices(*objects)
        assert [tenant.observer for tenant in found.tenants] == [False, True]

    def test_only_the_newest_generation_of_a_pool_counts(self) -> None:
        objects = (
            slices(device("gpu-0", uuid="GPU-old"), name="s1"),
            slices(device("gpu-0", uuid=ONE), generation=2, name="s2"),
            claim("a/c", "gpu-0"),
        )
        assert [found.device for found in devices(*objects)] == [ONE]

    def test_a_device_that_no_slice_has_is_known_by_its_driver(self) -> None:
        (found,) = devices(claim("a/c", "gpu-9"))
        assert found.device == "gpu.nvidia.com/n/gpu-9"
        assert found.unknown == ("no slice of gpu.nvidia.com has n/gpu-9",)

    @pytest.mark.parametrize(
        "status",
        [
            pytest.param({}, id="not allocated"),
            pytest.param({"allocation": {"devices": {"results": []}}}, id="nothing of a GPU"),
        ],
    )
    def test_what_holds_nothing(self, status: dict[str, Any]) -> None:
        assert facts(resource("ResourceClaim", "c", "a", status=status)) == []

    def test_the_beta_keeps_attributes_elsewhere(self) -> None:
        one = {"name": "gpu-0", "basic": {"attributes": {"gpu.nvidia.com/uuid": {"string": ONE}}}}
        assert [found.device for found in devices(slices(one), claim("a/c", "gpu-0"))] == [ONE]


class TestTenants:
    """Whose a namespace is."""

    def test_namespaces_of_one_tenant_are_one(self) -> None:
        labels = {"labels": {"capsule.clastix.io/tenant": "alpha"}}
        found = shared(
            resource("Namespace", "a", metadata=labels),
            resource("Namespace", "b", metadata=labels),
            pod("a/x", {GPU: 1}, given={GPU: [f"{ONE}::0"]}),
            pod("b/y", {GPU: 1}, given={GPU: [f"{ONE}::1"]}),
            pod("c/z", {GPU: 1}, given={GPU: [f"{ONE}::2"]}),
        )
        assert [names for names, *_ in found] == ["alpha c"]

    def test_an_owner_counts_only_where_a_profile_wrote_it(self) -> None:
        def tenant(labels: dict[str, str]) -> str:
            metadata = {"annotations": {"owner": "team-x"}, "labels": labels}
            (found,) = (
                each
                for each in devices(
                    resource("Namespace", "a", metadata=metadata),
                    pod("a/x", {GPU: 1}, given={GPU: [ONE]}),
                )
                if each.known
            )
            return found.tenants[0].tenant

        assert tenant({"app.kubernetes.io/part-of": "kubeflow-profile"}) == "team-x"
        assert tenant({}) == "a"


class TestReach:
    """Pods that reach every GPU of their node."""

    PRIVILEGED: ClassVar = {"securityContext": {"privileged": True}}

    def test_a_privileged_pod_shares_with_all(self) -> None:
        at = node(labels=SHARED, nvidia_com__gpu="8")
        objects = (at, pod("a/x", {GPU: 1}), pod("ops/p", container=self.PRIVILEGED))
        assert shared(*objects) == [("a ops", "bypass", "none", "exact")]
        (reach,) = bodies("gpu/Reach", *objects)
        assert (reach["node"], reach["component"]) == ("n", False)
        assert reach["ways"][0]["field"] == "/spec/containers/0/securityContext/privileged"

    def test_a_part_of_the_platform_is_no_tenant(self) -> None:
        at = node(labels=SHARED, nvidia_com__gpu="8")
        plugin = pod(
            "gpu-operator/p",
            container=self.PRIVILEGED,
            owner="DaemonSet",
            serviceAccountName="nvidia-device-plugin",
        )
        assert shared(at, pod("a/x", {GPU: 1}), plugin) == []
        (reach,) = bodies("gpu/Reach", at, pod("a/x", {GPU: 1}), plugin)
        assert reach["component"]

    @pytest.mark.parametrize(
        ("path", "owner", "account", "image"),
        [
            pytest.param("mine/p", "DaemonSet", "nvidia-device-plugin", "", id="elsewhere"),
            pytest.param("gpu-operator/p", "Job", "nvidia-device-plugin", "", id="another owner"),
            pytest.param(
                "gpu-operator/p", "DaemonSet", "other", "evil/k8s-device-plugin", id="names"
            ),
        ],
    )
    def test_a_name_alone_makes_no_part_of_the_platform(
        self, path: str, owner: str, account: str, image: str
    ) -> None:
        at = node(labels=SHARED, nvidia_com__gpu="8")
        inside = {**self.PRIVILEGED, **({"image": image} if image else {})}
        pretender = pod(path, container=inside, owner=owner, serviceAccountName=account)
        assert [found[1] for found in shared(at, pod("a/x", {GPU: 1}), pretender)] == ["bypass"]

    def test_on_a_node_without_gpus_there_is_nothing_to_reach(self) -> None:
        objects = (node(cpu="8"), pod("ops/p", container=self.PRIVILEGED))
        assert facts(*objects) == []


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_holds_nothing(phase: str) -> None:
    assert facts(pod("a/x", {GPU: 1}, phase=phase)) == []


def test_init_containers_pass_their_gpus_on() -> None:
    first = [{"name": "i", "resources": {"limits": {GPU: 3}}}]
    (pool,) = devices(pod("a/x", {GPU: 1}, initContainers=first))
    assert pool.tenants[0].slots == 3
    sidecar = [{"name": "i", "restartPolicy": "Always", "resources": {"limits": {GPU: 3}}}]
    (pool,) = devices(pod("a/x", {GPU: 1}, initContainers=sidecar))
    assert pool.tenants[0].slots == 4


def test_what_is_not_as_the_api_has_it_is_a_gap_and_nothing_more() -> None:
    analysis = Tenancies((), ())
    rows = Rows(Analyses((), (analysis,)))
    for each in (resource("Pod", "x", "a", spec="gpu"), pod("a/y", {GPU: 1})):
        rows.extract(analysis, each, SITE)
    found = [
        item for each, groups in joined((analysis,), rows.lines()) for item in each.derive(groups)
    ]
    gaps = [item for item in found if isinstance(item, Gap)]
    assert [(gap.scope, gap.namespace) for gap in gaps] == [("k8s/Pod", "a")]
    assert "k8s/Pod a/x" in gaps[0].detail
    kinds = [item.kind for item in found if isinstance(item, Fact)]
    assert kinds == ["gpu/Device", "gpu/Tenancy"]


def test_workers_and_their_order_change_nothing() -> None:
    dice = random.Random(5)
    objects = [
        node("n", labels=SHARED, nvidia_com__gpu="8"),
        slices(device("gpu-0", uuid=ONE), pool="m"),
        *(claim(f"t{n}/c", "gpu-0", pool="m", pods=(f"p{n}",), config=[TURNS]) for n in range(4)),
        *(pod(f"t{n % 3}/x{n}", {GPU: 1}) for n in range(6)),
        pod("ops/p", container={"securityContext": {"privileged": True}}),
    ]
    analysis = Tenancies((), ())
    whole = derived(analysis, objects)
    assert whole
    for parts in (2, 3, 7):
        dice.shuffle(objects)
        assert derived(analysis, *(objects[at::parts] for at in range(parts))) == whole


def test_a_fact_of_two_tenants_is_known_by_their_names() -> None:
    (fact,) = (
        each
        for each in facts(
            pod("a/x", {GPU: 1}, given={GPU: [f"{ONE}::0"]}),
            pod("b/y", {GPU: 1}, given={GPU: [f"{ONE}::1"]}),
        )
        if each.kind == "gpu/Share"
    )
    assert (fact.key, fact.part) == (("a", "b"), "tenants a and b")
    assert [origin.name for origin in fact.origins] == ["x", "y"]
    assert msgspec.json.decode(fact.body)["sure"] == 0, "replicas of a node that was not read"
