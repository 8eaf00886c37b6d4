"""JSON: the same objects and lines as from YAML, pages and streams taken apart."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest

from auditor.model.resource import Resource
from auditor.secrets.marks import marker
from auditor.secrets.redact import clean, decode, redact
from collectors.documents.blocks import Memory
from collectors.documents.json_text import Outline, spans
from collectors.documents.positions import steps
from collectors.documents.reading import FileReading
from collectors.kubernetes.manifests.recogniser import MANIFESTS
from tests.unit.collectors.documents.yaml_cases import (
    SCALARS,
    estate_documents,
    exact,
    odd_document,
    pointers,
)

HEAD = '"apiVersion": "v1", "kind": "Pod"'


def read(text: str | bytes, source: str = "a.json") -> FileReading:
    data = text.encode() if isinstance(text, str) else text
    return FileReading("t", source, data, (MANIFESTS,), Memory())


def objects(reading: FileReading) -> list[Resource]:
    return list(reading.resources())


def estate_values() -> list[Any]:
    return [value for text in estate_documents() for value in values_of(text)]


def values_of(text: str) -> list[Any]:
    found = [document.value for document in exact(text) or ()]
    return [value for value in found if isinstance(value, dict)]


@pytest.mark.parametrize("indent", [None, 0, 1, 4], ids=["one line", "0", "1", "4"])
def test_lines_are_those_of_a_second_parser(indent: int | None) -> None:
    compared = 0
    for value in estate_values():
        text = json.dumps(value, indent=indent)
        (document,) = exact(text) or ()
        outline = Outline(text.encode(), 0)
        for pointer in [*pointers(value), "/absent", "/spec/absent/deeper"]:
            assert outline.line_of(steps(pointer)) == document.line_of(pointer), (pointer, text)
            compared += 1
    assert compared > 2_500


def test_odd_values_have_the_lines_of_a_second_parser() -> None:
    random_ = random.Random(4)
    for _ in range(1_500):
        for value in values_of("\n".join(odd_document(random_))):
            text = json.dumps(value, indent=random_.choice((0, 2)), ensure_ascii=False)
            (document,) = exact(text) or (None,)
            if document is None:
                continue
            outline = Outline(text.encode(), 0)
            for pointer in pointers(value):
                assert outline.line_of(steps(pointer)) == document.line_of(pointer), (pointer, text)


@pytest.mark.parametrize("indent", [None, 2], ids=["one line", "indented"])
def test_objects_are_those_of_yaml(indent: int | None) -> None:
    for text in estate_documents():
        found = [made for made in objects(read(text, "a.yaml")) if made.kind.startswith("k8s/")]
        for from_yaml, value in zip(found, values_of(text), strict=True):
            (from_json,) = objects(read(json.dumps(value, indent=indent), "a.yaml"))
            assert not from_json.clean
            assert decode(from_json.body) == msgspec.json.decode(from_yaml.body)
            expected = msgspec.structs.replace(from_yaml, body=b"", line=1, clean=False)
            assert msgspec.structs.replace(from_json, body=b"") == expected


STREAMS = {
    "JSON lines": ('{"a": 1}\n{"b": [2]}\n', ['{"a": 1}', '{"b": [2]}']),
    "behind one another": ('{"a": 1}{"b": 2}', ['{"a": 1}', '{"b": 2}']),
    "brackets in strings": ('{"a": "}{"} {"b\\"}": 1}', ['{"a": "}{"}', '{"b\\"}": 1}']),
    "cut off": ('{"a": 1} {"b": [', ['{"a": 1}', '{"b": [']),
    "too many closed": ('{"a": 1}}} {"b": 2}', ['{"a": 1}', '{"b": 2}']),
    "nothing": (" \n", []),
}


@pytest.mark.parametrize(("text", "parts"), STREAMS.values(), ids=STREAMS)
def test_stream_is_cut_into_values(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in spans(text.encode())] == parts


def test_page_items_take_their_kind_from_the_list() -> None:
    page = '{"kind": "PodList", "apiVersion": "v1", "items": [\n{"metadata": {"name": "a"}},\n'
    reading = read(page + '{"metadata": {"name": "b",\n"labels": {"x": "y"}}}]}')
    first, second = objects(reading)
    assert (first.kind, first.name, first.line) == ("k8s/Pod", "a", 2)
    assert (second.name, second.line, second.labels) == ("b", 3, (("x", "y"),))
    assert reading.line(second.document, "/metadata/labels/x") == 4
    assert reading.line(first.document, "/metadata/name") == 2
    assert [reading.on_one_line(each.document) for each in (first, second)] == [True, False]


def test_what_is_on_one_line_has_that_of_the_object() -> None:
    texts = [f"\n{json.dumps(value)}" for value in estate_values()]
    lists = [f'\n{{"kind": "List", "apiVersion": "v1", "items": [{text}]}}' for text in texts]
    asked = 0
    for reading in map(read, (*lists, *texts)):
        for found in objects(reading):
            assert reading.on_one_line(found.document)
            for pointer in pointers(msgspec.json.decode(found.body)):
                assert reading.line(found.document, pointer) == found.line > 1
                asked += 1
    assert asked > 2_500


def test_stream_of_pretty_objects_keeps_its_lines() -> None:
    one = "{" + HEAD + ',\n "metadata": {\n  "name": "a"}}'
    two = one.replace('"a"', '"b"')
    reading = read(f"\n{one}\n{two}\n")
    first, second = objects(reading)
    assert [first.line, second.line] == [2, 5]
    assert reading.line(second.document, "/metadata/name") == 7
    assert reading.line(first.document, "/metadata/name") == 4


@pytest.mark.parametrize(
    ("escaped", "name"),
    [
        pytest.param(r"a\ud800", "a\ufffd", id="first half"),
        pytest.param(r"\uDfffb", "\ufffdb", id="second half"),
        pytest.param(r"\udc00\ud800", "\ufffd\ufffd", id="in the wrong order"),
        pytest.param(r"\ud83d\ude00\ud83d", "\U0001f600\ufffd", id="a pair and a half"),
        pytest.param(r"\\ud800", "\\ud800", id="no escape at all"),
        pytest.param(r"\\\ud800", "\\\ufffd", id="after a backslash"),
    ],
)
def test_half_a_pair_is_read_as_go_reads_it(escaped: str, name: str) -> None:
    (found,) = objects(read(f'{{{HEAD}, "metadata": {{"name": "{escaped}"}}}}'))
    assert found.name == name


def test_byte_order_mark_is_no_content() -> None:
    reading = read(b"\xef\xbb\xbf{" + HEAD.encode() + b', "metadata": {"name": "a"}}')
    assert [resource.name for resource in objects(reading)] == ["a"]


@pytest.mark.parametrize("compact", [True, False], ids=["compact", "with spaces"])
def test_nulls_are_absent_and_secrets_replaced(*, compact: bool) -> None:
    texts = ["", "x,", ":null,", "{", '":null', 'a":null', "\\", 'b\\":null,', "hf_" + "z" * 34]
    random_ = random.Random(6)

    def value(depth: int) -> Any:
        draw = random_.random()
        if depth < 4 and draw < 0.45:
            keys = [*texts, "key", "value", "name", "k/x.y", "env"]
            return {random_.choice(keys): value(depth + 1) for _ in range(random_.randint(0, 4))}
        if depth < 4 and draw < 0.6:
            return [value(depth + 1) for _ in range(random_.randint(0, 4))]
        return random_.choice([None, None, 1, True, *texts, *SCALARS[:40]])

    for _ in range(5_000):
        made = {"top": value(0)}
        raw = msgspec.json.encode(made) if compact else json.dumps(made).encode()
        assert decode(raw) == redact(without_nulls(made))
        assert msgspec.json.decode(clean(raw)) == decode(raw)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


SECRETS = {
    "token in an argument": {"args": ["--hf-token=hf_short"]},
    "token anywhere": {"note": "see ghp_" + "a" * 36},
    "token behind an escape": {"note": "<hf_" + "a" * 34 + ">"},
    "password in a URL": {"url": "postgres://user:hunter2@db/x"},
    "secret variable": {"env": [{"name": "DB_PASSWORD", "value": "hunter22"}]},
    "secret variable, value first": {"env": [{"value": "hunter22", "name": "DB_PASSWORD"}]},
    "secret variable, field between": {"env": [{"name": "A_TOKEN", "x": 1, "value": "hunter22"}]},
    "private key": {"data": "-----BEGIN RSA PRIVATE KEY-----\nabc"},
    "a Secret": {"kind": "Secret", "apiVersion": "v1", "data": {"a": "aGk="}},
}


@pytest.mark.parametrize("value", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("escaped", [False, True], ids=["plain", "escaped"])
def test_quick_look_misses_no_secret(value: Any, *, escaped: bool) -> None:
    raw = json.dumps(value)
    if escaped:
        raw = "".join(f"\\u{ord(c):04x}" if c in "_@=ET" else c for c in raw)
    assert decode(raw.encode()) == redact(value)
    assert "«redacted:" in clean(raw.encode()).decode()


def test_variable_without_a_value_is_left_alone() -> None:
    value = {"env": [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db"}}}]}
    raw = msgspec.json.encode(value)
    assert decode(raw) == value
    assert marker("by-name") not in clean(raw).decode()
