"""Accelerators of makers without a module of their own: what is known of them, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.gpu.accelerators import Sort, doubt_of, offered_as
from auditor.analysis.gpu.devices import is_accelerator, profile_of, steps_of
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.pods import worth_a_look
from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import bodies, devices, pod, resource, shared

SORTS = {
    "google.com/tpu": Sort.WHOLE,
    "google.com/disk": Sort.NONE,
    "aws.amazon.com/neuron": Sort.WHOLE,
    "aws.amazon.com/neurondevice": Sort.WHOLE,
    "aws.amazon.com/neuroncore": Sort.PART,
    "aws.amazon.com/neuronlink": Sort.UNKNOWN,
    "vpc.amazonaws.com/efa": Sort.NONE,
    "habana.ai/gaudi": Sort.WHOLE,
    "qualcomm.com/qaic": Sort.WHOLE,
    "huawei.com/Ascend910": Sort.AS_SET,
    "huawei.com/Ascend310": Sort.AS_SET,
    "huawei.com/Ascend310P": Sort.AS_SET,
    "huawei.com/Ascend310P-VPro": Sort.AS_SET,
    "huawei.com/npu": Sort.AS_SET,
    "huawei.com/npu-core": Sort.PART,
    "huawei.com/Ascend910-16c": Sort.PART,
    "huawei.com/Ascend310P-2c.1cpu": Sort.PART,
    "huawei.com/Ascend310P-4c.3cpu.ndvpp": Sort.PART,
    "huawei.com/Ascend910-10c.4cpu.16g.dvpp": Sort.PART,
    "huawei.com/Ascend910B3": Sort.PART,
    "huawei.com/Ascend910B4-1": Sort.PART,
    "huawei.com/Ascend910C": Sort.PART,
    "huawei.com/Ascend910B4-1-memory": Sort.AMOUNT,
    "huawei.com/Ascend910A-core": Sort.AMOUNT,
    "huawei.com/Ascend310P-memory": Sort.AMOUNT,
    "huawei.com/Ascend2030-new": Sort.UNKNOWN,
    "huawei.com/rdma": Sort.NONE,
    "cambricon.com/mlu": Sort.AS_SET,
    "cambricon.com/mlu370": Sort.AS_SET,
    "cambricon.com/vmlu": Sort.PART,
    "cambricon.com/mlu.share": Sort.UNKNOWN,
    "cambricon.com/mlu370.smlu.vcore": Sort.AMOUNT,
    "hygon.com/dcu": Sort.AS_SET,
    "hygon.com/dcunum": Sort.PART,
    "hygon.com/hcumem": Sort.AMOUNT,
    "enflame.com/gcu": Sort.AS_SET,
    "enflame.com/drs-gcu": Sort.PART,
    "enflame.com/gcu-memory": Sort.AMOUNT,
    "metax-tech.com/gpu": Sort.AS_SET,
    "metax-tech.com/sgpu": Sort.PART,
    "metax-tech.com/vmemory": Sort.AMOUNT,
    "iluvatar.ai/MR-V100-vgpu": Sort.PART,
    "iluvatar.ai/BI-V150.vMem": Sort.AMOUNT,
    "mthreads.com/vgpu": Sort.PART,
    "mthreads.com/sgpu-core": Sort.AMOUNT,
    "kunlunxin.com/xpu": Sort.AS_SET,
    "kunlunxin.com/vxpu": Sort.PART,
    "kunlunxin.com/vxpu-memory": Sort.AMOUNT,
    "vastaitech.com/va": Sort.AS_SET,
    "birentech.com/gpu": Sort.AS_SET,
    "birentech.com/1-2-gpu": Sort.UNKNOWN,
    "acme.example/npu": Sort.UNKNOWN,
    "acme.example/NPU-v2": Sort.UNKNOWN,
    "tke.cloud.tencent.com/qgpu-core": Sort.UNKNOWN,
    "tencent.com/vcuda-core": Sort.UNKNOWN,
    "k8s.amazonaws.com/vgpu": Sort.UNKNOWN,
    "koordinator.sh/gpu-memory": Sort.NONE,
    "acme.example/input": Sort.NONE,
    "acme.example/output": Sort.NONE,
    "acme.example/fpga": Sort.NONE,
    "devices.kubevirt.io/kvm": Sort.NONE,
    "requests.acme.example/npu": Sort.NONE,
    "rdma/hca": Sort.NONE,
    "cpu": Sort.NONE,
    "hugepages-2Mi": Sort.NONE,
    "nvidia.com/gpu": Sort.NONE,
    "aliyun.com/gpu-mem": Sort.NONE,
}
"""As plugins and HAMi's chart call what they offer; those of NVIDIA, AMD, Intel are elsewhere."""


@pytest.mark.parametrize(("name", "sort"), SORTS.items(), ids=SORTS.keys())
def test_what_a_resource_is(name: str, sort: Sort) -> None:
    assert offered_as(name).sort is sort
    if name.startswith(("nvidia.com", "aliyun.com")):
        return
    assert is_accelerator(name) is (sort not in (Sort.AMOUNT, Sort.NONE))
    assert bool(profile_of(name)) is (sort is Sort.PART)


@given(st.text(max_size=60))
def test_any_name_is_one_sort(name: str) -> None:
    offered = offered_as(name)
    assert (offered.sort is Sort.PART) is bool(profile_of(name) and "/" in profile_of(name))
    assert (offered.sort is Sort.AS_SET) is bool(offered.told_by)
    if offered.sort in (Sort.AMOUNT, Sort.NONE):
        assert doubt_of(name) == ""


@given(
    st.from_regex(r"[a-z]{1,9}\.(ai|com)/(v|s)?(gpu|npu|tpu)(-[a-z]{1,4}[0-9])?", fullmatch=True)
)
def test_what_is_called_so_is_never_passed_over(name: str) -> None:
    found = offered_as(name).sort
    assert found is Sort.UNKNOWN
    (row,) = devices(offering(name, 2))
    assert "is not known here" in row.unknown[0]


def offering(name: str, count: int, **labels: str) -> Resource:
    metadata, status = {"labels": labels}, {"capacity": {name: str(count), "cpu": "64"}}
    return resource("Node", "n", metadata=metadata, status=status)


def two(name: str, **more: object) -> list[Resource]:
    return [pod(f"{tenant}/x", {name: 1, **more}) for tenant in "ab"]


@pytest.mark.parametrize("name", ["google.com/tpu", "aws.amazon.com/neuron", "habana.ai/gaudi"])
def test_what_is_given_out_once_is_not_shared_and_in_no_doubt(name: str) -> None:
    (row,) = devices(offering(name, 4), *two(name))
    assert [each.tenant for each in row.tenants] == ["a", "b"]
    assert (row.count, row.isolation, row.unknown) == (4, "exclusive", ())
    assert shared(offering(name, 4), *two(name)) == []


@pytest.mark.parametrize("name", ["huawei.com/Ascend310P", "cambricon.com/mlu"])
def test_what_can_be_set_otherwise_says_what_would_tell(name: str) -> None:
    (row,) = devices(offering(name, 8), *two(name))
    assert row.isolation == "exclusive"
    assert f"how often each {name} is given out: " in row.unknown[0]


PARTS = {
    "aws.amazon.com/neuroncore": ("compute-partition", "shared"),
    "huawei.com/Ascend910-2c": ("unknown", "none"),
    "huawei.com/npu-core": ("unknown", "none"),
    "cambricon.com/vmlu": ("software-slice", "soft-quota"),
    "metax-tech.com/sgpu": ("software-slice", "soft-quota"),
}


@pytest.mark.parametrize(("name", "expected"), PARTS.items(), ids=PARTS.keys())
def test_parts_may_be_of_one_device(name: str, expected: tuple[str, str]) -> None:
    assert shared(offering(name, 8), *two(name)) == [("a b", *expected, "possible")]
    (row,) = devices(offering(name, 8), *two(name))
    assert f"no label of the node says of how many devices {name} are parts" in row.unknown
    assert {each.part for each in row.tenants} == {name}
    assert steps_of(profile_of(name))[0].mechanism is Mechanism(expected[0])


def test_an_only_part_is_nobody_elses() -> None:
    assert shared(offering("cambricon.com/vmlu", 1), *two("cambricon.com/vmlu")[:1]) == []


def test_a_core_that_the_kubelet_names_is_a_part_of_what_is_not_told() -> None:
    core = "aws.amazon.com/neuroncore"
    pods = [pod(f"{tenant}/x", {core: 1}, given={core: [str(n)]}) for n, tenant in enumerate("ab")]
    assert shared(offering(core, 8), *pods) == [
        ("a b", "compute-partition", "shared", "possible")
    ], "two ids are no two chips"


def test_a_core_may_be_of_a_chip_that_another_has() -> None:
    """The node offers the same chips under both names, and the kubelet counts each by itself."""
    capacity = {"aws.amazon.com/neuron": "2", "aws.amazon.com/neuroncore": "4"}
    offered = resource("Node", "n", metadata={}, status={"capacity": capacity})
    core = pod("a/x", {"aws.amazon.com/neuroncore": 1})
    chips = [pod(f"{tenant}/x", {"aws.amazon.com/neuron": 1}) for tenant in "bc"]
    assert shared(offered, core, *chips) == [
        ("a b", "unknown", "none", "possible"),
        ("a c", "unknown", "none", "possible"),
    ], "b and c have a chip each"
    own = pod("a/y", {"aws.amazon.com/neuron": 1})
    assert shared(offered, core, own) == []
    elsewhere = pod("b/x", {"aws.amazon.com/neuron": 1}, on="m")
    assert shared(offered, core, elsewhere) == []


def test_what_the_kubelet_says_of_ascend_is_no_evidence() -> None:
    """Its plugin mounts what the scheduler wrote on the pod."""
    name = "huawei.com/Ascend910"
    pods = [pod(f"{tenant}/x", {name: 1}, given={name: ["Ascend910-0"]}) for tenant in "ab"]
    (row,) = devices(offering(name, 8), *pods)
    assert (row.device, row.known) == (name, False)


def test_amounts_alone_are_no_device() -> None:
    assert devices(offering("huawei.com/Ascend910B3-memory", 65536)) == []


def test_a_tpu_is_called_as_its_node_says() -> None:
    labels = {"cloud.google.com/gke-tpu-accelerator": "tpu-v5p-slice"}
    (row,) = devices(offering("google.com/tpu", 4, **labels))
    assert row.product == "tpu-v5p-slice"


WAYS = {
    "AWS_NEURON_VISIBLE_DEVICES": "every Neuron device",
    "ASCEND_VISIBLE_DEVICES": "every Ascend NPU",
    "CAMBRICON_VISIBLE_DEVICES": "every MLU",
    "MTHREADS_VISIBLE_DEVICES": "every Moore Threads GPU",
}
NAMES = {
    "AWS_NEURON_VISIBLE_DEVICES": "aws.amazon.com/neuron",
    "ASCEND_VISIBLE_DEVICES": "huawei.com/Ascend910",
    "CAMBRICON_VISIBLE_DEVICES": "cambricon.com/mlu",
    "MTHREADS_VISIBLE_DEVICES": "mthreads.com/gpu",
}


@pytest.mark.parametrize(("variable", "words"), WAYS.items(), ids=WAYS.keys())
def test_a_variable_leads_to_those_of_its_maker(variable: str, words: str) -> None:
    asking = pod("a/x", container={"env": [{"name": variable, "value": "all"}]})
    (reach,) = bodies("gpu/Reach", offering(NAMES[variable], 8), asking)
    assert (reach["gpus"], reach["certainty"]) == (words, "possible")
    assert bodies("gpu/Reach", offering("google.com/tpu", 8), asking) == []


@pytest.mark.parametrize("path", ["/dev/neuron0", "/dev/vdavinci100", "/dev/cambricon_dev0"])
def test_a_device_node_does_too(path: str) -> None:
    name = {"n": "aws.amazon.com/neuron", "v": "huawei.com/Ascend910", "c": "cambricon.com/mlu"}
    asking = pod("a/x", volumes=[{"name": "v", "hostPath": {"path": path}}])
    (reach,) = bodies("gpu/Reach", offering(name[path[5]], 8), asking)
    assert [way["name"] for way in reach["ways"]] == ["device-folder"]


LOOKS = {
    "a limit": (b'{"limits":{"cpu":"1","acme.example/x":"1"}}', True),
    "a request": (b'{"requests":{"acme.example/x":"1"}}', True),
    "the second container's": (b'[{"limits":{"cpu":"1"}},{"limits":{"a.b/x":"1"}}]', True),
    "with spaces": (b'{"limits" : { "google.com/tpu" : 4 } }', True),
    "none": (b'{"image":"r.io/a/b:1","limits":{"cpu":"1"},"requests":{"cpu":"1"}}', False),
    "cut": (b'{"limits":{"cpu":"1"', True),
    "no limits": (b'{"image":"r.io/a/b:1"}', False),
}


@pytest.mark.parametrize(("body", "worth"), LOOKS.values(), ids=LOOKS.keys())
def test_pods_that_ask_for_what_has_a_domain_are_looked_at(body: bytes, *, worth: bool) -> None:
    assert worth_a_look(body) is worth
