"""What HAMi and Ascend's plugin write of who was given which accelerator of other makers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.gpu.vendor_grants import ANY, REAL
from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import bodies, devices, pod, resource, shared

CHIP, MLU = "huawei.com/Ascend910", "cambricon.com/vmlu"


def has(tenant: str, name: str, annotations: dict[str, str]) -> Resource:
    return pod(f"{tenant}/x", {name: 1}, annotations=annotations)


def offering(name: str, count: int = 8) -> Resource:
    return resource("Node", "n", metadata={}, status={"capacity": {name: str(count)}})


def real(*values: str) -> list[Resource]:
    pods = [has(tenant, CHIP, {REAL: value}) for tenant, value in zip("abc", values, strict=False)]
    return [offering(CHIP), *pods]


SHARED = {
    "a chip that two have": (
        ("Ascend910-0,Ascend910-1", "Ascend910-1"),
        [("a b", "unknown", "none", "declared")],
    ),
    "two chips": (("Ascend910-0", "Ascend910-1"), []),
    "as older plugins write it": (
        ("Ascend910-0 Ascend910-3", "Ascend910-3"),
        [("a b", "unknown", "none", "declared")],
    ),
    "vNPUs of one chip": (
        ("Ascend910-2c-100-5", "Ascend910-4c.3cpu-101-5"),
        [("a b", "unknown", "none", "declared")],
    ),
    "vNPUs of two chips": (("Ascend910-2c-100-5", "Ascend910-2c-100-6"), []),
    "a chip in turns": (
        ("Ascend310P-0-0", "Ascend310P-0-7"),
        [("a b", "time-slicing", "shared", "declared")],
    ),
    "two chips in turns": (("Ascend310P-0-1", "Ascend310P-1-1"), []),
}


@pytest.mark.parametrize(("values", "expected"), SHARED.values(), ids=SHARED.keys())
def test_what_ascends_plugin_says_that_it_mounted(
    values: tuple[str, str], expected: list[tuple[str, str, str, str]]
) -> None:
    assert shared(*real(*values)) == expected


def test_what_is_no_device_is_said() -> None:
    rows = {row.device: row for row in devices(*real("everything", "Ascend910-1"))}
    assert rows[ANY].unknown == (f"pod a/x: {REAL} names no device",)
    assert rows["Ascend910-1"].product == "Ascend910"


def of_hami(word: str, *texts: str, name: str = MLU) -> list[Resource]:
    annotation = f"hami.io/{word}-devices-allocated"
    pods = [has(tenant, name, {annotation: text}) for tenant, text in zip("ab", texts, strict=True)]
    return [offering(name), *pods]


def test_a_card_of_which_two_have_a_slice() -> None:
    found = shared(*of_hami("cambricon-mlu", "MLU-1,MLU,3000,10:;", "MLU-1,MLU,2000,10:;"))
    assert found == [
        ("a b", "software-slice", "soft-quota", "declared"),
        ("a b", "software-slice", "soft-quota", "possible"),
    ]
    apart = shared(*of_hami("cambricon-mlu", "MLU-1,MLU,3000,10:;", "MLU-2,MLU,2000,10:;"))
    assert apart == [("a b", "software-slice", "soft-quota", "possible")], (
        "an annotation that its own tenant can write takes nobody off a card"
    )


def test_how_ascend_is_divided_does_not_stand_there() -> None:
    name = "huawei.com/Ascend910B3"
    texts = ("Ascend910B3-2,Ascend910B3,16384,0:;", "Ascend910B3-2,Ascend910B3,32768,0:;")
    found = shared(*of_hami("Ascend910B3", *texts, name=name))
    assert found[0] == ("a b", "unknown", "none", "declared")
    rows = {row.device: row for row in devices(*of_hami("Ascend910B3", *texts, name=name))}
    assert rows["Ascend910B3-2"].product == "Ascend910B3"


def test_one_that_hami_does_not_read_may_have_any() -> None:
    objects = of_hami("cambricon-mlu", "MLU-1,MLU:;", "MLU-1,MLU,1,1:;")
    (row,) = [row for row in devices(*objects) if row.device == ANY]
    assert row.unknown == (
        "pod a/x: hami.io/cambricon-mlu-devices-allocated: a device has fewer than four fields",
    )


def test_nvidias_are_told_elsewhere() -> None:
    objects = of_hami("vgpu", "GPU-1,NVIDIA,1,1:;", "GPU-1,NVIDIA,1,1:;", name="nvidia.com/gpu")
    assert [row.device for row in devices(*objects)].count("GPU-1") == 1


def test_pods_with_accelerators_of_others_have_no_slice_of_nvidias() -> None:
    register = '[{"id":"GPU-1","count":10,"devmem":1,"devcore":100,"type":"NVIDIA","health":true}]'
    capacity = {"nvidia.com/gpu": "10", "google.com/tpu": "4"}
    both = resource(
        "Node",
        "n",
        metadata={"annotations": {"hami.io/node-nvidia-register": register}},
        status={"capacity": capacity},
    )
    pods = [has("a", "nvidia.com/gpu", {}), has("b", "google.com/tpu", {})]
    assert shared(both, *pods) == []


texts = st.text("Ascend910NPUc.-0123456789, ;:", max_size=40)
words = st.sampled_from(
    [REAL, "hami.io/cambricon-mlu-devices-allocated", "hami.io/Ascend310P-devices-allocated"]
)


@given(st.lists(st.dictionaries(words, texts), min_size=1, max_size=3))
def test_anything_is_read_and_takes_nothing_away(written: list[dict[str, str]]) -> None:
    """With annotations two tenants are nowhere better apart than without."""
    pods = [has(tenant, MLU, each) for tenant, each in zip("abc", written, strict=False)]
    plain = [has(tenant, MLU, {}) for tenant, _ in zip("abc", written, strict=False)]
    before: dict[tuple[str, ...], int] = {}
    after: dict[tuple[str, ...], int] = {}
    for found, objects in ((before, plain), (after, pods)):
        for body in bodies("gpu/Share", offering(MLU), *objects):
            found[tuple(body["tenants"])] = min(each["level"] for each in body["found"])
    assert before.keys() <= after.keys()
    assert all(after[pair] <= level for pair, level in before.items())
