"""Texts that are JSON: what is a secret in them is replaced, and every other byte stays.

``{"user": "a",  "password": "b"}`` keeps its spaces, its order and its escapes: what was decided
about the decoded value is looked up in the text, node by node.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from auditor.late import late

_PIECE = late(r'"(?:[^"\\]+|\\.)*+"|[{}\[\]]|[^\s{}\[\]:,"]+', re.DOTALL)


class _Node:
    """A value in the text: where it is, and what is in it, by its key or its number."""

    __slots__ = ("end", "inside", "start")

    def __init__(self, start: int, end: int = 0) -> None:
        self.start = start
        self.end = end
        self.inside: list[tuple[str, _Node]] = []


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


def redact_json(text: str, hide: Callable[[Any], Any]) -> str | None:
    """Replace in a text that is JSON what ``hide`` replaces in its value; None when it is none."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    found = hide(value)
    if found is value and not _has_twice(text):
        return text
    edits = sorted(_changes(_parsed(text), found, text, hide))
    parts: list[str] = []
    done = 0
    for edit in edits:
        parts += (text[done : edit.start], edit.text)
        done = edit.end
    return "".join((*parts, text[done:])) if edits else text


def _has_twice(text: str) -> bool:
    """Whether an object has a key twice: a decoder keeps the last one alone."""
    import json  # noqa: PLC0415 - few files have such texts

    twice = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal twice
        twice = twice or len(dict(pairs)) < len(pairs)

    with contextlib.suppress(ValueError, RecursionError):
        json.loads(text, object_pairs_hook=look, parse_int=str, parse_float=str)
    return twice


def _parsed(text: str) -> _Node:
    """The nodes of a text that is known to be JSON."""
    top = _Node(0)
    open_: list[_Node] = [top]
    key: str | None = None
    for match in _PIECE.finditer(text):
        piece, above = match[0], open_[-1]
        if piece in "}]":
            open_.pop().end = match.end()
            continue
        in_object = above is not top and text[above.start] == "{"
        if in_object and key is None:
            key = msgspec.json.decode(piece)
            continue
        node = _Node(match.start(), match.end())
        above.inside.append((key if key is not None else "", node))
        key = None
        if piece in "{[":
            open_.append(node)
    return top.inside[0][1]


def _changes(node: _Node, found: Any, text: str, hide: Callable[[Any], Any]) -> Iterator[_Edit]:
    """What has to be written otherwise, from the text of a node to what was made of it."""
    stack = [(node, found)]
    while stack:
        node, found = stack.pop()
        first = text[node.start]
        if first == "{" and isinstance(found, dict):
            last = dict(node.inside)
            for key, child in node.inside:
                if last[key] is child and key in found:
                    stack.append((child, found[key]))
                else:  # lost to a decoder, but still to be read by people
                    value = msgspec.json.decode(text[child.start : child.end])
                    stack.append((child, hide({key: value})[key]))
        elif first == "[" and isinstance(found, list) and len(found) == len(node.inside):
            stack += [(child, found[at]) for at, (_, child) in enumerate(node.inside)]
        elif msgspec.json.decode(text[node.start : node.end]) != found:
            yield _Edit(node.start, node.end, msgspec.json.encode(found).decode())
