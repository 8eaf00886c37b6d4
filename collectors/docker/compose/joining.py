"""Which files of a tree belong to the project of another one, and are no projects themselves.

An override goes with the file beside it. What is included, or only there to be extended, goes with
the file that names it::

    compose.yaml            a project
    compose.override.yaml   goes with it
    db/compose.yaml         goes with it, where compose.yaml includes it
    common.yaml             goes with it, where a service of it is extended
    docker-compose.ci.yml   a project: see collectors.docker.compose.project

Only files that are called as Compose's are looked into, and of those only what may name others.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import Final

from auditor.late import late
from collectors.docker.compose.interpolation import Interpolation
from collectors.docker.compose.names import MAIN, OVERRIDES
from collectors.docker.compose.project import Resolver, main_of, override_of
from collectors.docker.compose.reads import MOST_BYTES, Files

_NAMES_OTHERS: Final = late(rb"include|extends")
_SELECTS: Final = late(rb"^\s*(?:export\s+)?COMPOSE_FILE", re.MULTILINE)


def joined(paths: Sequence[str], files: Files) -> frozenset[str]:
    """Find the files, of compose files that are read, that others bring along."""
    found: set[str] = set()
    brings: dict[str, set[str]] = {}
    for path in paths:
        folder, name = posixpath.split(path)
        if name in OVERRIDES and main_of(folder, files) and override_of(folder, files) == path:
            found.add(path)
        elif _may_bring(path, folder, files):
            brings[path] = _brought(path, files)
    for path, below in brings.items():
        # those of a circle bring one another: the first one stands for it
        found |= {each for each in below if path not in brings.get(each, ()) or path < each}
    return frozenset(found)


def _may_bring(path: str, folder: str, files: Files) -> bool:
    try:
        data = files.read(path, MOST_BYTES)
        if _NAMES_OTHERS.search(data) is not None:
            return True
        if posixpath.basename(path) not in MAIN:
            return False
        override = override_of(folder, files)
        if override and _NAMES_OTHERS.search(files.read(override, MOST_BYTES)) is not None:
            return True
        return _SELECTS.search(files.read(posixpath.join(folder, ".env"), MOST_BYTES)) is not None
    except OSError:
        return False


def _brought(path: str, files: Files) -> set[str]:
    try:
        data = files.read(path, MOST_BYTES)
    except OSError:
        return set()
    project = Resolver(files, path, Interpolation()).project(data)
    extended = {each for each in project.extended if posixpath.basename(each) not in MAIN}
    return (project.included | extended | set(project.laid)) - {path}
