"""The tables of what workloads run on: known faults of it, and the images that it comes in."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import yaml

from auditor.late import late
from auditor.policy.read_reference import reference
from auditor.policy.suggest import suggestion
from auditor.policy.yamlfile import Reader, kind_of

CONDITIONS: Final = ("authorization-plugin", "cdi", "cdi-alone", "older-instinct")
"""What a fault may depend on beside the version; `auditor.analysis.advisories.pack` reads them."""
SEVERITIES: Final = ("low", "medium", "high", "critical")
_VERSION: Final = late(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,5}")
_BRANCH: Final = late(r"[0-9]{1,9}")
_DAY: Final = late(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_REPOSITORY: Final = late(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_AFFECTED: Final = ("ranges", "branches")
_KEYS: Final = (
    *("id", "component", "severity", "what", *_AFFECTED, "when", "unless"),
    *("published", "as-of", "reference"),
)
_REQUIRED: Final = ("id", "component", "severity", "what", "as-of", "reference")


def read_advisory(reader: Reader, node: yaml.Node) -> Mapping[str, object]:
    """Read a row of ``advisories``."""
    nodes = reader.mapping(node, _KEYS, _REQUIRED)
    row: dict[str, object] = {
        name: reader.string(nodes.get(name)) for name in ("id", "component", "what")
    }
    row["severity"] = _one_of(reader, nodes.get("severity"), SEVERITIES)
    for name in ("when", "unless"):
        if name in nodes:
            row[name] = _one_of(reader, nodes[name], CONDITIONS)
    for name in ("published", "as-of"):
        if name in nodes:
            row[name] = _matching(reader, nodes[name], _DAY, "a day, as 2026-11-30")
    if "ranges" in nodes:
        row["ranges"] = [_range(reader, each) for each in reader.items(nodes["ranges"])]
        _overlap(reader, nodes["ranges"], row["ranges"])
    if "branches" in nodes:
        row["branches"] = _branches(reader, nodes["branches"])
    if nodes and len([name for name in _AFFECTED if name in nodes]) != 1:
        reader.fail(node, "needs either ranges or branches", "which versions have the fault?")
    reference(reader, nodes, row)
    return row


def read_stack_image(reader: Reader, node: yaml.Node) -> Mapping[str, object]:
    """Read a row of ``stack-images``."""
    keys = ("component", "images", "part", "except", "reference")
    nodes = reader.mapping(node, keys, ("component", "images"))
    row: dict[str, object] = {"component": reader.string(nodes.get("component"))}
    texts = reader.texts(nodes.get("images"))
    for item, text in texts:
        if not _REPOSITORY.fullmatch(text):
            hint = "without registry and tag: acme/server"
            reader.fail(item, f"{text!r} is not the path of a repository", hint)
    row["images"] = [text for _, text in texts]
    if isinstance(nodes.get("images"), yaml.SequenceNode) and not texts:
        reader.fail(nodes["images"], "must not be empty")
    if "part" in nodes:
        row["part"] = part = reader.value(nodes["part"])
        if isinstance(part, bool) or not isinstance(part, int) or not 1 <= part <= 9:
            reader.fail(nodes["part"], "must be a number from 1 to 9")
    if "except" in nodes:
        row["except"] = list(reader.strings(nodes["except"]))
        if isinstance(nodes["except"], yaml.SequenceNode) and not row["except"]:
            reader.fail(nodes["except"], "must not be empty")
    reference(reader, nodes, row)
    return row


ADVISORY_TABLES: Final[Mapping[str, Callable[[Reader, yaml.Node], Mapping[str, object]]]] = (
    MappingProxyType({"advisories": read_advisory, "stack-images": read_stack_image})
)
"""The tables here, each with what reads a row of it."""


def _range(reader: Reader, node: yaml.Node) -> dict[str, str]:
    nodes = reader.mapping(node, ("from", "before"), ("before",))
    found = {
        name: _matching(reader, each, _VERSION, "a version, as 29.1")
        for name, each in nodes.items()
    }
    if all(found.values()) and _numbers(found.get("from", "0")) >= _numbers(
        found.get("before", "0")
    ):
        reader.fail(node, "ends before it begins")
    return found


def _overlap(reader: Reader, node: yaml.Node, found: object) -> None:
    """Note ranges that are not one after the other, and a list of none."""
    ranges = [each for each in found if each.get("before")] if isinstance(found, list) else []
    if isinstance(node, yaml.SequenceNode) and not node.value:
        reader.fail(node, "must not be empty")
    for one, other in itertools.pairwise(ranges):
        if _numbers(other.get("from") or "0") < _numbers(one["before"]):
            reader.fail(node, f"the range from {other.get('from') or 0} begins in another")


def _branches(reader: Reader, node: yaml.Node) -> dict[str, str]:
    if not isinstance(node, yaml.MappingNode) or not node.value:
        reader.fail(node, f"must be branches with the version that mends it, not {kind_of(node)}")
        return {}
    found: dict[str, str] = {}
    for branch, each in reader.mapping(node, ()).items():
        if not _BRANCH.fullmatch(branch):
            reader.fail(each, f"{branch!r} is not a branch", 'its first number, in quotes: "580"')
        fixed = _matching(reader, each, _VERSION, "a version, as 29.1")
        if fixed and branch.isdecimal() and _numbers(fixed)[0] != int(branch):
            reader.fail(each, f"{fixed} is not of branch {branch}")
        found[branch] = fixed
    return found


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split("."))


def _matching(reader: Reader, node: yaml.Node, pattern: re.Pattern[str], what: str) -> str:
    """Read a text that has to look like something; "" where it doesn't."""
    text = reader.string(node)
    if text and not pattern.fullmatch(text):
        reader.fail(node, f"must be {what}", "in quotes")
        return ""
    return text


def _one_of(reader: Reader, node: yaml.Node | None, allowed: tuple[str, ...]) -> str:
    text = reader.string(node)
    if text and text not in allowed:
        reader.fail(node, f"{text!r} is not allowed", suggestion(text, allowed))
    return text
