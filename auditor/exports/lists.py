"""What only a scan has by one name, in the language of rules: for who asks an API server."""

from __future__ import annotations

from auditor.cel.unparse import literal
from auditor.platforms import PLATFORMS
from auditor.platforms.shape import Path


def lists_of(kind: str) -> dict[str, str]:
    """The joined lists of a kind in the language of rules, for who has no other way to them."""
    shape = PLATFORMS.shape_of(kind)
    found = {}
    for name, parts in shape.joined.items():
        found[name] = " + ".join(map(_optional, parts))
        if name in shape.named:
            where, value = shape.named[name]
            names = _optional(where)
            found[name] = f"size({names}) == 0 || {literal(value)} in {names} ? {found[name]} : []"
    return found


def _optional(path: Path) -> str:
    *above, last = path
    return f"{'.'.join(('object', *above))}.?{last}.orValue([])"
