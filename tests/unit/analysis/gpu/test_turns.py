"""How often plugins of Huawei and Cambricon give out a device."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import devices, pod, resource, shared

CHIP, CARD = "huawei.com/Ascend910", "cambricon.com/mlu"
TURNS = [("a b", "time-slicing", "shared", "possible")]
SLICES = [("a b", "software-slice", "soft-quota", "possible")]


def plugin(*arguments: str, **spec: object) -> Resource:
    container = {"name": "p", "command": ["/bin/bash", "-c", "--"], "args": list(arguments)}
    template = {"spec": {"containers": [container], **spec}}
    return resource("DaemonSet", "p", "kube-system", spec={"template": template})


def found(name: str, *others: Resource) -> list[tuple[str, str, str, str]]:
    status = {"capacity": {name: "8"}}
    offered = resource("Node", "n", metadata={"labels": {"pool": "shared"}}, status=status)
    return shared(offered, *others, *(pod(f"{tenant}/x", {name: 1}) for tenant in "ab"))


STARTED: dict[str, tuple[str, list[str], list[Any]]] = {
    "a chip in turns": (CHIP, ["device-plugin -volcanoType=false -shareDevCount=4"], TURNS),
    "once": (CHIP, ["device-plugin -shareDevCount=1"], []),
    "in soft slices": (
        CHIP,
        ["device-plugin -shareDevCount=100 -softShareDevConfigDir=/share_device/"],
        SLICES,
    ),
    "the last one counts": (CHIP, ["device-plugin -shareDevCount=4 -shareDevCount=1"], []),
    "two dashes": (CHIP, ["--shareDevCount=2"], TURNS),
    "no number": (CHIP, ["-shareDevCount=many"], []),
    "a card in turns": (CARD, ["--mode=env-share", "--virtualization-num=10"], TURNS),
    "a number that another mode does not look at": (
        CARD,
        ["--mode=dynamic-smlu", "--virtualization-num=10"],
        [],
    ),
    "of another maker": (CARD, ["-shareDevCount=4"], []),
    "parts of chips are given out once": ("huawei.com/npu-core", ["-shareDevCount=4"], None),
}


@pytest.mark.parametrize(("name", "arguments", "expected"), STARTED.values(), ids=STARTED.keys())
def test_a_plugin_says_how_often(name: str, arguments: list[str], expected: Any) -> None:
    without = found(name)
    assert found(name, plugin(*arguments)) == (without if expected is None else expected)


@pytest.mark.parametrize(("pool", "expected"), [("shared", TURNS), ("alone", [])])
def test_it_runs_where_it_is_selected(pool: str, expected: list[Any]) -> None:
    started = plugin("-shareDevCount=4", nodeSelector={"pool": pool})
    assert found(CHIP, started) == expected


def test_the_row_says_by_what() -> None:
    status = {"capacity": {CHIP: "8"}}
    offered = resource("Node", "n", metadata={}, status=status)
    (row,) = devices(offered, plugin("-shareDevCount=4"))
    assert row.count == 2
    assert "by its maker's plugin each is given out 4 times" in row.unknown[0]


@pytest.mark.parametrize("spec", [None, [], {"containers": None}, {"containers": [3, {"args": 1}]}])
def test_odd_plugins_say_nothing(spec: object) -> None:
    odd = resource("DaemonSet", "p", "x", spec={"template": {"spec": spec}}, note="shareDevCount")
    assert found(CHIP, odd) == []
