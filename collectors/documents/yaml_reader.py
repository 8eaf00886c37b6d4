"""YAML documents as values, exactly as kubectl takes them, from libyaml's tree of nodes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, cast

import msgspec
import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

from auditor.model.enums import GapCause
from auditor.model.pointers import steps, token
from collectors.documents.guards import MAX_DEPTH, MAX_NODES, NotParsed, Unreadable, too_deep
from collectors.documents.positions import lines_by_steps
from collectors.documents.scalars import (
    PREFIX,
    NotRepresentable,
    as_json_number,
    key_text,
    plain,
    tagged,
)

_PLAIN = "!plain"
_STR = PREFIX + "str"
_MERGE = PREFIX + "merge"
_PROPERTY = frozenset("!&")
_MOST_COMPARED = 10_000
"""Nodes of two values of one key; aliases may make many of few."""
_LONE_MARK = re.compile(r"(?:&\S+\s+)?!(?=\s)")


class _Tags(Resolver):
    """Marks untagged plain scalars, so that they can be told from text written as ``!!str``."""

    def resolve(self, kind: type, value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode and implicit[0]:
            return _PLAIN
        if kind is yaml.ScalarNode:
            implicit = (False, implicit[1])
        # types-PyYAML leaves this method out
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]


class _PureNodes(Reader, Scanner, Parser, Composer, _Tags):
    """The same in Python, for a PyYAML that was built without libyaml."""

    def __init__(self, stream: str) -> None:
        Reader.__init__(self, stream)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        _Tags.__init__(self)

    def dispose(self) -> None:
        """Nothing to free."""


def _loader() -> Any:
    base = getattr(yaml.cyaml, "CParser", None) if yaml.__with_libyaml__ else None
    if base is None:
        return _PureNodes

    def start(self: Any, stream: str) -> None:
        base.__init__(self, stream)
        _Tags.__init__(self)

    return type("Nodes", (base, _Tags), {"__init__": start})


NODES = _loader()


class Duplicate(msgspec.Struct, frozen=True):
    """A key that a mapping has twice; the last one counts. ``same``: the first says no other.

    ``first`` is the value that is lost, with its secrets; what is in a map or a list is left out.
    """

    pointer: str
    line: int
    first_line: int
    same: bool = False
    first: object = None


class NodeDocument(msgspec.Struct):
    """One document: its value, its node (for lines), and the keys that it has twice."""

    value: object
    node: yaml.Node
    duplicates: list[Duplicate] = msgspec.field(default_factory=list)

    @property
    def first(self) -> int:
        """The line that it begins at, from 0."""
        line: int = self.node.start_mark.line
        return line

    def line_of(self, pointer: str) -> int:
        """The line of a field, from 0, or of its nearest existing ancestor."""
        return self._find(pointer)[1]

    def lines_of(self, pointer: str, value: object) -> list[int]:
        """The lines of all nodes of a value at a pointer, as :meth:`line_of` for each."""
        node, line = self._find(pointer)
        return lines_by_steps(node, line, value, _step)

    def _find(self, pointer: str) -> tuple[yaml.Node | None, int]:
        node, line = self.node, self.first
        for step in steps(pointer):
            found = _step(node, step)
            if found is None:
                return None, line
            node, line = found
        return node, line


def _step(node: yaml.Node, step: str) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):
            if key.value == step:
                return value, key.start_mark.line
        for key, value in node.value:
            if key.value == "<<":
                for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    found = _step(source, step)
                    if found is not None:
                        return found
        return None
    if isinstance(node, yaml.SequenceNode) and step.isdecimal() and int(step) < len(node.value):
        item = node.value[int(step)]
        return item, item.start_mark.line
    return None


def nodes(text: str) -> Iterator[yaml.Node]:
    """The root node of each document.

    Raises:
        Unreadable: the text is not valid YAML; documents before the error have been yielded.
    """
    loader = NODES(text)
    try:
        while loader.check_node():
            yield loader.get_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 0
        raise NotParsed(
            GapCause.MALFORMED, f"not valid YAML: {error.problem}", line=line
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable(GapCause.MALFORMED, f"not valid YAML: {error}") from error
    finally:
        loader.dispose()


def documents(text: str, builder: Builder) -> Iterator[NodeDocument]:
    """Every document of a stream, empty ones as None.

    Raises:
        Unreadable: the text is not valid YAML, or its aliases expand without bound.
    """
    for node in nodes(text):
        yield builder.document(node, text)


class Builder:
    """Makes values of nodes, nulls left out of mappings, as the API server takes them."""

    def __init__(self, size: int, *, nulls: bool = False) -> None:
        """``size`` is the length of the text: as many nodes, and what aliases add, are allowed.

        ``nulls``: they are kept, for who tells a null from a field that is not there.
        """
        self._left = MAX_NODES + size
        self._nulls = nulls
        self._text = ""
        self._open: set[int] = set()
        self._duplicates: list[Duplicate] = []

    def document(self, node: yaml.Node, text: str) -> NodeDocument:
        """Make one document of the stream ``text``."""
        self._text = text
        self._duplicates = []
        value = self._value(node, "")
        return NodeDocument(value, node, self._duplicates)

    def _value(self, node: yaml.Node, pointer: str) -> object:
        self._spend(node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            raise _bad(node, "an alias contains itself")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [
                    self._value(item, f"{pointer}/{index}") for index, item in enumerate(node.value)
                ]
            made = self._mapping(cast("yaml.MappingNode", node), pointer)
            return made if self._nulls else without_nulls(made)
        finally:
            self._open.discard(id(node))

    def _spend(self, node: yaml.Node) -> None:
        """Count a node; aliases may make many of few, and deep ones of flat ones."""
        self._left -= 1
        if self._left < 0:
            raise _bad(node, f"aliases add more than {MAX_NODES:,} nodes")
        if len(self._open) > MAX_DEPTH:
            raise too_deep(node.start_mark.line + 1)

    def _scalar(self, node: yaml.ScalarNode) -> object:
        try:
            value = self._resolved(node)
        except NotRepresentable as error:
            raise _bad(node, str(error)) from error
        if isinstance(value, float):
            if not math.isfinite(value):
                raise _bad(node, f"{node.value} is not a number in JSON")
            return as_json_number(value)
        return value

    def _resolved(self, node: yaml.ScalarNode) -> object:
        if node.tag == _PLAIN:
            return node.value if self._is_marked_text(node) else plain(node.value)
        if node.tag == _STR:
            return node.value
        return tagged(node.tag, node.value)

    def _is_marked_text(self, node: yaml.ScalarNode) -> bool:
        """Whether a lone ``!`` stands before a plain scalar, which libyaml does not tell us."""
        at = node.start_mark.index
        return self._text[at : at + 1] in _PROPERTY and _LONE_MARK.match(self._text, at) is not None

    def _mapping(self, node: yaml.MappingNode, pointer: str) -> dict[str, object]:
        fields: dict[str, tuple[yaml.Node, str]] = {}
        first: dict[str, tuple[int, yaml.Node]] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if self._is_merge(key_node):
                merged.append(value_node)
                continue
            key = self._key(key_node)
            inside = f"{pointer}/{token(key)}"
            line = key_node.start_mark.line + 1
            if key in first:
                first_line, before = first[key]
                same = are_alike(before, value_node)
                lost = self._outline(before)
                self._duplicates.append(Duplicate(inside, line, first_line, same, lost))
            first.setdefault(key, (line, value_node))
            fields[key] = value_node, inside
        made = {key: self._value(*field) for key, field in fields.items()}
        for source in merged:
            for key, value in self._merge(source, pointer).items():
                made.setdefault(key, value)
        return made

    def _outline(self, node: yaml.Node) -> object:
        """Make the value of a scalar; of what has others in it, as much as says what it is."""
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [None] * len(node.value)
        keys = (key for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        return {key.value: None for key in keys}

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise _bad(node, "a key must be text, a number or a boolean")
        try:
            return key_text(self._resolved(node), node.value)
        except NotRepresentable as error:
            raise _bad(node, str(error)) from error

    @staticmethod
    def _is_merge(node: yaml.Node) -> bool:
        return isinstance(node, yaml.ScalarNode) and (
            node.tag == _MERGE or (node.tag == _PLAIN and node.value == "<<")
        )

    def _merge(self, node: yaml.Node, pointer: str) -> dict[str, object]:
        if isinstance(node, yaml.MappingNode):
            return self._as_map(node, pointer)
        if isinstance(node, yaml.SequenceNode):
            merged: dict[str, object] = {}
            for item in node.value:
                if not isinstance(item, yaml.MappingNode):
                    raise _bad(item, "map merge requires map or sequence of maps as the value")
                for key, value in self._as_map(item, pointer).items():
                    merged.setdefault(key, value)
            return merged
        raise _bad(node, "map merge requires map or sequence of maps as the value")

    def _as_map(self, node: yaml.MappingNode, pointer: str) -> dict[str, object]:
        self._spend(node)
        if id(node) in self._open:
            raise _bad(node, "an alias contains itself")
        self._open.add(id(node))
        try:
            return self._mapping(node, pointer)
        finally:
            self._open.discard(id(node))


def are_alike(first: yaml.Node, second: yaml.Node) -> bool:
    """Whether two nodes are written alike; large ones are taken for different."""
    todo = [(first, second)]
    for _ in range(_MOST_COMPARED):
        if not todo:
            return True
        one, other = todo.pop()
        if one is other:
            continue
        if type(one) is not type(other) or one.tag != other.tag:
            return False
        if isinstance(one, yaml.ScalarNode):
            if one.value != other.value:
                return False
            continue
        if len(one.value) != len(other.value):
            return False
        pairs = zip(one.value, other.value, strict=True)
        if isinstance(one, yaml.SequenceNode):
            todo += pairs
        else:
            todo += [pair for fields in pairs for pair in zip(*fields, strict=True)]
    return False


def without_nulls(mapping: dict[str, object]) -> dict[str, object]:
    """Leave out the fields that are null: to the API server they are the same as absent ones."""
    if None not in mapping.values():
        return mapping
    return {key: value for key, value in mapping.items() if value is not None}


def _bad(node: yaml.Node, detail: str) -> Unreadable:
    return Unreadable(GapCause.MALFORMED, detail, line=node.start_mark.line + 1)
