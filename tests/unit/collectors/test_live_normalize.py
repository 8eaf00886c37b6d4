"""What is kept of an object is the same whether its like was seen before or not."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.redact import decode
from benchmarks.generate import pod, pod_spec
from collectors.kubernetes.live.client import Unanswered
from collectors.kubernetes.live.normalize import UNREADABLE, Keeper, take_apart

SECRET = "AKIA" + "Z7" * 8


def plain(value: dict[str, Any]) -> Any:
    """Without the memory: what the redactor makes of the object without what is never kept."""
    value = copy.deepcopy(value)
    metadata = value.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("managedFields", None)
        if isinstance(metadata.get("annotations"), dict):
            metadata["annotations"].pop("kubectl.kubernetes.io/last-applied-configuration", None)
    return decode(json.dumps(value, separators=(",", ":")).encode())


def kept(keeper: Keeper, value: object) -> Any:
    raw = json.dumps(value, separators=(",", ":")).encode()
    return decode(keeper.kept(raw))


def pods() -> list[dict[str, Any]]:
    """Some of a few templates, with secrets in some; each on a node and with a token of its own."""
    chance = random.Random(5)
    found = []
    for number in range(60):
        spec = pod_spec(random.Random(number % 6))
        made = json.loads(json.dumps(pod(number, spec, number % 6, chance)))
        container = made["spec"]["containers"][0]
        container["env"] = [{"name": "A", "value": SECRET if number % 6 == 1 else "b"}]
        made["spec"]["nodeName"] = f"node-{number}"
        volume = {"name": f"kube-api-access-{number:05}", "projected": {"sources": []}}
        made["spec"].setdefault("volumes", []).append(volume)
        container.setdefault("volumeMounts", []).append(
            {"name": volume["name"], "mountPath": f"/kube-api-access-/{number % 6}"}
        )
        made["metadata"]["managedFields"] = [{"manager": "m"}]
        found.append(made)
    return found


def test_pods_of_one_origin() -> None:
    keeper = Keeper()
    for each in pods():
        assert kept(keeper, each) == plain(each)
        assert SECRET not in json.dumps(kept(keeper, each))


ODD = {
    "no spec": {"metadata": {"name": "a"}},
    "nothing but a spec": {"spec": {"a": SECRET, "b": "x" * 600}},
    "spec is text": {"metadata": {}, "spec": f"{SECRET} " + "x" * 600},
    "spec is a list": {"metadata": {}, "spec": [SECRET, "x" * 600]},
    "a node that is a secret": {"metadata": {}, "spec": {"nodeName": SECRET, "a": "x" * 600}},
    "a node in quotes": {"metadata": {}, "spec": {"nodeName": f'a"{SECRET}', "a": "x" * 600}},
    "a token that ends": {"metadata": {}, "spec": {"a": "x" * 600 + "kube-api-access-"}},
    "metadata is text": {"metadata": SECRET, "spec": {"a": "x" * 600}},
    "annotations are a list": {"metadata": {"annotations": [SECRET]}, "spec": {}},
    "empty": {},
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD.keys())
def test_odd_objects(value: dict[str, Any]) -> None:
    keeper = Keeper()
    for _ in range(2):
        assert kept(keeper, value) == plain(value)
        assert SECRET not in json.dumps(kept(keeper, value))


def test_what_nobody_can_read_keeps_its_place() -> None:
    assert Keeper().kept(b'{"metadata": ') == UNREADABLE
    assert Keeper().kept(b"[" * 100_000) == UNREADABLE


TEXTS = st.sampled_from(("", "a", "kube-api-access-abcde", "kube-api-access-", SECRET, '"', "é"))
SPECS = st.recursive(
    TEXTS | st.none() | st.integers() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("nodeName", "env", "name", "value")), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.lists(SPECS, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_any_spec(specs: list[Any]) -> None:
    keeper = Keeper()
    for spec in (*specs, *specs):
        value = {"metadata": {"name": "a"}, "spec": {"pad": "x" * 600, "it": spec}}
        assert kept(keeper, value) == plain(value)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"kind":"PodList","items":{}}', b"\xff"])
def test_no_list(body: bytes) -> None:
    with pytest.raises(Unanswered):
        take_apart(body, "Pod")
