"""What is believed of what schedulers wrote, and that nobody helps himself by writing it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.gpu.declared import Declared
from auditor.analysis.gpu.pods import LONGEST
from auditor.analysis.gpu.shares import Certainty
from tests.unit.analysis.gpu.placed import A, B, grants, levels, pod, register, said

ALLOCATED = "hami.io/vgpu-devices-allocated"
PLANNED = "hami.io/vgpu-devices-to-allocate"
NODE = "hami.io/vgpu-node"
MODE = "nvidia.com/vgpu-mode"
MIG = "hami.io/vgpu-mig-allocations"
HAMI = "any GPU that HAMi or Volcano divides"
KAI = "any GPU that KAI or Run:ai shares"
ONE = {"nvidia.com/gpu": "1"}
SOFT, TURNS = "software-slice", "time-slicing"


def given_by_hami(uuid: str, **more: str) -> dict[str, str]:
    return {ALLOCATED: f"{uuid},NVIDIA,3000,30:;", NODE: "n", **more}


def notes(found: list[Declared], gpu: str) -> list[str]:
    return sorted({each.note for each in found if each.gpu == gpu and each.note})


def chat(annotations: Mapping[str, str], **more: Any) -> dict[str, Any]:
    return {"llm/chat": pod(annotations=annotations, limits=ONE, **more)}


def instance(uuid: str, number: int) -> str:
    entry = {
        "containerIndex": 0,
        "deviceIndex": 0,
        "gpuUUID": uuid,
        "profile": "1g.10gb",
        "placement": {"start": 0, "size": 1},
        "migUUID": f"MIG-{number}",
        "gpuInstanceID": number,
        "computeInstanceID": 0,
    }
    return json.dumps([entry])


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


# KAI


def reservation(group: str, device: str = "", **more: Any) -> dict[str, Any]:
    annotations = {"run.ai/reserve_for_gpu_index": device} if device else {}
    return pod(annotations=annotations, labels={"runai-gpu-group": group}, limits=ONE, **more)


HALF = {"gpu-fraction": "0.5"}


def half(*groups: str) -> dict[str, Any]:
    if len(groups) == 1:
        return pod(annotations=HALF, labels={"runai-gpu-group": groups[0]})
    several = {**HALF, "gpu-fraction-num-devices": str(len(groups))}
    return pod(annotations=several, labels={f"runai-gpu-group/{each}": each for each in groups})


FRACTION = "scheduler-fraction"


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


# Whatever a tenant writes

NAMES = [
    ALLOCATED,
    PLANNED,
    NODE,
    MODE,
    MIG,
    "volcano.sh/vgpu-ids-new",
    "volcano.sh/devices-to-allocate",
    "volcano.sh/vgpu-node",
    "volcano.sh/vgpu-mode",
    "nvidia.com/use-gpuuuid",
    "nvidia.com/nouse-gpuuuid",
    "nvidia.com/use-gputype",
    "gpu-fraction",
    "gpu-memory",
    "gpu-fraction-num-devices",
    "mps",
    "received-resource-type",
    "run.ai/reserve_for_gpu_index",
]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            f"{A},NVIDIA,1,1:;",
            f"{B},NVIDIA,1,1:;",
            "GPU-9,NVIDIA,1,1:;",
            f"{A}[0-1],NVIDIA,1,1:;",
            f"MIG-{A}/1/0,NVIDIA,1,1:;",
            ",,1,1",
            "[" * 5000,
            "9" * LONGEST,
            "n",
            "m",
            "mig",
            "mps",
            "hami-core",
            instance(A, 7),
            instance(B, 1),
            A,
            B,
            "0.5",
            "1e999",
            "Fraction",
            "true",
            "g",
            "",
        ]
    ),
    st.lists(st.sampled_from([A, B, ",", ":", ";", "NVIDIA", "1", "-", "[", "]"])).map("".join),
)
GIVEN_TO = [{ALLOCATED: f"{uuid},NVIDIA,1,1:;"} for uuid in (A, B, "GPU-9")]
ANNOTATIONS = st.builds(
    lambda usual, rest: {**usual, **rest},
    st.sampled_from([{}, *GIVEN_TO]),
    st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=3),
)
LABELS = st.dictionaries(
    st.sampled_from(["runai-gpu-group", "runai-gpu-group/g", "runai-gpu-group/h"]), TEXTS
)
NODES = st.sampled_from(
    [
        None,
        register("hami-core", "hami-core"),
        register("mig", "mig"),
        register("mig", "hami-core"),
        register("mps", "mps"),
        {"metadata": {"annotations": {"hami.io/node-nvidia-register": "[]"}}},
        {"metadata": {"annotations": {"hami.io/node-nvidia-register": "[" * 3000}}},
        {"metadata": {"annotations": {"volcano.sh/node-vgpu-register": f"{A},1,1,X,true,mig:"}}},
        {"status": {"capacity": {"nvidia.com/gpu": "1"}}},
    ]
)
GIVEN = st.sampled_from([[], [f"{A}-1"], [f"{B}-7"], [A]])


def others() -> dict[str, dict[str, Any]]:
    return {
        "kai-resource-reservation/r": reservation("g", A),
        "web/rank": pod(annotations={**given_by_hami(A), **HALF}, labels={"runai-gpu-group": "g"}),
        "vision/train": pod(annotations=given_by_hami(B, **{MIG: instance(B, 1)}), limits=ONE),
    }


@given(
    annotations=ANNOTATIONS,
    labels=LABELS,
    node=NODES,
    devices=GIVEN,
    asks=st.booleans(),
)
def test_no_text_raises_the_level_of_its_writer(
    annotations: dict[str, str],
    labels: dict[str, str],
    node: dict[str, Any] | None,
    devices: list[str],
    *,
    asks: bool,
) -> None:
    limits = ONE if asks else {}

    def found(written: dict[str, str], marked: dict[str, str]) -> dict[tuple[str, str], int]:
        kept = {**written, "hami.io/x": ""}
        body = pod(annotations=kept, labels=marked, limits=limits, given=devices)
        return levels(said({**others(), "llm/chat": body}, node))

    without, written = found({}, {}), found(annotations, labels)
    assert {pair for pair in without if written.get(pair, 99) > without[pair]} == set()


@given(
    annotations=ANNOTATIONS,
    labels=LABELS,
    node=NODES,
    devices=GIVEN,
)
def test_no_text_is_more_than_declared_without_the_kubelet(
    annotations: dict[str, str],
    labels: dict[str, str],
    node: dict[str, Any] | None,
    devices: list[str],
) -> None:
    body = pod(annotations=annotations, labels=labels, limits=ONE, given=devices)
    ids = {A, B} & {each.rpartition("-")[0] or each for each in devices} | {A} & set(devices)
    for each in said({"llm/chat": body}, node):
        assert each.grant.certainty is not Certainty.PROVEN
        if each.grant.certainty is Certainty.EXACT:
            assert each.gpu in ids


@given(
    text=st.text(max_size=200) | TEXTS,
    name=st.sampled_from(
        [
            "hami.io/node-nvidia-register",
            "volcano.sh/node-vgpu-register",
            "hami.io/node-nvidia-score",
        ]
    ),
)
def test_no_text_of_a_node_raises(text: str, name: str) -> None:
    said(others(), {"metadata": {"annotations": {name: text}}})
