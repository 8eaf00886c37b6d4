"""What is believed of what HAMi and Volcano wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.analysis.gpu.placed import (
    ALLOCATED,
    MIG,
    MODE,
    NODE,
    ONE,
    PLANNED,
    SOFT,
    TURNS,
    A,
    B,
    given_by_hami,
    grants,
    instance,
    levels,
    notes,
    pod,
    register,
    said,
)

HAMI = "any GPU that HAMi or Volcano divides"


def chat(annotations: Mapping[str, str], **more: Any) -> dict[str, Any]:
    return {"llm/chat": pod(annotations=annotations, limits=ONE, **more)}


def test_what_a_scheduler_wrote_is_declared_and_what_else_may_be_is_possible() -> None:
    pods = {
        "llm/chat": pod(annotations=given_by_hami(A), limits=ONE),
        "web/rank": pod(annotations=given_by_hami(A, **{PLANNED: ";"}), limits=ONE),
        "vision/train": pod(annotations=given_by_hami(B), limits=ONE),
        "batch/late": pod(limits=ONE),
    }
    found = said(pods, register("hami-core", "hami-core"))
    assert grants(found) == [
        (A, "llm/chat", SOFT, "declared"),
        (A, "web/rank", SOFT, "declared"),
        (B, "vision/train", SOFT, "declared"),
        (HAMI, "batch/late", SOFT, "possible"),
        (HAMI, "llm/chat", SOFT, "possible"),
        (HAMI, "vision/train", SOFT, "possible"),
        (HAMI, "web/rank", SOFT, "possible"),
    ]
    assert {each.note for each in found} == {""}
    assert {each.product for each in found if each.gpu in (A, B)} == {"NVIDIA-Example H100"}


def test_pods_of_one_tenant_may_meet_without_a_word() -> None:
    pods = {
        "llm/a": pod(annotations=given_by_hami(A), limits=ONE),
        "llm/b": pod(annotations=given_by_hami(B), limits=ONE),
    }
    assert grants(said(pods, register("hami-core", "hami-core"))) == [
        (A, "llm/a", SOFT, "declared"),
        (B, "llm/b", SOFT, "declared"),
    ]


def test_kubelet_that_agrees_makes_it_exact() -> None:
    found = said(chat(given_by_hami(A), given=[f"{A}-3"]), register("hami-core", "hami-core"))
    assert grants(found) == [(A, "llm/chat", SOFT, "exact")]


def test_kubelet_that_says_another_device() -> None:
    found = said(chat(given_by_hami(A), given=[f"{B}::3"]), register("hami-core", "hami-core"))
    assert grants(found) == [(A, "llm/chat", SOFT, "possible"), (B, "llm/chat", SOFT, "declared")]
    assert notes(found, A) == [f"pod llm/chat: the kubelet gave {B}"]


def test_kubelet_alone_is_no_more_than_declared_where_hami_hands_out() -> None:
    found = said(chat({}, given=[f"{A}-3"]), register("hami-core"))
    assert grants(found) == [(A, "llm/chat", SOFT, "declared")]


@pytest.mark.parametrize(
    ("mode", "mechanism"),
    [
        ("hami-core", SOFT),
        ("", SOFT),
        ("mig", "mig"),
        ("mps", "mps"),
        ("else", "unknown"),
    ],
)
def test_mode_of_the_node_is_the_mechanism(mode: str, mechanism: str) -> None:
    assert grants(said(chat(given_by_hami(A)), register(mode))) == [
        (A, "llm/chat", mechanism, "declared")
    ]


def test_mode_of_the_pod_only_weakens() -> None:
    better = said(chat(given_by_hami(A, **{MODE: "mig"})), register("hami-core"))
    worse = said(chat(given_by_hami(A, **{MODE: "hami-core"})), register("mig"))
    assert grants(better) == [(A, "llm/chat", SOFT, "possible")]
    assert grants(worse) == [(A, "llm/chat", SOFT, "possible")]
    said_so = ["pod llm/chat: the node divides the device by another mode than the pod says"]
    assert notes(better, A) == notes(worse, A) == said_so


def test_limit_that_holds_nobody() -> None:
    env = [{"name": "CUDA_DISABLE_CONTROL", "value": "true"}]
    found = said(chat(given_by_hami(A), env=env), register("hami-core"))
    assert grants(found) == [(A, "llm/chat", TURNS, "declared")]
    assert notes(found, A) == ["no limit holds pod llm/chat: container c sets CUDA_DISABLE_CONTROL"]
    assert grants(said(chat(given_by_hami(A), env=env), register("mig")))[0][2] == "mig"


def test_mig_instances() -> None:
    pods = {
        f"{tenant}/x": pod(annotations=given_by_hami(A, **{MIG: instance(A, number)}), limits=ONE)
        for tenant, number in (("llm", 7), ("vision", 9))
    }
    pods["web/old"] = pod(annotations=given_by_hami(f"{A}[0-2]"), limits=ONE)
    found = said(pods, register("mig"))
    paths = {each.grant.pod: each.grant.path[0].id for each in found if each.gpu == A}
    assert paths == {"llm/x": "7", "vision/x": "9", "web/old": "0-2"}
    assert set(levels(found).values()) == {5}


def test_one_mig_instance_said_to_be_of_two_pods() -> None:
    pods = {
        f"{tenant}/x": pod(annotations=given_by_hami(A, **{MIG: instance(A, 7)}), limits=ONE)
        for tenant in ("llm", "vision")
    }
    found = said(pods, register("mig"))
    assert {each.grant.sharing.value for each in found if each.gpu == A} == {"unknown"}
    assert levels(found) == {("llm", "vision"): 0}
    assert notes(found, A) == [
        "pod llm/x: another pod names the instance 7 as well",
        "pod vision/x: another pod names the instance 7 as well",
    ]


@pytest.mark.parametrize(
    ("annotations", "note"),
    [
        pytest.param({NODE: "m"}, f"annotation {NODE} says another node", id="node"),
        pytest.param(
            {PLANNED: f"{B},NVIDIA,1,1:;"}, "its annotations name different devices", id="plan"
        ),
        pytest.param(
            {ALLOCATED: f"{A},NVIDIA,1,1:;;{A},NVIDIA,1,1:;"},
            f"annotation {ALLOCATED} is of more containers than the pod has",
            id="containers",
        ),
        pytest.param(
            {"nvidia.com/use-gpuuuid": B}, "the pod's own annotations exclude the device", id="uuid"
        ),
        pytest.param(
            {"nvidia.com/nouse-gputype": "h100"},
            "the pod's own annotations exclude the model",
            id="model",
        ),
    ],
)
def test_contradiction_is_a_note_and_lowers_the_certainty(
    annotations: dict[str, str], note: str
) -> None:
    wrong = {**given_by_hami(A), **annotations}
    found = said(chat(wrong, given=[f"{A}-1"]), register("hami-core", "hami-core"))
    assert {(A, "llm/chat", SOFT, word) for word in ("declared", "possible")} <= set(grants(found))
    assert f"pod llm/chat: {note}" in notes(found, A)


def test_device_that_the_node_does_not_register() -> None:
    for node in (register("hami-core", ids=[B]), {"status": {"capacity": {"nvidia.com/gpu": "1"}}}):
        found = said(chat(given_by_hami(A)), node)
        assert (A, "llm/chat", SOFT, "possible") in grants(found)
        note = "pod llm/chat: the register of the node does not have the device"
        assert notes(found, A) == [note]


def test_node_that_was_not_read_contradicts_nobody() -> None:
    assert grants(said(chat(given_by_hami(A, **{MODE: "hami-core"})))) == [
        (A, "llm/chat", SOFT, "declared")
    ]
    assert grants(said(chat(given_by_hami(A, **{MODE: "mig"})))) == [
        (A, "llm/chat", SOFT, "possible")
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{A},3000,30:;", "a device has fewer than four fields"),
        (f"{A},NVIDIA,3Gi,30:;", "a number is not readable"),
        (",NVIDIA,1,1:;", "a device has no id"),
        ("GPU\n1,NVIDIA,1,1:;", "a device has no id"),
        (f"{A},NVIDIA,1,1:;" * 5000, "it is too long"),
    ],
)
def test_text_that_is_not_valid_leaves_what_is_possible(text: str, why: str) -> None:
    found = said(chat({ALLOCATED: text}), register("hami-core"))
    assert grants(found) == [(HAMI, "llm/chat", SOFT, "possible")]
    assert notes(found, HAMI) == [f"pod llm/chat: annotation {ALLOCATED} is not valid: {why}"]


def test_register_that_is_not_valid() -> None:
    node = {"metadata": {"annotations": {"hami.io/node-nvidia-register": "GPU-1,10,1,1,X,0,true:"}}}
    found = said(chat(given_by_hami(A)), node)
    problem = "pod llm/chat: the register of the node is not valid: it is not JSON"
    assert (A, "llm/chat", SOFT, "possible") in grants(found)
    assert (notes(found, A), notes(found, HAMI)) == ([problem], [problem])


def test_device_of_an_init_container_may_be_given_on() -> None:
    text = f"{A},NVIDIA,1,1:;{B},NVIDIA,1,1:;"
    for policy, certainty in ((None, "possible"), ("Always", "declared")):
        init = [{"name": "i", "restartPolicy": policy}]
        found = said(chat({ALLOCATED: text}, init=init), register("hami-core", "hami-core"))
        assert grants(found) == [
            (A, "llm/chat", SOFT, certainty),
            (B, "llm/chat", SOFT, "declared"),
        ]


def test_notes_of_a_device_are_not_without_end() -> None:
    pods = {
        f"ns/{index}": pod(annotations=given_by_hami(A, **{NODE: "m"}), limits=ONE)
        for index in range(50)
    }
    found = said(pods, register("hami-core"))
    assert len(notes(found, A)) == 20
    assert len([each for each in found if each.gpu == A]) == 50
