"""What KAI's own checks make of annotations and labels, and what ours do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.analysis.gpu.bypass import ways_of
from auditor.analysis.gpu.kai import groups_of, is_fraction, refused, wish_of
from auditor.analysis.gpu.podspec import pod_in
from auditor.analysis.gpu.shares import Certainty
from tests.unit.analysis.gpu.placed import grants, pod, said, use_of
from tests.unit.analysis.gpu.vectors import Rows

ROWS = Rows("kai.json")
WISHES = ROWS.take(
    "none",
    "fraction",
    "memory",
    "whole",
    "multi",
    "mps",
    "container-name",
    "received",
    but="multilabel",
)
OTHER_MUTATIONS = ("mutate-not-fraction", "mutate-sharing-off-plain")


def annotations(row: dict[str, Any]) -> dict[str, str]:
    return row["input"].get("annotations", {})


@pytest.mark.parametrize("name", WISHES)
def test_wish_of_a_pod(name: str) -> None:
    row = ROWS.rows[name]
    wish, outcome = wish_of(annotations(row)), row["outcome"]
    assert wish.fractional is outcome["fractional"]
    if "fraction" in outcome:
        assert wish.fraction == outcome["fraction"]
    if "memoryMiB" in outcome:
        assert wish.memory == outcome["memoryMiB"]
    if "devices" in outcome:
        assert (wish.devices, wish.several) == (outcome["devices"], outcome["multiFraction"])


@pytest.mark.parametrize("name", WISHES)
def test_whether_a_pod_is_admitted(name: str) -> None:
    row = ROWS.rows[name]
    every = [
        *row["input"].get("containerLimits", ()),
        *row["input"].get("initContainerLimits", ()),
    ]
    assert (refused(annotations(row), every) == "") is row["outcome"]["admitted"]


@pytest.mark.parametrize("name", WISHES)
def test_whole_gpu_of_a_pod(name: str) -> None:
    # An init container's is no whole GPU for KAI, and neither is one of 0 for us.
    row = ROWS.rows[name]
    limits = row["input"].get("containerLimits", ())
    requests = row["input"].get("containerRequests", ())
    containers = [{"name": "c", "resources": {"limits": each}} for each in limits]
    containers += [{"name": "c", "resources": {"requests": each}} for each in requests]
    body = pod(annotations={**annotations(row), "hami.io/x": ""})
    body["spec"]["containers"] = containers
    zero = any(each.get("nvidia.com/gpu") == "0" for each in limits)
    whole = "nvidia.com/gpu" in use_of(body).asked
    assert (whole or zero) is row["outcome"]["wholeGPU"]


@pytest.mark.parametrize("name", ROWS.take("groups-"))
def test_groups_of_a_pod(name: str) -> None:
    row = ROWS.rows[name]
    body = pod(annotations=annotations(row), labels=row["input"].get("labels", {}))
    found = groups_of(use_of(body).written)
    if name == "groups-multi-labels-only":
        # KAI's helper sees none of the labels that its own binder writes; the pod shares anyway.
        assert (found, row["outcome"]["groups"]) == (["g1", "g2"], [])
    else:
        assert found == row["outcome"]["groups"]


@pytest.mark.parametrize("name", ROWS.take("multilabel"))
def test_label_of_one_group_of_several(name: str) -> None:
    row = ROWS.rows[name]
    assert groups_of(row["outcome"]["labels"]) == [row["input"]["group"]]


@pytest.mark.parametrize("name", ROWS.take("mutate-"))
def test_pod_that_admission_changed_may_reach_every_gpu(name: str) -> None:
    """The variables that admission adds are a way past the allocation, with and without a label.

    Which ConfigMap they come from and the mount are not modelled: neither says who has which GPU.
    What is refused for the installation's settings or a container's name leaves no pod.
    """
    row = ROWS.rows[name]
    assert is_fraction(annotations(row)) is (name not in OTHER_MUTATIONS)
    added = row["outcome"].get("envAdded", {})
    if not row["outcome"]["admitted"]:
        assert not added
        return
    containers = {
        each: [
            {"name": text.partition("<-")[0], "valueFrom": {"configMapKeyRef": {"name": "m"}}}
            for text in added.get(each, ())
            if not text.startswith("envFrom")
        ]
        for each in (*row["input"]["initContainers"], *row["input"]["containers"])
    }
    spec = {"containers": [{"name": name, "env": env} for name, env in containers.items()]}
    ways = ways_of(pod_in(json.dumps({"spec": spec}).encode()))
    wanted = [("environment", Certainty.POSSIBLE)] if added else []
    assert [(way.name, way.certainty) for way in ways] == wanted


@pytest.mark.parametrize("name", ROWS.take("reserve-"))
def test_reservation_pod_tells_the_gpu_of_its_group(name: str) -> None:
    row = ROWS.rows[name]["outcome"]
    reserving = row["reservationPod"]
    index = {"run.ai/reserve_for_gpu_index": row["gpuIndex"]}
    found = said(
        {
            f"{reserving['namespace']}/{reserving['namePrefix']}x": pod(
                annotations={**reserving["annotations"], **index},
                labels=reserving["labels"],
                limits=reserving["limits"],
            ),
            "llm/chat": pod(annotations=row["podAnnotationsAfter"], labels=row["podLabelsAfter"]),
        }
    )
    assert grants(found) == [(row["gpuIndex"], "llm/chat", "scheduler-fraction", "declared")]
    assert [each.note for each in found] == [""]


def test_every_row_is_held_to() -> None:
    assert len(ROWS.rows) == 86
    assert ROWS.left() == []
