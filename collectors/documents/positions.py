"""The line of a field, from the lines that a block reader noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auditor.model.pointers import steps

FieldLines = dict[int, dict[str, int] | list[int]]
"""Line numbers (from 0) of the keys and items of a collection, by its ``id``."""


def value_at(value: Any, pointer: str) -> Any:
    """What stands at a pointer, None when nothing does."""
    for step in steps(pointer):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def step_in_block(value: Any, line: int, field_lines: FieldLines, step: str) -> tuple[Any, int]:
    """What is below a value that stands at a line, and its line; None and that line for nothing.

    ``step`` is a key or a number, as :func:`auditor.model.pointers.key` has it of a pointer.
    """
    own = field_lines.get(id(value))
    if isinstance(own, dict):
        at = own.get(step)
        return (None, line) if at is None else (value.get(step), at)
    if own is not None and step.isdecimal() and int(step) < len(own):
        return value[int(step)], own[int(step)]
    return None, line


def lines_in_block(start: Any, field_lines: FieldLines, line: int, value: object) -> list[int]:
    """The lines of all nodes of ``value``, which is what was made of ``start`` at ``line``.

    Not deeper than a block reader goes, so it may call itself.
    """
    lines: list[int] = []
    append = lines.append

    def walk(source: Any, line: int, found: Any) -> None:
        append(line)
        own = field_lines.get(id(source))
        if type(found) is dict:
            if type(own) is dict:
                for key, item in found.items():
                    at = own.get(key, line)
                    if type(item) is dict or type(item) is list:
                        walk(source.get(key), at, item)
                    else:
                        append(at)
            else:
                for item in found.values():
                    walk(None, line, item)
        elif type(found) is list:
            if type(own) is list and len(own) == len(found):
                for at, inside, item in zip(own, source, found, strict=True):
                    if type(item) is dict or type(item) is list:
                        walk(inside, at, item)
                    else:
                        append(at)
            else:
                for item in found:
                    walk(None, line, item)

    walk(start, line, value)
    return lines


Step = Callable[[Any, str], tuple[Any, int] | None]
"""From a node and a reference token to the node below and its line."""


def lines_by_steps(start: Any, line: int, value: object, step: Step) -> list[int]:
    """As :func:`lines_in_block`, for any tree of nodes; None is a node with nothing below."""
    lines: list[int] = []
    stack: list[tuple[Any, int, Any]] = [(start, line, value)]
    while stack:
        node, line, found = stack.pop()
        lines.append(line)
        if isinstance(found, dict):
            named = list(found.items())
        elif isinstance(found, list):
            named = [(str(number), item) for number, item in enumerate(found)]
        else:
            continue
        for name, item in reversed(named):
            below = step(node, name) if node is not None else None
            stack.append((None, line, item) if below is None else (*below, item))
    return lines
