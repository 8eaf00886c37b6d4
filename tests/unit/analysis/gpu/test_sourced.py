"""Variables that lead to GPUs and that a container takes over from a ConfigMap or a Secret."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.environment import Settings, set_in
from auditor.analysis.gpu.bypass import VARIABLES, ways_of
from auditor.analysis.gpu.podspec import Pod, pod_in
from auditor.analysis.gpu.shares import Certainty
from auditor.analysis.gpu.sourced import opened, taken_by, variables_in, ways_from
from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import bodies, devices, pod, resource, shared

GPU = "nvidia.com/gpu"
NAME = "NVIDIA_VISIBLE_DEVICES"
LABELS = {f"{GPU}.count": "8", f"{GPU}.replicas": "1"}
ADMIN = {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}


def gpu_node() -> Resource:
    status = {"capacity": {GPU: "8"}}
    return resource("Node", "n", metadata={"labels": LABELS}, status=status)


def config(name: str = "c", namespace: str = "a", **data: object) -> Resource:
    return resource("ConfigMap", name, namespace, data=data)


def takes(*sources: dict[str, Any], path: str = "a/x", **more: Any) -> Resource:
    container = {"envFrom": list(sources), **more.pop("container", {})}
    return pod(path, container=container, **more)


def of(name: str = "c", **more: str) -> dict[str, Any]:
    return {"configMapRef": {"name": name}, **more}


SECRET = {"secretRef": {"name": "s"}}


def reached(*objects: Resource) -> list[tuple[str, str, str]]:
    return [
        (body["name"], way["certainty"], way["field"])
        for body in bodies("gpu/Reach", gpu_node(), *objects)
        for way in body["ways"]
    ]


def unknown(*objects: Resource) -> list[str]:
    (row,) = devices(gpu_node(), *objects)
    return [each for each in row.unknown if each.startswith("variables of")]


def test_what_a_config_map_says_that_was_read_decides() -> None:
    found = reached(config(**{NAME: "all"}), takes(of()))
    assert found == [("x", "possible", "/spec/containers/0/envFrom/0")]
    other = pod("b/y", {GPU: 1})
    assert shared(gpu_node(), other, config(**{NAME: "all"}), takes(of())) == [
        ("a b", "bypass", "none", "possible")
    ]


NOT_OPEN = {
    "void": config(**{NAME: "void"}),
    "nothing of GPUs": config(HOME="/models"),
    "no data": resource("ConfigMap", "c", "a"),
}


@pytest.mark.parametrize("settings", NOT_OPEN.values(), ids=NOT_OPEN.keys())
def test_one_that_says_nothing_of_gpus_opens_nothing_and_is_no_doubt(settings: Resource) -> None:
    assert reached(settings, takes(of())) == []
    assert unknown(settings, takes(of())) == []


@pytest.mark.parametrize("source", [of(), of("other"), SECRET], ids=["unread", "other", "secret"])
def test_what_was_not_read_is_said_and_no_way(source: dict[str, Any]) -> None:
    elsewhere = config(namespace="b", **{NAME: "all"})
    assert reached(elsewhere, takes(source)) == []
    (said,) = unknown(elsewhere, takes(source))
    assert said.startswith("variables of a pod come from ConfigMaps or Secrets that were not read")
    assert "variables of 2 pods" in unknown(takes(source), takes(source, path="b/y"))[0]


def test_of_devices_that_no_variable_gives_out_it_is_no_doubt() -> None:
    status = {"capacity": {"google.com/tpu": "4", GPU: "8"}}
    offered = resource("Node", "n", metadata={"labels": LABELS}, status=status)
    rows = {row.device: row.unknown for row in devices(offered, takes(SECRET))}
    assert rows["google.com/tpu"] == ()
    assert len(rows[GPU]) == 1


def test_with_the_runtime_that_heeds_it_it_may_be_a_way() -> None:
    runtime = resource("RuntimeClass", "fast", handler="nvidia")
    found = reached(runtime, takes(SECRET, runtimeClassName="fast"))
    assert found == [("x", "possible", "/spec/containers/0/envFrom/0")]
    assert reached(takes(SECRET, runtimeClassName="nvidia")) == found, "a class that was not read"
    plain = resource("RuntimeClass", "nvidia", handler="runc")
    assert reached(plain, takes(SECRET, runtimeClassName="nvidia")) == []


def test_it_is_exact_with_the_right_to_it_and_the_runtime() -> None:
    runtime = resource("RuntimeClass", "nvidia", handler="nvidia")
    sure = takes(of(), container=ADMIN, runtimeClassName="nvidia")
    found = reached(runtime, config(**{NAME: "all"}), sure)
    assert found == [("x", "exact", "/spec/containers/0/envFrom/0")]


def test_a_prefix_stands_before_each_name() -> None:
    prefixed = takes(of(prefix="NVIDIA_"))
    assert len(reached(config(VISIBLE_DEVICES="all"), prefixed)) == 1
    assert reached(config(**{NAME: "all"}), prefixed) == []


def test_pods_of_the_platform_take_over_what_they_like() -> None:
    assert unknown(takes(SECRET, path="gpu-operator/x")) == []


def test_a_pod_that_takes_nothing_over_of_gpus_is_on_no_device() -> None:
    (row,) = devices(gpu_node(), takes(of()), config(HOME="/"))
    assert row.tenants == ()


sources = st.lists(
    st.tuples(
        st.sampled_from(["", "NVIDIA_", "AMD_", "X_"]), st.sampled_from(["a", "b", "lost", ""])
    ),
    max_size=4,
)
values = st.sampled_from(["all", "void", "none", "", "0,1", "GPU-1"])
data = st.dictionaries(
    st.sampled_from([NAME, "AMD_VISIBLE_DEVICES", "VISIBLE_DEVICES", "HOME"]), values
)


@given(sources, data, data, st.dictionaries(st.sampled_from([NAME, "HOME"]), values))
def test_it_is_as_the_environment_that_the_kubelet_makes(
    found: list[tuple[str, str]], a: dict[str, str], b: dict[str, str], own: dict[str, str]
) -> None:
    """What rules are told of an environment is made by other code, and says the same."""
    container = {
        "env": [{"name": name, "value": value} for name, value in own.items()],
        "envFrom": [
            {"prefix": prefix, **({"configMapRef": {"name": name}} if name else SECRET)}
            for prefix, name in found
        ],
    }
    known = {"a": (Settings("a", dict(a)), 0), "b": (Settings("b", dict(b)), 0)}
    made, _ = set_in({"containers": [container]}, known.get)
    expected = _pod(made)
    ours = _pod({"containers": [container]})
    assert ours.spec is not None
    assert expected.spec is not None
    read = {("ns", "a"): variables_in(a), ("ns", "b"): variables_in(b)}
    answer = ways_from(list(taken_by(ours.spec)), "ns", read)
    direct = {way.gpus for way in ways_of(ours)}
    left = bool((expected.spec.containers or [])[0].envFrom)
    assert bool(answer.unread) is (left and bool(set(VARIABLES) - own.keys()))
    if not answer.unread:
        assert {way.gpus for way in answer.ways} | direct == {way.gpus for way in ways_of(expected)}
    assert all(way.certainty is Certainty.POSSIBLE for way in opened(answer, heeded=True))


def _pod(spec: dict[str, Any]) -> Pod:
    body = resource("Pod", "x", spec=spec).body
    return pod_in(body)
