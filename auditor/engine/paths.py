"""The lists that an ``each`` names, as paths: known without a trace."""

from __future__ import annotations

from auditor.late import late

_PLAIN_EACH = late(r"\s*object((?:\.\??[A-Za-z_][A-Za-z0-9_]*)+?)(?:\.orValue\(\[\]\))?\s*")


def plain_paths(source: str) -> tuple[tuple[str, ...], ...] | None:
    """The paths of an expression that names lists, ``object.?a.orValue([]) + object.b``."""
    paths = []
    for part in source.split("+"):
        plain = _PLAIN_EACH.fullmatch(part)
        if plain is None:
            return None
        paths.append(tuple(plain[1].replace("?", "")[1:].split(".")))
    return tuple(paths)


def length_at(body: dict[str, object], path: tuple[str, ...]) -> int:
    """How many elements the list at a path has; 0 where there is no list."""
    value: object = body
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return len(value) if isinstance(value, list) else 0
