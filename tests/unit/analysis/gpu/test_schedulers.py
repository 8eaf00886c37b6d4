"""Nobody helps himself by what he writes for a scheduler to read."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.gpu.pods import LONGEST
from auditor.analysis.gpu.shares import Certainty
from tests.unit.analysis.gpu.placed import (
    ALLOCATED,
    HALF,
    MIG,
    MODE,
    NODE,
    ONE,
    PLANNED,
    A,
    B,
    given_by_hami,
    instance,
    levels,
    pod,
    register,
    reservation,
    said,
)

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
