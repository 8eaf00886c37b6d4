"""Whatever anybody writes, nobody is told to be surer of it, or better apart.

Each scene is two tenants of which some source says that they share a GPU. Then text that means
nothing is written over what the source says, or beside it. What the source said may be lost, and
then something else has to be said of it: two tenants never turn into strangers without a word.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.gpu.tenancy import Tenancies
from auditor.model.fact import Fact
from auditor.model.gpus import KIND, DeviceFact
from auditor.model.resource import Gap, Resource
from auditor.runner.rows import joined
from tests.sweeps import examples
from tests.unit.analysis.gpu.objects import (
    CAPSULE,
    PLUGIN,
    PROFILE,
    SHARED,
    claim,
    device,
    node,
    pod,
    resource,
    slices,
)
from tests.unit.analysis.gpu.placed import A, register
from tests.unit.analysis.joining import rows_of

GPU, MIG = "nvidia.com/gpu", "nvidia.com/mig-1g.10gb"
GKE = "cloud.google.com/gke-"
INTEL = "gpu.intel.com/i915"
WORDS = ("exact", "proven", "declared", "possible")
Objects = Sequence[Resource]
Body = dict[str, Any]


def two(limits: Mapping[str, object], **more: Any) -> tuple[Resource, Resource]:
    return pod("a/x", dict(limits), **more), pod("b/y", dict(limits), **more)


def given_to(resource_name: str, *ids: str) -> tuple[Resource, ...]:
    return tuple(
        pod(f"{tenant}/x", {resource_name: 1}, given={resource_name: [each]})
        for tenant, each in zip("ab", ids, strict=True)
    )


def at(capacity: Mapping[str, str], **metadata: Mapping[str, str]) -> Resource:
    return resource("Node", "n", metadata=metadata, status={"capacity": dict(capacity)})


def configured(text: str) -> Objects:
    config = {"name": "plugin", "default": "any"}
    spec, status = {"devicePlugin": {"config": config}}, {"namespace": "gpu"}
    policy = resource("ClusterPolicy.nvidia.com", "p", spec=spec, status=status)
    named = resource("ConfigMap", "plugin", "gpu", data={"any": text})
    return at({GPU: "8"}), policy, named, *two({GPU: 1})


def hami(name: str) -> dict[str, str]:
    return {"hami.io/vgpu-devices-allocated": f"{A},NVIDIA,3000,30:;", "hami.io/vgpu-node": name}


GFD = {f"{MIG}.count": "7", f"{MIG}.replicas": "2", f"{MIG}.sharing-strategy": "time-slicing"}
TURNS = {"version": "v1", "sharing": {"timeSlicing": {"resources": [{"name": GPU, "replicas": 4}]}}}
OF_GKE = {f"{GKE}gpu-sharing-strategy": "time-sharing", f"{GKE}max-shared-clients-per-gpu": "4"}
VOLCANO = {"volcano.sh/node-vgpu-register": f"{A},10,80000,X,true,hami-core:"}
IDS = {"volcano.sh/vgpu-ids-new": f"{A},NVIDIA,3000,30:;", "volcano.sh/vgpu-node": "n"}
INSTANCES = (device("m-1", uuid="MIG-1", parentUUID=A), device("m-2", uuid="MIG-2", parentUUID=A))
SCENES: Mapping[str, Objects] = {
    "labels, proven": (
        node(labels=SHARED, nvidia_com__gpu="8"),
        *two({GPU: 5})[:1],
        *two({GPU: 1})[1:],
    ),
    "labels, possible": (node(labels=SHARED, nvidia_com__gpu="8"), *two({GPU: 1})),
    "labels of mps": (
        node(labels={**SHARED, "nvidia.com/gpu.sharing-strategy": "mps"}, nvidia_com__gpu="8"),
        *two({GPU: 1}),
    ),
    "labels of instances": (at({MIG: "14"}, labels=GFD), *two({MIG: 1})),
    "labels of GKE": (at({GPU: "8"}, labels=OF_GKE), *two({GPU: 1})),
    "kubelet": (
        node(labels=SHARED, nvidia_com__gpu="8"),
        *given_to(GPU, f"{A}::0", f"{A}::1"),
    ),
    "configuration": configured(json.dumps(TURNS)),
    "hami": (
        at({}, **register("hami-core")["metadata"]),
        *two({GPU: 1}, annotations=hami("n")),
    ),
    "volcano": (
        at({}, annotations=VOLCANO),
        *two({"volcano.sh/vgpu-number": 1}, annotations=IDS),
    ),
    "claims": (slices(*INSTANCES), claim("a/c", "m-1"), claim("b/c", "m-2")),
    "a claim of two tenants' pods": (
        slices(device("gpu-0", uuid=A)),
        claim("a/c", "gpu-0"),
        claim("b/c", "gpu-0"),
    ),
}
GARBAGE = st.one_of(
    st.text(max_size=40).filter(lambda text: not text.strip().isdigit()),
    st.sampled_from(["", "NaN", "1e9", "-1", "4.5", "[" * 3000, "9" * 5000, "\x00", "none!"]),
)
BESIDE = st.sampled_from(
    [
        *("nvidia.com/odd", "nvidia.com/gpu.family", "amd.com/x", "gpu.intel.com/x", f"{GKE}gpu-x"),
        *("hami.io/x", "volcano.sh/x", "run.ai/x", "cdi.k8s.io", "gpu-memory-x", "note"),
    ]
)


def said(objects: Objects) -> tuple[dict[tuple[str, str], dict[str, int]], set[str], bool]:
    """By two tenants and certainty the lowest level; what is not known; whether a gap says more."""
    analysis = Tenancies((CAPSULE, PROFILE), (PLUGIN,))
    found: list[Fact | Gap] = []
    for each, groups in joined((analysis,), sorted(rows_of(analysis, objects))):
        found += each.derive(groups)
    pairs: dict[tuple[str, str], dict[str, int]] = {}
    unknown: set[str] = set()
    for fact in found:
        if not isinstance(fact, Fact) or fact.kind != KIND:
            continue
        row = msgspec.json.decode(fact.body, type=DeviceFact)
        unknown.update(row.unknown)
        for share in row.shares:
            levels = pairs.setdefault(share.tenants, {})
            levels[share.certainty] = min(share.level, levels.get(share.certainty, 99))
    return pairs, unknown, any(isinstance(each, Gap) for each in found)


def surest(levels: Mapping[str, int]) -> int:
    """How sure something is: 0 is exact."""
    return min(WORDS.index(word) for word in levels)


PARSED = ("labels", "annotations", "data")
"""What is read of a node, a ConfigMap: text with a form. Ids are what they are."""


def texts(objects: Objects) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Where there is text that the platform wrote and that is taken apart: object, and fields."""
    for number, each in enumerate(objects):
        body = msgspec.json.decode(each.body)
        if each.kind in {"k8s/Node", "k8s/ConfigMap"}:
            for parent in (body.get("metadata", {}), body):
                for field in PARSED:
                    for name in parent.get(field) or ():
                        above = () if parent is body else ("metadata",)
                        yield number, (*above, field, name)


def written(objects: Objects, number: int, fields: Sequence[str], text: str) -> Objects:
    """The same objects with a text in a field of one."""
    body = msgspec.json.decode(objects[number].body)
    inside = body
    for field in fields[:-1]:
        inside = inside.setdefault(field, {})
    inside[fields[-1]] = text
    changed = msgspec.structs.replace(objects[number], body=msgspec.json.encode(body))
    return [*objects[:number], changed, *objects[number + 1 :]]


LOST = "which says how it is shared, is not valid"
"""What stands in the place of a share: a plugin that takes no such file does as it did before."""
CASES = [
    pytest.param(objects, number, fields, id=f"{name}: {'/'.join(fields[-2:])}")
    for name, objects in SCENES.items()
    for number, fields in texts(objects)
]


@pytest.mark.parametrize("name", list(SCENES))
def test_each_scene_is_one(name: str) -> None:
    pairs, _, gap = said(SCENES[name])
    assert list(pairs) == [("a", "b")]
    assert not gap


@pytest.mark.parametrize(("objects", "number", "fields"), CASES)
@given(text=GARBAGE)
def test_what_means_nothing_makes_nobody_surer(
    objects: Objects, number: int, fields: Sequence[str], text: str
) -> None:
    if fields[0] == "data":
        text = f"sharing: {text}"  # an empty file is a valid one, without sharing
    before, known, _ = said(objects)
    after, unknown, gap = said(written(objects, number, fields, text))
    for pair, levels in before.items():
        now = after.get(pair, {})
        if now:
            assert surest(now) >= surest(levels)
            assert min(now.values()) <= min(levels.values()), "no better apart"
        else:
            assert LOST in " ".join(unknown - known), "something is said of it"
    assert not gap
    assert set(after) <= set(before), "and nobody else shares anything"


@pytest.mark.parametrize("name", list(SCENES))
@given(data=st.data(), where=st.sampled_from(["labels", "annotations"]), key=BESIDE, text=GARBAGE)
def test_what_stands_beside_changes_nothing(
    name: str, data: st.DataObject, where: str, key: str, text: str
) -> None:
    objects = SCENES[name]
    number = data.draw(st.integers(0, len(objects) - 1))
    before, _, _ = said(objects)
    after, _, _ = said(written(objects, number, ("metadata", where, key), text))
    for pair, levels in before.items():
        now = after[pair]
        assert surest(now) >= surest(levels)
        assert min(now.values()) <= min(levels.values())


MARKS: Mapping[str, Callable[[str], Body]] = {
    "an annotation of another tenant": lambda text: {"capsule.clastix.io/tenant": text},
    "an owner": lambda text: {"owner": text},
    "how it is shared": lambda text: {"nvidia.com/gpu.sharing-strategy": text},
    "its device": lambda text: {"hami.io/vgpu-devices-allocated": text},
    "its mode": lambda text: {"nvidia.com/vgpu-mode": text},
    "its node": lambda text: {"hami.io/vgpu-node": text},
    "its fraction": lambda text: {"gpu-fraction": text},
}


@pytest.mark.parametrize("mark", list(MARKS))
@pytest.mark.parametrize("name", list(SCENES))
@given(text=GARBAGE | st.sampled_from(["none", "mig", "b", "m", f"{A},NVIDIA,1,1:;", "0.5"]))
@examples(50)
def test_no_mark_of_a_pod_or_a_claim_helps_its_tenant(name: str, mark: str, text: str) -> None:
    objects = list(SCENES[name])
    before, _, _ = said(objects)
    for number, each in enumerate(SCENES[name]):
        if each.namespace == "a":
            for where in ("labels", "annotations"):
                for key, value in MARKS[mark](text).items():
                    objects = list(written(objects, number, ("metadata", where, key), value))
    after, _, _ = said(objects)
    for pair, levels in before.items():
        assert pair in after, "they still share it"
        assert min(after[pair].values()) <= min(levels.values())
