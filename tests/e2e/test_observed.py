"""Observed values are what stands in the file, at that place and on that line."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.command import ESTATE
from tests.e2e.runs import Run, collector_of, generate

NOT_SHOWN = re.compile(
    r"«redacted:|\((?:a map|a list|line [0-9]+ of [0-9]+: .*"
    r"|[0-9]+ (?:bytes|characters) .*not repeated here)\)"
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("observed") / "tree", 25)


@functools.cache
def documents(path: Path) -> tuple[yaml.Node, ...]:
    """The documents of a file by PyYAML's own parser, with their places; lists taken apart."""
    return tuple(node for node in yaml.compose_all(path.read_text()) if node is not None)


def child(node: yaml.Node, step: str) -> tuple[yaml.Node, int] | None:
    """A field (of equal keys the last) or an element, and its 1-based line; None if absent."""
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):
            if key.value == step:
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
        value = node.value[int(step)]
        return value, value.start_mark.line + 1
    return None


def reach(node: yaml.Node, pointer: str) -> tuple[yaml.Node | None, int]:
    """The node at a pointer; the line of the last step that is there."""
    line = node.start_mark.line + 1
    found: yaml.Node | None = node
    for step in pointer.split("/")[1:]:
        below = None if found is None else child(found, step.replace("~1", "/").replace("~0", "~"))
        if below is None:
            return None, line
        found, line = below
    return found, line


def objects(results: dict[str, Any], root: Path) -> Iterator[tuple[dict[str, Any], yaml.Node]]:
    """Each finding with the documents that could be its own: of its kind and name."""
    for finding in results["findings"]:
        resource = finding["resource"]
        if resource["kind"] == "files/DuplicateKey":
            continue  # about the text, not about a value in it
        if not resource["uid"]:
            continue  # an account that nobody declares
        path = root / resource["file"]
        own = [
            node
            for node in documents(path)
            if text_at(node, "/metadata/name") == resource["name"]
            and resource["kind"].partition(".")[0] == f"k8s/{text_at(node, '/kind')}"
        ]
        assert own, resource
        yield finding, own[0]


def text_at(node: yaml.Node, pointer: str) -> str | None:
    found, _ = reach(node, pointer)
    return found.value if isinstance(found, yaml.ScalarNode) else None


@pytest.mark.parametrize("which", ["estate", "generated"])
def test_observed(tree: Path, which: str) -> None:
    root = ESTATE if which == "estate" else tree
    results = json.loads(Run().results(collector_of(root)))
    checked = 0
    for finding, document in objects(results, root):
        assert finding["observed"] or finding["verdict"] == "unknown", finding
        for seen in finding["observed"]:
            if "fact" in seen:
                assert seen["fact"] in {
                    "gpu/Sharing",
                    "k8s/NamespacePosture",
                    "k8s/NamedNamespace",
                    "k8s/AccountUse",
                    "k8s/EscalationPath",
                    "stack/Image",
                }
                assert "line" not in seen
                assert seen["path"].split("/")[1] in DERIVED, (finding["rule"], seen)
                continue
            node, line = reach(document, seen["path"])
            assert seen.get("line") == line, (finding["rule"], seen, finding["resource"])
            assert ("value" in seen) == (node is not None), (finding["rule"], seen)
            if node is not None and not NOT_SHOWN.search(str(seen["value"])):
                assert plain(seen["value"]) == plain(as_value(node)), (finding["rule"], seen)
            checked += 1
        for seen in finding["observed"][:1]:
            if "line" in seen:
                assert finding["resource"]["line"] == seen["line"]
    assert checked > 50


DERIVED = frozenset(
    {
        *("defaultDenyIngress", "defaultDenyEgress", "limitRanges", "otherPolicies"),
        *("resourceQuotas", "bound", "name", "role", "strategy", "local", "affected", "unknown"),
    }
)
"""What an analysis counted in a whole namespace, or of all that use an account: in no file."""


def as_value(node: yaml.Node) -> Any:
    return yaml.SafeLoader("").construct_object(node, deep=True)


def plain(value: object) -> str:
    """A value as text, the same for what YAML and JSON write differently."""
    return json.dumps(value, sort_keys=True, default=str)
