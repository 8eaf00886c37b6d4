"""Paths in tables (``spec.workerGroupSpecs[*].template``) and JSON pointers (RFC 6901)."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.pointers import token

Segment = str
"""A field name, or ``*`` for every element of a list or value of a map."""


def parse_path(text: str) -> tuple[Segment, ...]:
    """Split a dotted path; ``[*]`` is a segment of its own and ``""`` is the object itself."""
    if not text:
        return ()
    return tuple(text.replace("[*]", ".*").lstrip(".").split("."))


def pointer_of(path: tuple[str, ...]) -> str:
    """Return the pointer of a path without wildcards."""
    return "".join(f"/{token(part)}" for part in path)


def walk(
    value: object, path: tuple[Segment, ...], pointer: str = ""
) -> Iterator[tuple[str, object]]:
    """Yield (pointer, value) for all that ``path`` reaches in ``value``; absent is nothing."""
    if not path:
        yield pointer, value
        return
    head, rest = path[0], path[1:]
    if head == "*":
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from walk(item, rest, f"{pointer}/{index}")
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from walk(item, rest, pointer + pointer_of((key,)))
    elif isinstance(value, dict) and head in value:
        yield from walk(value[head], rest, pointer + pointer_of((head,)))
