"""Services that extend others: laid over them, down to the one that extends none."""

from __future__ import annotations

import posixpath
from typing import Final

import msgspec

from collectors.docker.compose.canonical import canonical, once
from collectors.docker.compose.hooks import each_before
from collectors.docker.compose.merge import CONTAINERS, laid_over, without
from collectors.docker.compose.nodes import Node, NotResolved, Part, Path, parts_of
from collectors.docker.compose.placing import each_service, placed
from collectors.docker.compose.reads import NotRead, Reads
from collectors.docker.compose.variables import Scope, interpolated

MOST_DEPTH: Final = 32
"""Services that extend one another."""


class _Base(msgspec.Struct):
    """The services of a file, with what the file resets, and in what it is read."""

    file: str
    services: dict[str, Node]
    resets: frozenset[Path]
    scope: Scope


class Extending:
    """Completes the services of files by those that they extend.

    ``files`` are those that have some, ``incomplete`` the services whose base was not read.
    """

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self.files: set[str] = set()
        self.incomplete: set[str] = set()

    def complete(self, node: Node, file: str, part: Part, scope: Scope) -> Node:
        """Complete the services of a document.

        Raises:
            NotResolved: one extends itself, or what is not there.
        """
        made = dict(node.fields)
        for kind in CONTAINERS:
            section = made.get(kind)
            if section is None or not isinstance(section.value, dict):
                continue
            base = _Base(file, dict(section.fields), part.resets, scope)
            for name in section.fields:
                base.services[name] = self._extended(name, name, base, ())
            made[kind] = section.with_value(base.services)
        return node.with_value(made)

    def _extended(
        self, asked: str, name: str, base: _Base, seen: tuple[tuple[str, str], ...]
    ) -> Node:
        """Complete a service of a file, on account of the one that is ``asked``."""
        service = base.services[name]
        extends = service.get("extends")
        if extends is None or extends.value is None:
            return service
        seen = (*seen, (base.file, name))
        if len(seen) > MOST_DEPTH:
            raise NotResolved(f"more than {MOST_DEPTH} services extend one another", extends)
        if seen[-1] in seen[:-1]:
            ways = ", which extends ".join(each for _, each in seen)
            raise NotResolved(f"a service extends itself: {ways}", extends)
        fields = {key: value for key, value in service.fields.items() if key != "extends"}
        own = service.with_value(fields)
        try:
            below = self._below(asked, extends, base, seen)
        except NotRead as error:
            self._reads.problems.append(error)
            self.incomplete.add(asked)
            return own
        top = below.with_value({"services": below.with_value({asked: below})})
        kept = without(top, base.resets).fields["services"].get(asked)
        return own if kept is None else laid_over(kept, own, ("services", name))

    def _below(
        self, asked: str, extends: Node, base: _Base, seen: tuple[tuple[str, str], ...]
    ) -> Node:
        """The service that one extends, complete and apart from all others."""
        wanted = extends if isinstance(extends.value, str) else extends.get("service")
        if wanted is None or not isinstance(wanted.value, str):
            raise NotResolved("extends names no service", extends)
        file = extends.get("file")
        other = base if file is None or file.value is None else self._in_file(file, base.scope)
        if wanted.value not in other.services:
            detail = f"extends {wanted.value}, which is not a service of {other.file}"
            raise NotResolved(detail, extends)
        found = self._extended(asked, wanted.value, other, seen)
        return self._reads.budget.copy(found)

    def _in_file(self, file: Node, scope: Scope) -> _Base:
        """The services of another file, in long forms."""
        named = self._reads.named(scope.folder, file, "the extended file")
        data = self._reads.bytes_of(named, "the extended file")
        self.files.add(named.path)
        inner = msgspec.structs.replace(scope, folder=posixpath.dirname(named.path))
        made = Node({}, named.path, 1)
        resets: frozenset[Path] = frozenset()
        for part in parts_of(data, named.path, self._reads.budget):
            node = interpolated(part.node, scope.variables.get, self._reads.interpolation)
            resets = part.resets
            made = in_long_forms(laid_over(without(made, resets), node))
        made = each_service(made, lambda service: placed(service, inner.folder))
        services = made.get("services")
        return _Base(named.path, services.fields if services is not None else {}, resets, inner)


def in_long_forms(node: Node) -> Node:
    """Write all services in long forms, and once what can be there only once.

    Raises:
        NotResolved: something can't be read as Compose writes it.
    """
    return each_service(
        node, lambda service: each_before(once(canonical(once(service))), canonical)
    )
