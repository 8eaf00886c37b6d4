"""What of a folder has to be rendered: one gap a chart, one a tree of kustomizations.

Kustomizations include one another. Of these three only ``prod`` and ``dev`` say what comes out, so
they are the *roots* of one tree, and the tree is one gap::

    overlays/prod ──resources──▶ base        a gap of overlays/dev: 2 kustomizations that were not
    overlays/dev  ──resources──▶ base        rendered, with 1 that they include

A chart in the ``charts`` folder of another is rendered with that. What kustomizations list as
patches, and what tells kustomize how to change objects, is partial.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

import msgspec

from auditor.model.enums import GapCause
from auditor.model.resource import Gap
from collectors.documents.guards import Unreadable
from collectors.documents.recognise import PathKind, Survey, Template, Tree
from collectors.documents.walk import shown
from collectors.kubernetes.manifests.kustomization import (
    FILES,
    MOST_BYTES,
    Kustomization,
    Use,
    first_value,
    read_kustomization,
)

CHART: Final = Template(
    what="Helm chart",
    marks=(frozenset({"Chart.yaml", "templates"}),),
    inside=frozenset({"templates", "Chart.yaml", "values.yaml"}),
)
KUSTOMIZATION: Final = Template(
    what="kustomization",
    marks=tuple(frozenset({name}) for name in sorted(FILES)),
    inside=frozenset(FILES),
)
_MOST_NAMED: Final = 5


class Grove(msgspec.Struct, frozen=True):
    """Kustomizations that include one another: ``roots`` are those that no other includes."""

    roots: tuple[str, ...]
    members: Mapping[str, Kustomization]


class Chart(msgspec.Struct, frozen=True):
    """A chart that is not in another one; ``inside`` are the folders of those in it."""

    folder: str
    inside: tuple[str, ...]


def survey(tree: Tree) -> Survey:
    """Tell what has to be rendered, and which files are partial."""
    groves, charts = groves_of(tree), charts_of(tree)
    gaps = [_of_chart(tree, each) for each in charts if not is_library(tree, each)]
    gaps += [_of_grove(tree, each) for each in groves]
    members = {folder: each for grove in groves for folder, each in grove.members.items()}
    return Survey(tuple(sorted(gaps, key=lambda gap: gap.scope)), frozenset(_partial(members)))


def charts_of(tree: Tree) -> list[Chart]:
    """The charts of a folder, in order; each with those that it brings along."""
    inside: dict[str, list[str]] = {}
    for each in tree.templates:
        if each.what != CHART.what:
            continue
        above = next((top for top in inside if each.folder.startswith(_charts(top))), None)
        if above is None:
            inside[each.folder] = []
        else:
            inside[above].append(each.folder)
    return [Chart(folder, tuple(below)) for folder, below in inside.items()]


def is_library(tree: Tree, chart: Chart) -> bool:
    """Whether a chart only has templates for others, of which nothing is made by itself."""
    try:
        value = first_value(tree.read(posixpath.join(chart.folder, "Chart.yaml"), MOST_BYTES))
    except (OSError, Unreadable):
        return False
    return isinstance(value, dict) and value.get("type") == "library" and not chart.inside


def _charts(folder: str) -> str:
    return posixpath.join(folder, "charts", "")


def groves_of(tree: Tree) -> list[Grove]:
    """The kustomizations of a folder, those that belong together in one."""
    found = {
        each.folder: read_kustomization(tree, each.folder)
        for each in tree.templates
        if each.what == KUSTOMIZATION.what
    }
    includes = {folder: _included(each, found) for folder, each in found.items()}
    groves = []
    for together in _together(includes):
        included = {below for folder in together for below in includes[folder] if below != folder}
        # those of a circle include one another: kustomize says so of any
        roots = [folder for folder in together if folder not in included] or together[:1]
        groves.append(Grove(tuple(roots), {folder: found[folder] for folder in together}))
    return groves


def _included(each: Kustomization, known: Mapping[str, object]) -> list[str]:
    """The folders of kustomizations that one includes."""
    return [
        reference.path
        for reference in each.references
        if reference.stands is PathKind.FOLDER
        and reference.use is not Use.DATA
        and reference.path in known
    ]


def _together(includes: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Put what includes one another together, each group and all of them in their order."""
    groups: dict[str, list[str]] = {folder: [folder] for folder in includes}
    for folder, below in includes.items():
        for other in below:
            mine, theirs = groups[folder], groups[other]
            if mine is not theirs:
                small, large = sorted((mine, theirs), key=len)
                large += small
                groups.update(dict.fromkeys(small, large))
    unique = {id(group): sorted(group) for group in groups.values()}
    return sorted(unique.values())


def _partial(members: Mapping[str, Kustomization]) -> Iterator[str]:
    """The files that only change what others hold, and are not an object of any kustomization."""
    changing = [
        reference
        for each in members.values()
        for reference in each.references
        if reference.use is Use.CHANGE
    ]
    plugins = {each.path for each in changing if each.stands is PathKind.FOLDER} & members.keys()
    whole = {
        path
        for folder, each in members.items()
        if folder not in plugins
        for path in _files(each, Use.INCLUDE)
    }
    yield from (each.path for each in changing if each.path not in whole)
    for folder in plugins:
        yield from (path for path in _files(members[folder]) if path not in whole)


def _files(of: Kustomization, use: Use | None = None) -> Iterator[str]:
    """The files that a kustomization names, for one use or for any."""
    for each in of.references:
        if each.stands is PathKind.FILE and use in (None, each.use):
            yield each.path


def _of_chart(tree: Tree, chart: Chart) -> Gap:
    number = len(chart.inside)
    more = f", with {number} in its charts folder" if number else ""
    hint = f"{_render(tree)}, or: helm template NAME {_quoted(tree, chart.folder)} | auditor scan -"
    return _gap(tree, chart.folder, f"a Helm chart that was not rendered{more}", hint)


def _of_grove(tree: Tree, grove: Grove) -> Gap:
    roots, others = len(grove.roots), len(grove.members) - len(grove.roots)
    command = f"kubectl kustomize {_quoted(tree, grove.roots[0])} | auditor scan -"
    hint = f"{_render(tree)}, or: {command}"
    if roots == 1:
        detail = "a kustomization that was not rendered"
        more = f", with {others} that it includes" if others else ""
    else:
        detail = f"{roots} kustomizations that were not rendered"
        more = f", with {others} that they include" if others else ""
        named = [shown(root or ".") for root in grove.roots[:_MOST_NAMED]]
        left = roots - len(named)
        more += f": {', '.join(named)}{f' and {left} more' if left else ''}"
        hint += ", and so the others"
    problems = [f"{each.path}: {each.problem}" for each in grove.members.values() if each.problem]
    more += f"; {shown(problems[0])}" if problems else ""
    return _gap(tree, grove.roots[0], detail + more, hint)


def _gap(tree: Tree, folder: str, detail: str, hint: str) -> Gap:
    return Gap(tree.target, shown(folder or "."), GapCause.UNSUPPORTED, detail, hint)


def _render(tree: Tree) -> str:
    return f"auditor scan {_quote(tree.target)} --render"


def _quoted(tree: Tree, folder: str) -> str:
    """A folder as it is called from where the user is."""
    return _quote(str(PurePosixPath(tree.target) / folder))


def _quote(place: str) -> str:
    import shlex  # noqa: PLC0415 - few trees have to be rendered

    return shlex.quote(shown(place))
