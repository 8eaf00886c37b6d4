"""Where the template of a rendered object stands, found by what the object is called.

kustomize says nothing of that, so an object is looked for among those of the files that went in: by
its kind, name and namespace; else by kind and name alone; else by a name that the rendered one was
made of (``namePrefix``, ``nameSuffix``). What is not found was generated, and stands at the
kustomization. Helm says it in a comment before each object::

    # Source: chart/templates/deployment.yaml
"""

from __future__ import annotations

import bisect
import posixpath
from collections.abc import Iterable, Sequence
from typing import Final

from auditor.late import late
from auditor.model.resource import Resource
from collectors.documents.recognise import PathKind, Tree
from collectors.documents.rendered import Standing

_SOURCE: Final = late(r"^# Source: (\S.*?)\s*$")

Known = tuple[Resource, Standing]
"""An object as it was read of a file, and where it stands."""


class Templates:
    """The objects of the files that went into a kustomization."""

    def __init__(self, known: Iterable[Known], otherwise: Standing) -> None:
        """``otherwise`` is where stands what is none of the ``known``."""
        self._otherwise = otherwise
        self._by_kind: dict[str, list[Known]] = {}
        for resource, standing in known:
            self._by_kind.setdefault(resource.kind, []).append((resource, standing))

    def standing(self, found: Resource) -> Standing:
        """Say where the template of an object stands."""
        known = self._by_kind.get(found.kind, [])
        named = [each for each in known if each[0].name == found.name]
        there = [each for each in named if each[0].namespace == found.namespace]
        for some in (there, named):
            if some:
                return some[0][1]
        inside = [each for each in known if each[0].name and each[0].name in found.name]
        if not inside:
            return self._otherwise
        return max(inside, key=lambda each: len(each[0].name))[1]


def of_chart(tree: Tree, folder: str, text: str, resources: Sequence[Resource]) -> list[Standing]:
    """Say where the templates of a chart's objects stand, by the comments before them."""
    chart = Standing(posixpath.join(folder, "Chart.yaml"))
    lines, files = [0], [chart]
    for number, line in enumerate(text.split("\n"), 1):
        match = _SOURCE.match(line)
        if match is not None:
            path = posixpath.normpath(posixpath.join(folder, match[1].partition("/")[2]))
            lines.append(number)
            files.append(Standing(path) if _is_file(tree, path) else chart)
    return [files[bisect.bisect_right(lines, each.line) - 1] for each in resources]


def _is_file(tree: Tree, path: str) -> bool:
    """Whether a template is a file of the target; that of a packed chart is not."""
    inside = not path.startswith(("/", "../")) and "\0" not in path
    return inside and tree.kind_of(path) is PathKind.FILE
