"""Values of compose files that know where they stand, read as Compose's YAML reader reads them.

It differs from kubectl's: ``yes`` is a text, ``010`` is eight, a key that is there twice is an
error, and ``!reset`` and ``!override`` say what goes of files that were read before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import msgspec
import yaml

from auditor.late import late
from auditor.model.enums import GapCause
from collectors.documents import yaml_reader
from collectors.documents.guards import MAX_PARSED, Unreadable, check_depth, check_size, decode
from collectors.documents.scalars import PREFIX

Path: TypeAlias = tuple[str, ...]
"""The keys that lead to a value, from the top of a file; ``[]`` is any item of a list."""
Scalar: TypeAlias = bool | int | float | str | None

ITEM: Final = "[]"
MOST_NODES: Final = 100_000
"""Nodes of one project, what aliases repeat among them; Compose takes as many of one file."""

_PLAIN: Final = "!plain"
_RESET: Final = "!reset"
_OVERRIDE: Final = "!override"
_WORDS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_INTEGER: Final = late(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT: Final = late(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SAFE: Final = 1 << 63


class Node(msgspec.Struct, gc=False):
    """A value with the file (as the target has it) and the line that it stands at, from 1.

    The line of a field is that of its key.
    """

    value: Scalar | list[Node] | dict[str, Node]
    file: str
    line: int

    def with_value(self, value: Scalar | list[Node] | dict[str, Node]) -> Node:
        """Make another value that stands where this one does."""
        return Node(value, self.file, self.line)

    def plain(self) -> Any:
        """The value alone."""
        value = self.value
        if isinstance(value, dict):
            return {key: below.plain() for key, below in value.items()}
        if isinstance(value, list):
            return [below.plain() for below in value]
        return value

    def get(self, key: str) -> Node | None:
        """The field of a mapping; None where there is none, or this is no mapping."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    @property
    def fields(self) -> dict[str, Node]:
        """The fields of a mapping; none of what is no mapping."""
        return self.value if isinstance(self.value, dict) else {}


class NotResolved(Exception):  # noqa: N818 - not an error of ours: it becomes a gap
    """Why a project, or a part of it, can't be resolved; ``at`` is where it says so."""

    def __init__(
        self,
        detail: str,
        at: tuple[str, int] | Node | None = None,
        hint: str = "",
        cause: GapCause = GapCause.MALFORMED,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.cause = cause
        self.file, self.line = (at.file, at.line) if isinstance(at, Node) else at or ("", 0)


class Budget:
    """How many nodes a project may still make, whatever repeats them."""

    def __init__(self, nodes: int = MOST_NODES) -> None:
        self._left = nodes

    def spend(self, at: Node | tuple[str, int], nodes: int = 1) -> None:
        """Count nodes.

        Raises:
            NotResolved: there are more than any project needs.
        """
        self._left -= nodes
        if self._left < 0:
            detail = f"the project comes to more than {MOST_NODES:,} values"
            raise NotResolved(detail, at, "aliases, extends or include repeat what is large")

    def copy(self, node: Node) -> Node:
        """Copy a value with all that is in it, to be changed apart from it."""
        self.spend(node)
        value = node.value
        if isinstance(value, dict):
            return node.with_value({key: self.copy(below) for key, below in value.items()})
        if isinstance(value, list):
            return node.with_value([self.copy(below) for below in value])
        return node.with_value(value)


class Part(msgspec.Struct, frozen=True):
    """One document of a file; ``resets`` are paths that it takes out of those before it."""

    node: Node
    resets: frozenset[Path]


def parts_of(data: bytes, file: str, budget: Budget) -> list[Part]:
    """Read the documents of a compose file; of several each lies over those before it.

    Raises:
        NotResolved: it is not YAML that Compose takes.
    """
    try:
        text = decode(data)
        check_size(text, MAX_PARSED, 1)
        check_depth(text)
        roots = list(yaml_reader.nodes(text))
    except Unreadable as error:
        hint = error.hint if isinstance(error.hint, str) else ""
        raise NotResolved(error.detail, (file, error.line), hint, error.cause) from error
    return [_Reader(file, budget).part(root) for root in roots]


class _Reader:
    """Makes values of the nodes of one document."""

    def __init__(self, file: str, budget: Budget) -> None:
        self._file = file
        self._budget = budget
        self._open: set[int] = set()
        self._resets: set[Path] = set()

    def part(self, root: yaml.Node) -> Part:
        node = self._node(root, (), root.start_mark.line + 1)
        if node is None or not isinstance(node.value, dict):
            raise NotResolved("a compose file is a mapping", (self._file, root.start_mark.line + 1))
        return Part(node, frozenset(self._resets))

    def _node(self, node: yaml.Node, path: Path, line: int) -> Node | None:
        """Make a value; None for one that is reset."""
        at = (self._file, line)
        self._budget.spend(at)
        if node.tag in (_RESET, _OVERRIDE):
            self._resets.add(path)
            if node.tag == _RESET:
                return None
        if isinstance(node, yaml.ScalarNode):
            return Node(self._scalar(node), *at)
        if id(node) in self._open:
            raise NotResolved("an alias contains itself", at)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return Node(self._mapping(node, path), *at)
            return Node(list(self._items(node, path)), *at)
        finally:
            self._open.discard(id(node))

    def _items(self, node: yaml.Node, path: Path) -> Iterator[Node]:
        for item in node.value:
            found = self._node(item, (*path, ITEM), item.start_mark.line + 1)
            if found is not None:
                yield found

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Node]:
        made: dict[str, Node] = {}
        seen: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise NotResolved("a key must be a text", (self._file, line))
            key = key_node.value
            if key in seen:
                detail = f"{key} is there twice: Compose takes no such file"
                raise NotResolved(detail, (self._file, line), f"it is at line {seen[key]} too")
            seen[key] = line
            if key == "<<" and key_node.tag in (_PLAIN, PREFIX + "merge"):
                merged.append(value_node)
                continue
            found = self._node(value_node, (*path, key), line)
            if found is not None:
                made[key] = found
        for source in merged:
            for key, found in self._merged(source, path).items():
                made.setdefault(key, found)
        return made

    def _merged(self, node: yaml.Node, path: Path) -> dict[str, Node]:
        """Read what stands below ``<<``: a mapping, or a list of which the first ones count."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Node] = {}
        for source in sources:
            found = self._node(source, path, source.start_mark.line + 1)
            if found is None:
                continue
            if not isinstance(found.value, dict):
                raise NotResolved("<< takes a mapping or a list of some", found)
            for key, below in found.value.items():
                merged.setdefault(key, below)
        return merged

    def _scalar(self, node: yaml.ScalarNode) -> Scalar:
        text: str = node.value
        tag = node.tag.removeprefix(PREFIX)
        if node.tag == _PLAIN or tag in ("int", "float", "bool", "null") or node.tag == _OVERRIDE:
            return resolved(text)
        return text


def resolved(text: str) -> Scalar:
    """What a plain scalar is to Compose: YAML 1.2, but for numbers in base eight and ``_``."""
    if text in _WORDS:
        return _WORDS[text]
    if not text[:1].isdecimal() and text[:1] not in "+-.":
        return text
    plain = text.replace("_", "") if text[:1] != "." else text
    if _INTEGER.fullmatch(plain) is not None:
        found = _integer(plain)
        if -_SAFE <= found < 2 * _SAFE:
            return found
    if _FLOAT.fullmatch(plain) is not None:
        number = float(plain)
        if math.isfinite(number):
            return number
    return text


def _integer(text: str) -> int:
    digits = text.lstrip("+-")
    sign = -1 if text.startswith("-") else 1
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdecimal():
        return sign * int(digits, 8)
    return sign * int(digits, 0)
