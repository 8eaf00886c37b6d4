"""Parts of documents whose types nobody has checked: what is of another type is as good as absent.

::

    {"spec": {"args": ["-v", 7]}}     mapping(spec)   the map        mapping(7)       {}
                                      elements(args)  ["-v", 7]      elements("-v")   []
                                      strings(args)   ["-v"]         string(7)        ""
"""

from __future__ import annotations


def mapping(value: object) -> dict[str, object]:
    """Return a value that is a map; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def elements(value: object) -> list[object]:
    """Return a value that is a list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def mappings(value: object) -> list[dict[str, object]]:
    """Return the maps in a list; none for anything else."""
    return [each for each in elements(value) if isinstance(each, dict)]


def string(value: object) -> str:
    """Return a value that is a text; an empty one for anything else."""
    return value if isinstance(value, str) else ""


def strings(value: object) -> list[str]:
    """Return the texts in a list; none for anything else."""
    return [each for each in elements(value) if isinstance(each, str)]
