"""What only a list, or what stands far above, says is a Secret: hidden on every way to a rule."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from auditor.cel import ReadTree
from auditor.engine.slices import WHOLE, Slicer, at_path
from auditor.secrets.marks import marker
from auditor.secrets.redact import clean, redact
from collectors.documents.blocks import Memory
from collectors.documents.reading import FileReading
from collectors.kubernetes.live.sanitize import Sanitizer
from collectors.kubernetes.manifests.recogniser import MANIFESTS

DATA = marker("secret-data")
ITEM: dict[str, Any] = {"metadata": {"name": "db"}, "data": {"a": "WnFDQU5BUlk="}}
SEALED: dict[str, Any] = {"spec": {"template": {"data": {"a": "x1"}}, "encryptedData": {"b": "c"}}}
HEADS = {
    "no kind": {},
    "an empty kind": {"kind": "", "apiVersion": ""},
    "labels of another type": {"metadata": {"name": "db", "labels": {"a": 1}}},
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("indent", [None, 1])
def test_an_item_of_a_list_of_secrets_in_json(head: dict[str, Any], indent: int | None) -> None:
    listed = {"kind": "SecretList", "apiVersion": "v1", "items": [{**ITEM, **head}, ITEM]}
    text = json.dumps(listed, indent=indent)
    reading = FileReading("t", "a.json", text.encode(), (MANIFESTS,), Memory())
    found = list(reading.resources())
    assert [each.kind for each in found if each.name == "db"][-1] == "k8s/Secret"
    for each in found:
        body = json.loads(clean(each.body))
        assert body["data"] == {"a": DATA}, each.body
        assert (body["kind"], body["apiVersion"]) == ("Secret", "v1")
    if indent:
        last = found[-1]
        line = text[: text.rindex('"a": "WnF')].count("\n") + 1
        assert reading.line(last.document, "/data/a") == line
        assert (
            reading.line(last.document, "/kind")
            == text[: text.rindex('{\n   "metadata')].count("\n") + 1
        )


def test_what_a_server_lists_as_sealed_secrets() -> None:
    """No item of its list says what it is."""
    raw = msgspec.Raw(json.dumps(SEALED).encode())
    ((pieces, _),) = Sanitizer().sanitized([raw], "SealedSecret", "bitnami.com/v1alpha1")
    kept = json.loads(b"".join(pieces))
    assert list(kept) == ["kind", "apiVersion", "spec"]
    assert kept["spec"] == {"template": {"data": {"a": DATA}}, "encryptedData": {"b": "c"}}


PATHS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "entry of a secret": ({"kind": "Secret", **ITEM}, ("data", "a")),
    "template far below": ({"kind": "SealedSecret", **SEALED}, ("spec", "template", "data")),
    "value of a pair": (
        {"kind": "A", "spec": {"p": {"defaultValue": "x1", "key": "token"}}},
        ("spec", "p", "defaultValue"),
    ),
    "value of a pair in capitals": (
        {"kind": "A", "spec": {"p": {"Value": "x1", "Name": "token"}}},
        ("spec", "p", "Value"),
    ),
    "condition": (
        {"kind": "A", "spec": {"key": "token", "operator": "In", "values": ["x1"]}},
        ("spec", "values"),
    ),
    "text below a name": ({"kind": "A", "passwords": {"a": "x1"}}, ("passwords", "a")),
}


@pytest.mark.parametrize(("body", "path"), PATHS.values(), ids=PATHS)
def test_a_slice_hides_what_the_whole_hides(body: dict[str, Any], path: tuple[str, ...]) -> None:
    """A rule that reads one field sees it as one that reads all."""
    tree: ReadTree = at_path(path, WHOLE)
    whole, part = redact(body), Slicer(tree).value(json.dumps(body).encode(), clean=False)
    for name in path:
        whole, part = whole[name], part[name]  # type: ignore[assignment]  # one below the other
    assert part == whole
