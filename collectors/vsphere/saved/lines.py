"""On which line of a file a field of a resource stands.

A pointer leads through properties as they are saved, so several steps of it may be one name, a list
is elements of one name beside one another, and a key of an option is the text of its ``key``::

    /config/extraConfig/a/b   <propSet><name>config</name><val>
                                <extraConfig><key>a/b</key><value>1</value></extraConfig>

What is nowhere is on the line of what is nearest above it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.parsers import expat

import msgspec


class _Node(msgspec.Struct):
    """An element: its name without a prefix, its line, what is in it, and its text."""

    name: str
    line: int
    inside: list[_Node] = msgspec.field(default_factory=list)
    text: str = ""


class Lines:
    """The elements of one file, which was read before and is known to be well formed."""

    def __init__(self, data: bytes) -> None:
        self._root = _parsed(data)

    def of(self, path: Iterable[str]) -> int:
        """Return the line of what a path leads to, from the object that the file is of."""
        if self._root is None:
            return 0
        here, line = [self._root], self._root.line
        for step in path:
            here = _below(here, step)
            if not here:
                return line
            line = here[0].line
        return line


def _below(here: Sequence[_Node], step: str) -> list[_Node]:
    """Go one step on: to a property, a field, an element of a list, or the option of a key."""
    if len(here) == 1 and here[0].inside and here[0].inside[0].name == "obj":
        return [
            each.inside[1]
            for each in here[0].inside
            if len(each.inside) > 1 and each.inside[0].text == step
        ]
    elements = here[0].inside if len(here) == 1 and here[0].name == "val" else here
    fields = [each for node in here for each in node.inside if each.name == step]
    if fields:
        return fields
    if step.isdecimal() and int(step) < len(elements):
        return [elements[int(step)]]
    return [
        each
        for each in elements
        if each.inside and each.inside[0].name == "key" and _same(each.inside[0].text, step)
    ][:1]


def _same(key: str, step: str) -> bool:
    return key == step or key.lower() == step


def _parsed(data: bytes) -> _Node | None:
    """Read the elements of a file, None of what is none."""
    outer = _Node("", 1)
    stack = [outer]
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True

    def start(tag: str, attributes: object) -> None:
        del attributes
        node = _Node(tag.rpartition(":")[2], parser.CurrentLineNumber)
        stack[-1].inside.append(node)
        stack.append(node)

    def end(tag: str) -> None:
        del tag
        stack.pop()

    def text(data: str) -> None:
        stack[-1].text += data

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        return None
    return outer.inside[0] if outer.inside else None
