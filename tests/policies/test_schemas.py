"""The schemas for editors: every shipped file has their form, and the loader wants the same form.

What the loader checks beyond form (names that other files define, values of parameters against
their bounds, the name of the file) is not part of a schema, and is left out here.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from auditor.cli.wiring import SHIPPED as WIRING
from auditor.configuration.reading import read_configuration
from auditor.errors import PolicyErrors
from auditor.platforms import PLATFORMS
from auditor.policy.found import Found
from auditor.policy.read_controls import read_controls
from auditor.policy.read_profile import read_profile
from auditor.policy.read_rule import read_rule
from auditor.policy.read_table import read_table
from auditor.policy.yamlfile import Reader
from tests.cases import every
from tests.sweeps import sweep
from tests.unit.policy import making


def read_config_file(reader: Reader, stem: str, found: Found) -> None:
    """As the readers of policies: errors are noted, and not raised."""
    try:
        read_configuration(reader.text.encode(), stem, Path(), WIRING.formats)
    except PolicyErrors as error:
        found.errors += error.errors


POLICIES = Path(__file__).parents[2] / "policies"
READERS: dict[str, Callable[[Reader, str, Found], None]] = {
    "rule.v1": read_rule,
    "control.v1": read_controls,
    "profile.v1": read_profile,
    "configuration.v1": read_config_file,
    "pod-templates": read_table,
    "unread-contents": read_table,
    "gpu-components": read_table,
    "network-places": read_table,
    "network-plugins": read_table,
    "network-servers": read_table,
    "refused-programs": read_table,
    "releases": read_table,
    "advisories": read_table,
    "stack-images": read_table,
    "tenancy-keys": read_table,
    "tenant-map": read_table,
}
FOLDERS = {"rule.v1": "rules", "control.v1": "controls", "profile.v1": "profiles"}
SHIPPED = {
    path.relative_to(POLICIES).as_posix(): (name, path)
    for name, folder in FOLDERS.items()
    for path in sorted((POLICIES / folder).rglob("*.yaml"))
} | {
    f"tables/{name}.yaml": (name, POLICIES / f"tables/{name}.yaml")
    for name in (
        "advisories",
        "stack-images",
        "refused-programs",
        "releases",
        "gpu-components",
        "network-places",
        "network-plugins",
        "network-servers",
        "pod-templates",
        "tenancy-keys",
        "unread-contents",
    )
}
MORE = """
equivalent: [{change: a => b, reason: Because.}]
needs: [k8s/Secret, k8s/RayCluster.ray.io]
each: object.list
"""
PARAMETERS = """
parameters:
  flag: {type: bool, default: true, description: d}
  number: {type: int, default: 2, min: 1, max: 9, description: d}
  text: {type: string, default: a, choices: [a, b], description: d}
  texts: {type: list(string), default: [a], description: d}
  version: {type: kubernetes-version, default: "1.30", description: d}
"""
CONFIGURATION = """
targets:
  - a
  - target: k8s://b
    labels: {env: c}
    timeout: 3
    kubeconfig: d
    password: {env: E}
    ca-file: f
    certificates: g
  - target: k8s://h
    kubeconfig: {command: i}
    session: {file: j}
exclude: [c]
profile: d
parameters: {e: 1, f: true, g: [h, 2], "i.j": k}
policies: [l]
fail-on: high, coverage<95
waivers: m
answers: n
baseline: n
baseline-key: o
baseline-trust: p
outputs: {json: q, sarif: r}
kubeconfig: s
timeout: 1.5
parallel: 4
executor: t
"""
WITH_PARAMETERS = re.sub(r"parameters:\n.*\n", PARAMETERS, making.RULE).replace(
    "    params: {least: 3}\n", ""
)
VALID = {
    "rule": ("rule.v1", making.RULE + MORE, ()),
    "parameters": ("rule.v1", WITH_PARAMETERS, ("parameters",)),
    "controls": ("control.v1", making.CONTROLS, ()),
    "a mapped framework": (
        "control.v1",
        making.CONTROLS.replace("}", ", rules: [acme-bad]}") + 'version: "1.0"\n',
        (),
    ),
    "a control that rules can't decide": (
        "control.v1",
        making.CONTROLS.replace("}", ", decided-by: image-scan, question: Ask}"),
        (),
    ),
    "a framework of one provider": (
        "control.v1",
        making.CONTROLS.replace("}", ', same-as: "other:one"}') + "selected-only: true\n",
        (),
    ),
    "a framework of one's own mapping": (
        "control.v1",
        making.CONTROLS.replace(
            "}",
            ", rules: [acme-*], tags: [workload], controls: ['other:AC-6(5)'], unreviewed: true}",
        )
        + 'mapping: supports\nunreviewed: Ours.\ndated: "2026-11-30"\ntotal: 9\nrest: People.\n',
        (),
    ),
    "a control that is not covered": (
        "control.v1",
        making.CONTROLS.replace("}", ", not-covered: Nobody knows}"),
        (),
    ),
    "profile": (
        "profile.v1",
        making.PROFILE + "extends: [other]\nwaivers: {max-days: 90}\n",
        (),
    ),
    "configuration": ("configuration.v1", CONFIGURATION, ()),
    "contents": (
        "unread-contents",
        making.CONTENTS,
        (),
    ),
    "components": ("gpu-components", making.COMPONENTS, ()),
    "refused programs": ("refused-programs", making.REFUSED_PROGRAMS, ()),
    "releases": ("releases", making.RELEASES, ()),
    "advisories": ("advisories", making.ADVISORIES, ()),
    "advisories by branches": ("advisories", making.ADVISORIES_OF_BRANCHES, ()),
    "stack images": ("stack-images", making.STACK_IMAGES, ()),
    "tenancy keys": ("tenancy-keys", making.TENANCY_KEYS, ()),
    "tenant map": ("tenant-map", "- {tenant: a, namespaces: [b, c]}\n", ()),
    "table": ("pod-templates", making.TABLE.replace("}\n", ", partial: true}\n"), ()),
}
VALUES: list[object] = [
    *(
        None,
        True,
        0,
        1,
        10**6,
        1.5,
        "",
        " ",
        "x",
        "X y",
        "a.b",
        "1.30",
        "latest",
        "true",
        "k8s/Pod",
    ),
    *("high", "never", "HIGH", "high, unknown>3", "k8s/Pods", "k8s/X.y.z", "acme:one", "pass"),
    *("manual", "int", "https://x", "acme-bad", [], ["x"], ["x", "x"], [1], [None], [["x"]], {}),
    *({"x": 1}, ["k8s/Pod", "k8s/Pod"], [{}], dt.date(2026, 1, 1), ["workload"]),
]
BEYOND_FORM = re.compile(
    r"the file must be named|^example .* is there twice|exists already|is overridden twice"
    r"|are listed already|is not mapped through itself"
    r"|no parameter is called|parameter \w+: .* is not (?:between|one of)|is below min"
)


def schema(name: str) -> jsonschema.Draft202012Validator:
    text = (POLICIES / f"schema/{name}.schema.json").read_text()
    return jsonschema.Draft202012Validator(json.loads(text))


SCHEMAS = {name: schema(name) for name in READERS}


def complaints(name: str, text: str, stem: str) -> list[str]:
    """What the loader says of the form of one file."""
    found = Found()
    reader = Reader(text.encode(), "a.yaml", found.errors)
    if reader.root is not None:
        READERS[name](reader, stem, found)
    return [error.message for error in found.errors if not BEYOND_FORM.search(error.message)]


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values, but not inside an example's object, where anything goes."""
    yield path
    if path[-1:] in {("object",), ("params",)}:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


def changed(document: object, path: tuple[Any, ...]) -> Iterator[tuple[str, object]]:
    """Copies of a document with another value, another key or none at a place."""

    def parent(copied: Any) -> Any:
        for step in path[:-1]:
            copied = copied[step]
        return copied

    encoded = msgspec.msgpack.encode(document)
    for value in VALUES:
        if not path:
            yield repr(value), value
            continue
        other = msgspec.msgpack.decode(encoded)
        parent(other)[path[-1]] = value
        yield repr(value), other
    if path and isinstance(path[-1], str):
        other = msgspec.msgpack.decode(encoded)
        del parent(other)[path[-1]]
        yield "left out", other
        other = msgspec.msgpack.decode(encoded)
        parent(other)[path[-1] + "x"] = parent(other).pop(path[-1])
        yield "another key", other
    elif path:
        other = msgspec.msgpack.decode(encoded)
        parent(other).append(parent(other)[path[-1]])
        yield "again", other


def test_shipped_files_have_the_form() -> None:
    def has_the_form(case: tuple[str, Path]) -> None:
        name, path = case
        SCHEMAS[name].validate(yaml.load(path.read_text(), Loader=yaml.CSafeLoader))

    every(SHIPPED, has_the_form)


@pytest.mark.parametrize("name", READERS)
def test_everything_is_described(name: str) -> None:
    def undescribed(node: Any, path: str) -> Iterator[str]:
        for key, value in node.get("properties", {}).items():
            target = value
            if isinstance(value, dict) and "$ref" in value and "description" not in value:
                target = SCHEMAS[name].schema["$defs"][value["$ref"].rpartition("/")[2]]
            if isinstance(target, dict):
                if "description" not in target:
                    yield f"{path}.{key}"
                yield from undescribed(target, f"{path}.{key}")
                if isinstance(target.get("items"), dict):
                    yield from undescribed(target["items"], f"{path}.{key}[]")

    assert "description" in SCHEMAS[name].schema
    if not name.startswith(("pod-", "unread-")):  # a table explains its words at its top
        assert list(undescribed(SCHEMAS[name].schema, "")) == []


BEYOND_A_SCHEMA = re.compile(
    "is there twice|begins in another|is not of branch|ends before it begins"
)
"""What the loader compares between values: JSON Schema has no word for it."""


@sweep(some=10, whole=100)
@pytest.mark.parametrize(("name", "text", "below"), VALID.values(), ids=VALID)
def test_loader_and_schema_agree_on_every_change(
    name: str, text: str, below: tuple[str, ...], size: int
) -> None:
    """On so many of a hundred, spread over all of them."""
    document = yaml.safe_load(text)
    stem = {"rule.v1": "acme-bad"}.get(name, name if READERS[name] is read_table else "acme")
    assert complaints(name, text, stem) == []
    assert SCHEMAS[name].is_valid(document)
    disagreements = []
    made = (
        (path, change, other)
        for path in places(document)
        if path[: len(below)] == below
        for change, other in changed(document, path)
    )
    for number, (path, change, other) in enumerate(made):
        if number * 37 % 100 < size:
            said = complaints(name, yaml.dump(other, Dumper=yaml.CSafeDumper), stem)
            valid, beyond = SCHEMAS[name].is_valid(other), all(map(BEYOND_A_SCHEMA.search, said))
            if (valid and not beyond) or (not valid and not said):
                disagreements.append((path, change, said))
    assert disagreements == []


def test_kinds_are_those_that_the_loader_knows() -> None:
    listed = SCHEMAS["rule.v1"].schema["$defs"]["kind"]["anyOf"][0]["enum"]
    assert listed == sorted(PLATFORMS.kinds)
