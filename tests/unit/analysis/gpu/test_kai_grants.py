"""What is believed of what KAI and Run:ai wrote."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.analysis.gpu.placed import HALF, A, B, grants, levels, notes, pod, reservation, said

KAI = "any GPU that KAI or Run:ai shares"
FRACTION = "scheduler-fraction"


def half(*groups: str) -> dict[str, Any]:
    if len(groups) == 1:
        return pod(annotations=HALF, labels={"runai-gpu-group": groups[0]})
    several = {**HALF, "gpu-fraction-num-devices": str(len(groups))}
    return pod(annotations=several, labels={f"runai-gpu-group/{each}": each for each in groups})


def test_pods_of_one_group_have_the_gpu_of_its_reservation_pod() -> None:
    found = said(
        {
            "kai-resource-reservation/r1": reservation("g1", A),
            "runai-reservation/r2": reservation("g2", B, given=[B]),
            "llm/chat": half("g1"),
            "web/rank": half("g1", "g2"),
        }
    )
    assert grants(found) == [
        (A, "llm/chat", FRACTION, "declared"),
        (A, "web/rank", FRACTION, "declared"),
        (B, "web/rank", FRACTION, "declared"),
        (KAI, "llm/chat", FRACTION, "possible"),
        (KAI, "web/rank", FRACTION, "possible"),
    ]
    assert levels(found) == {("llm", "web"): 1}


def test_mig_instance_that_is_reserved() -> None:
    found = said(
        {"kai-resource-reservation/r": reservation("g", f"MIG-{A}/7/0"), "llm/chat": half("g")}
    )
    assert [(each.gpu, [step.id for step in each.grant.path]) for each in found] == [
        (A, ["7", "0"])
    ]


def test_index_tells_gpus_of_a_node_apart() -> None:
    found = said({"kai-resource-reservation/r": reservation("g", "3"), "llm/chat": half("g")})
    assert grants(found) == [("index 3", "llm/chat", FRACTION, "declared")]


@pytest.mark.parametrize(
    ("pods", "gpu", "note"),
    [
        pytest.param(
            {}, "the GPU of group g", "no pod on the node reserves a GPU for the group", id="none"
        ),
        pytest.param(
            {"kai-resource-reservation/r": reservation("g")},
            "the GPU of group g",
            "pod kai-resource-reservation/r does not say which GPU it has",
            id="says nothing",
        ),
        pytest.param(
            {"kai-resource-reservation/r": reservation("g", A, given=[B])},
            A,
            f"pod kai-resource-reservation/r says {A}, and the kubelet gave it another GPU",
            id="kubelet",
        ),
        pytest.param(
            {
                "kai-resource-reservation/r": reservation("g", A),
                "kai-resource-reservation/s": reservation("g", B),
            },
            A,
            "several pods reserve a GPU for the group",
            id="two",
        ),
        pytest.param(
            {"mallory/r": reservation("g", A)},
            "the GPU of group g",
            "no pod on the node reserves a GPU for the group",
            id="elsewhere",
        ),
    ],
)
def test_group_whose_gpu_is_not_sure(pods: dict[str, Any], gpu: str, note: str) -> None:
    found = said({**pods, "llm/chat": half("g")})
    assert (gpu, "llm/chat", FRACTION, "possible") in grants(found)
    assert f"pod llm/chat, group g: {note}" in notes(found, gpu)


def test_pod_that_kai_would_have_refused() -> None:
    pods = {
        "kai-resource-reservation/r": reservation("g", A),
        "llm/chat": pod(annotations={"gpu-fraction": "1.5"}, labels={"runai-gpu-group": "g"}),
    }
    found = said(pods)
    assert grants(found) == [(A, "llm/chat", FRACTION, "possible")]
    assert notes(found, A) == ["pod llm/chat, group g: gpu-fraction is not above 0 and below 1"]


def test_fraction_without_a_group() -> None:
    found = said({"llm/chat": pod(annotations=HALF)})
    assert grants(found) == [(KAI, "llm/chat", FRACTION, "possible")]
    assert notes(found, KAI) == ["pod llm/chat: nothing says of which group it is"]
