"""Bodies as rules see them: lists joined from parts, names without their random endings.

What is joined is data of the platform (:mod:`auditor.platforms.shape`).
"""

from __future__ import annotations

import re

from auditor.platforms.shape import Path, Shape, Steps
from auditor.secrets.hints import find


def replaced(data: bytes, beginning: bytes, pattern: re.Pattern[bytes], name: bytes) -> bytes:
    """As ``pattern.sub(name, data)``, of a pattern whose matches all have one beginning.

    The beginning is looked for at the speed of memory, the pattern only where it is.
    """
    parts: list[bytes] = []
    done, at = 0, find(data, beginning)
    while at >= 0:
        match = pattern.match(data, at)
        if match is not None:
            parts += (data[done:at], name)
            done = match.end()
        at = find(data, beginning, at + 1 if match is None else done)
    return b"".join((*parts, data[done:])) if parts else data


def quiet(shape: Shape, data: bytes) -> bytes:
    """JSON (or a slice of it) as rules see it: without the noise."""
    return data if shape.noise is None else replaced(data, *shape.noise)


def prepare(shape: Shape, body: dict[str, object]) -> dict[str, object]:
    """Return ``body`` with the joined lists of its shape added, for one resource at a time.

    A part that is absent or null adds nothing. A part of another type leaves the joined field out,
    so that an expression that reads it has an error, and the rule no verdict.
    """
    if not shape.joined:
        return body
    prepared = dict(body)
    for name, parts in shape.joined.items():
        joined = join(body, parts)
        if name in shape.named and joined is not None:
            where, value = shape.named[name]
            names = join(body, (where,))
            joined = None if names is None else joined if not names or value in names else []
        prepared.pop(name, None)
        if joined is not None:
            prepared[name] = joined
    return prepared


def join(body: dict[str, object], parts: tuple[Path, ...]) -> list[object] | None:
    """Concatenate the lists at ``parts``; None when one of them is something else."""
    joined: list[object] = []
    for path in parts:
        value: object = body
        for name in path:
            if value is None:
                break
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        if value is None:
            continue
        if not isinstance(value, list):
            return None
        joined += value
    return joined


def resolve_joined(path: Steps, body: dict[str, object], shape: Shape) -> Steps:
    """Turn a path through a joined list into the path of the part that holds the element."""
    if not path or path[0] not in shape.joined:
        return path
    parts = shape.joined[str(path[0])]
    if len(path) == 1 or not isinstance(path[1], int):
        return parts[0]
    index = path[1]
    for part in parts:
        value: object = body
        for field in part:
            value = value.get(field) if isinstance(value, dict) else None
        length = len(value) if isinstance(value, list) else 0
        if index < length:
            return (*part, index, *path[2:])
        index -= length
    return path
