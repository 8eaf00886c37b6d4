"""JSON pointers (RFC 6901): ``/metadata/annotations/example.org~1owner``."""

from __future__ import annotations


def token(key: str) -> str:
    """Write a key as a reference token: ``~`` as ``~0``, ``/`` as ``~1``."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def steps(pointer: str) -> list[str]:
    """Take a pointer apart into the keys and numbers that it leads through."""
    if "~" not in pointer:
        return pointer.split("/")[1:]
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
