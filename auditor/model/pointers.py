"""JSON pointers (RFC 6901): ``/metadata/annotations/example.org~1owner``."""

from __future__ import annotations

from collections.abc import Iterator


def token(key: str) -> str:
    """Write a key as a reference token: ``~`` as ``~0``, ``/`` as ``~1``."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def key(token: str) -> str:
    """Read a reference token: the key that :func:`token` writes so."""
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


def steps(pointer: str) -> list[str]:
    """Take a pointer apart into the keys and numbers that it leads through."""
    if "~" not in pointer:
        return pointer.split("/")[1:]
    return [key(part) for part in pointer.split("/")[1:]]


def pointers_of(value: object) -> Iterator[str]:
    """Yield the pointers of all nodes of a value in their order, its own "" first."""
    stack: list[tuple[str, object]] = [("", value)]
    while stack:
        place, found = stack.pop()
        yield place
        below: list[tuple[str, object]] = []
        if isinstance(found, dict):
            below = [(f"{place}/{token(key)}", item) for key, item in found.items()]
        elif isinstance(found, list):
            below = [(f"{place}/{number}", item) for number, item in enumerate(found)]
        stack.extend(reversed(below))
