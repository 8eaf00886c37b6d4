"""What is kept of an object is the same whether its like was seen before or not."""

from __future__ import annotations

import copy
import itertools
import json
import random
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.model.evidence import Redaction
from auditor.secrets.redact import decode
from auditor.secrets.redactions import redactions
from benchmarks.generate import pod, pod_spec
from collectors.http.failures import Unanswered
from collectors.kubernetes.live.discovery import Served
from collectors.kubernetes.live.normalize import Listed, ListMeta, take_apart, take_one
from collectors.kubernetes.live.pods import Pod
from collectors.kubernetes.live.sanitize import UNREADABLE, Sanitizer
from tests.sweeps import examples

SERVED = Served("k8s/Pod", "v1", "pods", namespaced=True, verbs=frozenset({"list"}))
HEAD = {"kind": "Pod", "apiVersion": "v1"}
LOST = {**HEAD, **json.loads(UNREADABLE)}
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


def page(sanitizer: Sanitizer, *raws: bytes) -> list[tuple[Any, tuple[Redaction, ...]]]:
    """What is kept of pods, and what was left out of it."""
    found = _kept(sanitizer, [msgspec.Raw(raw) for raw in raws])
    try:
        listed = take_apart(_list(raws), SERVED)
    except Unanswered:
        return found
    assert _kept(sanitizer, listed.items) == found, "a page at once, and pod by pod"
    return found


def _kept(
    sanitizer: Sanitizer, items: list[msgspec.Raw] | list[Pod]
) -> list[tuple[Any, tuple[Redaction, ...]]]:
    return [
        (json.loads(b"".join(found)), left)
        for found, left in sanitizer.sanitized(items, "Pod", "v1")
    ]


def _list(raws: Iterable[bytes]) -> bytes:
    return b'{"kind":"PodList","apiVersion":"v1","items":[%b]}' % b",".join(raws)


def encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def kept(sanitizer: Sanitizer, value: object) -> Any:
    ((found, _),) = page(sanitizer, encoded(value))
    assert {name: found.pop(name) for name in HEAD} == HEAD
    return decode(encoded(found))


def commit(value: str) -> str:
    return f"committed to {value}"


def left_out(value: object) -> set[Any]:
    """What was left out of an object, by comparing the whole."""
    original = json.loads(json.dumps(value))
    original.get("metadata", {}).pop("managedFields", None)
    return set(redactions(plain(original), original, commit))


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
    sanitizer = Sanitizer()
    for each in pods():
        assert kept(sanitizer, each) == plain(each)
        assert SECRET not in json.dumps(kept(sanitizer, each))


def test_what_was_left_out_of_pods_of_one_origin() -> None:
    sanitizer = Sanitizer(commit)
    found = [set(left) for _, left in page(sanitizer, *map(encoded, pods()))]
    assert found == [left_out(each) for each in pods()]
    places = {each.path for left in found for each in left}
    assert "/spec/containers/0/env/0/value" in places


def test_commitments_are_to_the_secret_with_its_own_names() -> None:
    """Pods share what is remembered of their spec, but not the names that stand in a secret."""
    sanitizer = Sanitizer(commit)
    for number in range(10_000, 10_003):
        name = f"kube-api-access-{number}"
        spec = {"volumes": [{"name": name}], "args": [f"--password={name}"], "pad": "x" * 600}
        value = {"metadata": {"name": "a"}, "spec": spec}
        ((_, (found,)),) = page(sanitizer, encoded(value))
        assert (found.path, found.shapes) == ("/spec/args/0", ("argument",))
        assert found.commitment == f"committed to --password={name}"


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
    sanitizer = Sanitizer()
    for _ in range(2):
        assert kept(sanitizer, value) == plain(value)
        assert SECRET not in json.dumps(kept(sanitizer, value))


def test_what_nobody_can_read_keeps_its_place() -> None:
    for raw in (b'{"metadata": ', b"[" * 100_000, b'"text"', b"null", b"[]"):
        assert page(Sanitizer(), raw, b"{}") == [(LOST, ()), (HEAD, ())]


@pytest.mark.parametrize(
    "head", [{"kind": "Widget"}, {"apiVersion": "x.io/v1"}, {"kind": 7}, {"kind": None}]
)
def test_what_says_that_it_is_of_another_kind_than_its_list(head: dict[str, Any]) -> None:
    value = {**head, "metadata": {"name": "a"}}
    assert page(Sanitizer(), encoded(value)) == [(LOST, ())]


def test_what_says_that_it_is_of_the_kind_of_its_list() -> None:
    value = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}}
    assert page(Sanitizer(), encoded(value)) == [(value, ())]
    listed = Listed("Pod", "v1", ListMeta(), [msgspec.Raw(json.dumps(value).encode())])
    assert json.loads(listed.kept(Sanitizer()).body.data)["items"] == [value]


def test_an_object_of_nothing() -> None:
    page = Listed("Pod", "v1", ListMeta(), [msgspec.Raw(b"{}")])
    assert json.loads(page.kept(Sanitizer()).body.data)["items"] == [
        {"kind": "Pod", "apiVersion": "v1"}
    ]


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
@examples(200)
def test_any_spec(specs: list[Any]) -> None:
    sanitizer = Sanitizer()
    for spec in (*specs, *specs):
        value = {"metadata": {"name": "a"}, "spec": {"pad": "x" * 600, "it": spec}}
        assert kept(sanitizer, value) == plain(value)


PLAIN_NODES = st.sampled_from(("n", "node-17", "node-0123456789" * 9))
ODD_NODES = st.sampled_from((SECRET, "", 'a"b', "n\\u0041", "é"))
PLAIN_TOKENS = st.sampled_from(("abcde", "01234"))
ODD_TOKENS = st.sampled_from(("ab@de", "ab-de", "abc", "", "sk-ab", "abcdef", "é12345"))
NAMES = st.tuples(PLAIN_NODES | ODD_NODES, PLAIN_TOKENS) | st.tuples(PLAIN_NODES, ODD_TOKENS)
TEMPLATES = st.sampled_from(("tn", "tl", "tln", "tun", "n", "t", "tnt", "tnn", "tsn", "ts"))


@given(st.lists(TEMPLATES, max_size=2), st.lists(st.tuples(NAMES, PLAIN_TOKENS), max_size=9))
@example(["tln"], [(("n", "abcde"), "abcde"), (("n", "ab@de"), "abcde")])
@example(["tn"], [(("n", "abcde"), "abcde"), ((SECRET, "abcde"), "abcde")])
@examples(300)
def test_any_names(templates: list[str], drawn: list[tuple[tuple[str, str], str]]) -> None:
    """Pods that differ in names alone, or seem to: a node's, a token's, one in a secret or link."""
    sanitizer = Sanitizer(commit)
    for ((node, token), other), template in itertools.product(drawn, templates):
        parts = {
            "n": {"nodeName": node},
            "t": {"name": f"kube-api-access-{token}"},
            "u": {"name": f"kube-api-access-{other}"},
            "l": {"url": f"s3://user:kube-api-access-{token}"},
            "s": {"env": f"{SECRET} kube-api-access-{other}"},
        }
        spec = [{"pad": "x" * 600}, *(parts[sort] for sort in template)]
        value = {"metadata": {"name": "a"}, "spec": spec}
        ((found, left),) = page(sanitizer, encoded(value))
        assert found == {**HEAD, **plain(value)}
        assert set(left) == left_out(value)


OWN = st.fixed_dictionaries(
    {},
    optional={
        "annotations": st.dictionaries(st.just("a"), TEXTS, max_size=1),
        "managedFields": st.just([{"manager": SECRET}]),
        "labels": st.just({"x": "sk-"}),
    },
)


@given(st.lists(st.tuples(OWN, TEXTS), max_size=40))
@examples(100)
def test_any_page(drawn: list[tuple[dict[str, Any], str]]) -> None:
    """What is a pod's own is looked at with that of others: nobody's secret is missed for that."""
    values = [
        {
            "metadata": {"name": f"p-{number}", **own},
            "spec": {"x": "x" * 600},
            "status": {"m": text},
        }
        for number, (own, text) in enumerate(drawn)
    ]
    found = page(Sanitizer(commit), *map(encoded, values))
    assert [each for each, _ in found] == [{**HEAD, **plain(value)} for value in values]
    assert [set(left) for _, left in found] == [left_out(value) for value in values]


BROKEN = {
    "in its own part": b'{"metadata":{"name":"\xff","a":"%b"},"spec":"%b"}',
    "in its spec": b'{"metadata":{"a":"%b"},"spec":{"env":[{"name":"\xff","value":""}],"b":"%b"}}',
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_no_utf_8(raw: bytes) -> None:
    """A pod that nobody can read takes nothing from its neighbours, and shows nothing."""
    good = {"metadata": {"name": "b"}, "spec": {"x": "x" * 600}}
    lost = raw % (SECRET.encode(), b"x" * 600)
    assert page(Sanitizer(), lost, encoded(good)) == [(LOST, ()), ({**HEAD, **good}, ())]


def test_one_odd_pod_in_a_page() -> None:
    """Its neighbours are read as they are everywhere."""
    good = {"metadata": {"name": "b"}, "spec": {"x": "x" * 600}}
    for odd in (*ODD.values(), {**good, "extra": SECRET}, {**good, "metadata": {"extra": 1}}):
        pods = page(Sanitizer(), encoded(good), encoded(odd), encoded(good))
        assert [each for each, _ in pods] == [{**HEAD, **plain(each)} for each in (good, odd, good)]


def test_a_page_of_plain_pods_is_taken_apart_once() -> None:
    listed = take_apart(_list(map(encoded, pods())), SERVED)
    assert {type(each) for each in listed.items} == {Pod}


NO_LISTS = {
    "nothing": (b"", "is not a list"),
    "a list of JSON": (b"[]", "is not a list"),
    "no kind": (b"{}", "nothing that says what it is"),
    "no UTF-8": (b"\xff", "is not a list"),
    "items of another type": (b'{"kind":"PodList","apiVersion":"v1","items":{}}', "is not a list"),
    "items that are null": (b'{"kind":"PodList","apiVersion":"v1","items":null}', "is not a list"),
    "no items": (b'{"kind":"PodList","apiVersion":"v1"}', "is not a list"),
    "a list of others": (b'{"kind":"JobList","apiVersion":"v1","items":[]}', "is JobList v1"),
    "of another version": (b'{"kind":"PodList","apiVersion":"v2","items":[]}', "is PodList v2"),
    "no version": (b'{"kind":"PodList","items":[]}', "the answer is PodList"),
    "more, but no next page": (
        b'{"kind":"PodList","apiVersion":"v1","metadata":{"remainingItemCount":5},"items":[]}',
        "5 more are left",
    ),
}


@pytest.mark.parametrize(("body", "says"), NO_LISTS.values(), ids=NO_LISTS.keys())
def test_no_list(body: bytes, says: str) -> None:
    with pytest.raises(Unanswered, match=says):
        take_apart(body, SERVED)


OTHERS = {
    "nothing": (b"", "is not an object"),
    "a status": (b'{"kind":"Status","apiVersion":"v1"}', "the answer is Status v1"),
    "another name": (
        b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"b"}}',
        "asked for a, the answer is b",
    ),
    "no name": (b'{"kind":"Pod","apiVersion":"v1"}', "the answer is one without a name"),
}


@pytest.mark.parametrize(("body", "says"), OTHERS.values(), ids=OTHERS.keys())
def test_not_the_object_that_was_asked_for(body: bytes, says: str) -> None:
    with pytest.raises(Unanswered, match=says):
        take_one(body, SERVED, "a")
