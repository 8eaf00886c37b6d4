"""Variables put into a file, and the values that texts stand for then."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from collectors.docker.compose.casts import cast_of
from collectors.docker.compose.interpolation import Interpolation, Lookup, is_open
from collectors.docker.compose.nodes import ITEM, Node, NotResolved, Path


class Scope(msgspec.Struct, frozen=True):
    """In what a file is read: the folder its paths are relative to, and its variables.

    ``included`` are the files that led here.
    """

    folder: str
    variables: Mapping[str, str]
    included: tuple[str, ...] = ()


def interpolated(node: Node, lookup: Lookup, interpolation: Interpolation, path: Path = ()) -> Node:
    """Put variables into all texts of a value.

    Raises:
        NotResolved: a text is not as Compose writes them, or is not of the type that is meant.
    """
    value = node.value
    if isinstance(value, dict):
        return node.with_value(
            {
                key: interpolated(below, lookup, interpolation, (*path, key))
                for key, below in value.items()
            }
        )
    if isinstance(value, list):
        inner = (*path, ITEM)
        return node.with_value(
            [interpolated(below, lookup, interpolation, inner) for below in value]
        )
    if not isinstance(value, str):
        return node
    try:
        text = interpolation.text(value, lookup)
    except NotResolved as error:
        raise NotResolved(error.detail, node, error.hint) from error
    return node.with_value(_cast(node, text, path))


def _cast(node: Node, text: str, path: Path) -> bool | int | float | str | None:
    cast = cast_of(path)
    if cast is None or is_open(text):
        return text
    try:
        return cast(text)
    except (KeyError, ValueError):
        raise NotResolved(f"{'.'.join(path[2:])}: not a valid value: {text}", node) from None
