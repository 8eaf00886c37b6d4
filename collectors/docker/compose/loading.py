"""The services of one project: its files read, completed and laid over one another.

For each file, in this order, as Compose does it::

    variables put in      include: what is included lies below what the file says itself
    !reset, !override     taken out of the files before
    extends               a service lies over the one that it extends, of this or of another file
    laid over             the files before

What is read is bounded: files, bytes, values and the length of texts. What Compose would refuse, or
what can't be bounded, is a :class:`~collectors.docker.compose.nodes.NotResolved` of the project. A
file that is not there, not inside of the target or on another machine is a problem of its own, and
the rest is resolved.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import Final

import msgspec

from collectors.docker.compose.defaults import with_defaults
from collectors.docker.compose.extending import Extending, in_long_forms
from collectors.docker.compose.interpolation import Interpolation
from collectors.docker.compose.merge import laid_over, without
from collectors.docker.compose.nodes import Node, NotResolved, Part, Path, parts_of
from collectors.docker.compose.placing import each_service, placed
from collectors.docker.compose.reads import Files, Named, NotRead, Reads
from collectors.docker.compose.variables import Scope, interpolated

MOST_DEPTH: Final = 32
"""Files that include one another."""
_SECTIONS: Final = ("services", "jobs", "volumes", "networks", "secrets", "configs", "models")


class Loader:
    """Reads the files of one project; ``included`` are those that others include."""

    def __init__(self, files: Files, interpolation: Interpolation) -> None:
        self.reads = Reads(files, interpolation)
        self.extending = Extending(self.reads)
        self.included: set[str] = set()

    def model(self, files: Sequence[tuple[str, bytes]], scope: Scope) -> Node:
        """What files come to that lie over one another; the first one is at the bottom.

        Raises:
            NotResolved: Compose would refuse it.
        """
        made = Node({}, files[0][0], 1)
        for path, data in files:
            self.reads.take(path, data)
            for part in parts_of(data, path, self.reads.budget):
                made = self._laid(made, part, path, scope)
        made = each_service(made, with_defaults)
        return each_service(made, lambda service: placed(service, scope.folder))

    def _laid(self, before: Node, part: Part, path: str, scope: Scope) -> Node:
        node = interpolated(part.node, scope.variables.get, self.reads.interpolation)
        inner = msgspec.structs.replace(scope, included=(*scope.included, path))
        node = self._with_includes(node, part, inner)
        before = without(before, part.resets)
        node = self.extending.complete(node, path, part, scope)
        return in_long_forms(laid_over(before, node))

    def _with_includes(self, node: Node, part: Part, scope: Scope) -> Node:
        include = node.get("include")
        fields = {key: value for key, value in node.fields.items() if key != "include"}
        if include is None or include.value is None:
            return node.with_value(fields)
        if not isinstance(include.value, list):
            raise NotResolved("include has to be a list", include)
        for item in include.value:
            try:
                found = self._included(item, scope)
            except NotRead as error:
                self.reads.problems.append(error)
                continue
            for section in _SECTIONS:
                _import(fields, section, found, part.resets)
        return node.with_value(fields)

    def _included(self, item: Node, scope: Scope) -> Node:
        """What an item of ``include`` comes to."""
        if len(scope.included) > MOST_DEPTH:
            raise NotResolved(f"more than {MOST_DEPTH} files include one another", item)
        named = item if isinstance(item.value, str) else item.get("path")
        if named is None:
            raise NotResolved("include names no file", item)
        what = "the included file"
        each = named.value if isinstance(named.value, list) and named.value else [named]
        files = [self.reads.named(scope.folder, one, what) for one in each]
        main = files[0].path
        if main in scope.included:
            ways = ", which includes ".join((*scope.included, main))
            raise NotResolved(f"a file includes itself: {ways}", item)
        folder = posixpath.dirname(main)
        where = item.get("project_directory")
        if where is not None:
            folder = self.reads.named(scope.folder, where, "the folder of the project").path
        texts = [(file.path, self.reads.bytes_of(file, what)) for file in files]
        self.included.update(file.path for file in files)
        variables = self.reads.variables(
            self._env_files(item, scope.folder, folder), scope.variables
        )
        return self.model(texts, Scope(folder, variables, scope.included))

    def _env_files(self, item: Node, folder: str, project: str) -> list[Named]:
        named = item.get("env_file")
        if named is None or named.value in (None, []):
            return env_file_of(project, self.reads)
        each = named.value if isinstance(named.value, list) else [named]
        return [
            self.reads.named(folder, one, "the file of variables")
            for one in each
            if one.value != "/dev/null"
        ]


def env_file_of(folder: str, reads: Reads) -> list[Named]:
    """Find ``.env`` in the folder of a project; none where there is none."""
    path = posixpath.join(folder, ".env")
    return [Named(path, None)] if reads.has(path) else []


def _import(fields: dict[str, Node], section: str, found: Node, resets: frozenset[Path]) -> None:
    """Lay what a file says itself over what it includes."""
    source = found.get(section)
    if source is None:
        return
    own = fields.get(section, source.with_value({}))
    made = dict(own.fields)
    for name, below in source.fields.items():
        known = made.get(name)
        if known is None:
            made[name] = below
        elif known.plain() != below.plain():
            top = below.with_value({section: below.with_value({name: below})})
            kept = without(top, resets).fields[section].get(name)
            made[name] = known if kept is None else laid_over(kept, known, (section, name))
    fields[section] = own.with_value(made)
