"""What a pod has of GPUs is its own, although most of it follows from a spec that many share."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.gpu.pods import PodUse, asked_by, pod_use
from auditor.analysis.gpu.podspec import Container, Resources
from auditor.analysis.gpu.shares import Certainty

GPU = "nvidia.com/gpu"
CDI = "cdi.k8s.io/"
HAMI = "hami.io/vgpu-devices-allocated"


def spec(**fields: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "r.io/a:1", "resources": {"limits": {GPU: 1}}, **fields}
    return {"containers": [container]}


def use(
    template: dict[str, Any],
    node: str = "n",
    annotations: dict[str, str] | None = None,
    given: tuple[str, ...] = (),
) -> PodUse:
    allocated = [{"name": GPU, "resources": [{"resourceID": each} for each in given]}]
    body = {
        "metadata": {"annotations": annotations or {}},
        "spec": {"nodeName": node, **template},
        "status": {"containerStatuses": [{"name": "c", "allocatedResourcesStatus": allocated}]},
    }
    found = pod_use(msgspec.json.encode(body))
    assert found is not None
    assert found[0] == node
    return found[1]


def test_pods_of_one_template_differ_in_what_was_given_and_written() -> None:
    plain = use(spec(), "a", given=("GPU-1",))
    written = use(spec(), "b", {HAMI: "GPU-2,NVIDIA,3000,30:;"}, given=("GPU-2",))
    again = use(spec(), "a", given=("GPU-1",))
    assert (plain.given, written.given) == ([(GPU, "GPU-1")], [(GPU, "GPU-2")])
    assert (plain.written, list(written.written)) == ({}, [HAMI])
    assert plain.asked == written.asked == {GPU: 1}
    assert again == plain


def test_limits_of_hami_are_told_of_who_was_given_a_part_or_has_none() -> None:
    held, loose = spec(), spec(env=[{"name": "CUDA_DISABLE_CONTROL", "value": "true"}])
    assert use(held).limits is None, "nothing is written, and nothing is off"
    part = use(held, annotations={HAMI: "GPU-2,NVIDIA,3000,30:;"}).limits
    assert part is not None
    assert (part.containers, part.off) == (1, [])
    off = use(loose).limits
    assert off is not None
    assert off.off == ["container c sets CUDA_DISABLE_CONTROL"]
    assert use(held).limits is None, "of the one spec as before"


def test_ways_of_one_template_differ_in_annotations_alone() -> None:
    template = spec(securityContext={"privileged": True})
    template["volumes"] = [{"name": "d", "hostPath": {"path": "/dev"}}]
    usual = [
        ("device-folder", Certainty.POSSIBLE, "/spec/volumes/0/hostPath/path"),
        ("privileged", Certainty.EXACT, "/spec/containers/0/securityContext/privileged"),
    ]
    injected = use(template, annotations={f"{CDI}b": "x", f"{CDI}a": "y", "team": "ml"})
    found = [(way.name, way.certainty, way.pointer) for way in injected.ways]
    pointers = [f"/metadata/annotations/cdi.k8s.io~1{name}" for name in "ab"]
    annotated = [("annotation", Certainty.POSSIBLE, pointer) for pointer in pointers]
    assert found == [usual[0], *annotated, usual[1]]
    plain = use(template, annotations={"team": "ml"})
    assert [(way.name, way.certainty, way.pointer) for way in plain.ways] == usual


@pytest.mark.parametrize("amount", [2**63, 2**64, 10**30])
def test_a_number_of_more_bits_than_a_machine_has(amount: int) -> None:
    template = spec(resources={"limits": {GPU: 1}, "requests": {"cpu": 0}})
    body = {"spec": {"nodeName": "n", **template}}
    text = msgspec.json.encode(body).replace(b'"cpu":0', b'"cpu":%d' % amount)
    found = pod_use(text)
    assert found is not None
    assert found[1].asked == {GPU: 1}
    other = pod_use(text.replace(b'"nvidia.com/gpu":1', b'"nvidia.com/gpu":3'))
    assert other is not None
    assert other[1].asked == {GPU: 3}


def test_a_pod_without_a_node_or_that_has_ended_has_nothing() -> None:
    waiting = {"spec": spec()}
    ended = {"spec": {"nodeName": "n", **spec()}, "status": {"phase": "Succeeded"}}
    assert pod_use(msgspec.json.encode(waiting)) is None
    assert pod_use(msgspec.json.encode(ended)) is None
    assert use(spec()).asked == {GPU: 1}, "and another one of the spec has"


def asks(count: int, *, sidecar: bool = False) -> Container:
    resources = Resources(limits={GPU: count})
    return Container(resources=resources, restartPolicy="Always" if sidecar else None)


STARTS = {
    "the largest of those that end": ([asks(2), asks(3)], [asks(1)], 3),
    "or all that run": ([asks(2)], [asks(1), asks(2)], 3),
    "with the sidecars": ([asks(1, sidecar=True)], [asks(2)], 3),
    "which run beside those that start after them": (
        [asks(1, sidecar=True), asks(3)],
        [asks(1)],
        4,
    ),
    "and not those that start before": ([asks(3), asks(1, sidecar=True)], [asks(1)], 3),
    "each of them": ([asks(1, sidecar=True), asks(2, sidecar=True), asks(4)], [asks(1)], 7),
    "none": ([asks(0)], [asks(0)], None),
}


@pytest.mark.parametrize(("first", "then", "expected"), STARTS.values(), ids=STARTS.keys())
def test_what_a_pod_holds_while_it_starts(
    first: list[Container], then: list[Container], expected: int | None
) -> None:
    """As the scheduler adds up (KEP-753)."""
    assert asked_by(then, first) == ({} if expected is None else {GPU: expected})
