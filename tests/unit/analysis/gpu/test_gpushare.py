"""GPUs that schedulers give out by memory: gpushare of Alibaba Cloud, Volcano before vGPU."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.gpu.gpushare import ALLOCATION, INDICES, indices_of
from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import devices, pod, resource, shared

ALIYUN, VOLCANO = INDICES
MEMORY = {ALIYUN: "aliyun.com/gpu-mem", VOLCANO: "volcano.sh/gpu-memory"}
FRACTION = ("scheduler-fraction", "shared")


def has(tenant: str, annotations: dict[str, str], name: str = MEMORY[ALIYUN]) -> Resource:
    return pod(f"{tenant}/x", {name: 4}, annotations=annotations)


@pytest.mark.parametrize("mark", INDICES)
def test_two_that_were_given_memory_of_one_gpu_share_it(mark: str) -> None:
    pods = [has(tenant, {mark: "1"}, MEMORY[mark]) for tenant in "ab"]
    found = shared(*pods)
    assert ("a b", *FRACTION, "declared") in found
    assert {each.device for each in devices(*pods)} == {
        "index 1",
        "any GPU that is given out by memory",
    }


def test_on_two_gpus_they_still_may_share() -> None:
    """An annotation that its own tenant can write takes nobody off a GPU."""
    pods = [has(tenant, {ALIYUN: str(n)}) for n, tenant in enumerate("ab")]
    assert shared(*pods) == [("a b", *FRACTION, "possible")]


def test_ack_names_gpus_container_by_container() -> None:
    pods = [has("a", {ALLOCATION: '{"0":{"1":4},"1":{"2":4}}'}), has("b", {ALIYUN: "2"})]
    assert ("a b", *FRACTION, "declared") in shared(*pods)


def test_one_of_which_nothing_is_written_may_have_any() -> None:
    pods = [has("a", {}), has("b", {ALIYUN: "-1"}), has("c", {ALIYUN: "0"})]
    assert {(each[0], each[3]) for each in shared(*pods)} == {
        (pair, "possible") for pair in ("a b", "a c", "b c")
    }
    (row,) = [each for each in devices(*pods) if each.device.startswith("any")]
    assert "pod a/x: nothing says which GPU it has" in row.unknown


def test_memory_is_no_device_of_a_pool() -> None:
    offered = resource("Node", "n", status={"capacity": {MEMORY[ALIYUN]: "64", "cpu": "8"}})
    assert devices(offered) == []
    assert shared(offered, has("a", {}, "nvidia.com/other"), has("b", {ALIYUN: "0"})) == []


TEXTS: dict[str, tuple[dict[str, str], list[int]]] = {
    "several": ({VOLCANO: "2, 0,2"}, [0, 2]),
    "not yet": ({ALIYUN: "-1"}, []),
    "no number": ({ALIYUN: "x,"}, []),
    "too long a number": ({ALIYUN: "1" * 50}, []),
    "other digits": ({ALIYUN: "\u0661"}, []),
    "both forms": ({ALIYUN: "1", ALLOCATION: '{"0":{"3":2}}'}, [1, 3]),
    "no object": ({ALLOCATION: "[1]"}, []),
    "no objects in it": ({ALLOCATION: '{"0":7}'}, []),
    "cut": ({ALLOCATION: '{"0":{"1":'}, []),
    "nothing": ({}, []),
}


@pytest.mark.parametrize(("written", "expected"), TEXTS.values(), ids=TEXTS.keys())
def test_what_is_written_down(written: dict[str, str], expected: list[int]) -> None:
    assert indices_of(written) == expected


@given(st.dictionaries(st.sampled_from((*INDICES, ALLOCATION)), st.text(max_size=40)))
def test_anything_is_read(written: dict[str, Any]) -> None:
    found = indices_of(written)
    assert found == sorted(set(found))
    assert all(0 <= index < 10_000 for index in found)
