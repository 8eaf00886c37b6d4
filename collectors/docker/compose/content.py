"""What a project starts as resources, each field at its file and line."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from auditor.model.pointers import pointers_of, steps, token
from auditor.model.resource import Resource
from auditor.platforms.docker import COMPOSE_SERVICE
from auditor.secrets.redact import redact
from collectors.docker.compose.defined import with_defined
from collectors.docker.compose.hiding import hidden
from collectors.docker.compose.inline import Inline, inline_of
from collectors.docker.compose.interpolation import Interpolation
from collectors.docker.compose.nodes import Budget, Node, NotResolved, parts_of
from collectors.docker.compose.project import Piece, Project, Resolver
from collectors.docker.compose.reads import Files
from collectors.documents.guards import Unreadable
from collectors.documents.ledger import Ledger
from collectors.documents.recognise import Identities
from collectors.documents.walk import shown

PROJECT_LABEL: Final = "com.docker.compose.project"
SERVICE_LABEL: Final = "com.docker.compose.service"
"""Labels that Compose gives a container."""
_SHORT: Final = 12
_OF_KUBERNETES: Final = ("apiVersion", "kind")


class ComposeContent:
    """Implements :class:`collectors.documents.recognise.Content` for the files of one project."""

    def __init__(self, ledger: Ledger, files: Files, path: str, data: bytes) -> None:
        """``path`` is that of the main file among ``files``."""
        self._ledger = ledger
        self._files = files
        self._path = path
        self._data = data
        self._project = self._resolved(Interpolation(hide=hidden))
        self._pieces = list(self._whole(self._project))
        self._inline = [
            Inline(piece.service, text)
            for piece in self._pieces
            if (text := inline_of(piece.node)) is not None
        ]
        self._original: Project | None = None

    def _resolved(self, interpolation: Interpolation) -> Project:
        return Resolver(self._files, self._path, interpolation).project(self._data)

    def _whole(self, project: Project) -> Iterator[Piece]:
        """What a project starts, with what it defines of what is mounted there."""
        folder = posixpath.dirname(self._path)
        for piece in project.pieces():
            node = with_defined(piece.node, project.model, folder)
            yield msgspec.structs.replace(piece, node=node)

    @property
    def inputs(self) -> str:
        """A digest of the other files that went in, or were to; "" where there are none."""
        project = self._project
        found = [*sorted(project.inputs.items()), *sorted(project.unread.items())]
        text = "\n".join(f"{path}\0{digest}" for path, digest in found)
        made = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return made if found else ""

    @property
    def with_files(self) -> tuple[str, ...]:
        """The other files that went in, in order."""
        return tuple(sorted(self._project.inputs))

    def resources(self) -> Iterator[Resource]:
        """Yield what the project starts, and note what of it could not be read."""
        for problem in self._project.problems:
            self._ledger.add(self._unreadable(problem))
        identities = Identities(self._ledger.source)
        for number, piece in enumerate(self._pieces):
            node = piece.node
            source = self._shown(node.file)
            labels = [(SERVICE_LABEL, piece.service)]
            body = msgspec.json.encode(redact(_dense(node)))
            if self._project.name:
                labels.insert(0, (PROJECT_LABEL, self._project.name))
            yield Resource(
                kind=COMPOSE_SERVICE,
                api_version="",
                name=piece.called,
                namespace="",
                uid=identities.of(COMPOSE_SERVICE, "", _identity(piece, body)),
                source=source,
                document=number,
                line=node.line,
                body=body,
                labels=tuple(labels),
                clean=True,
                partial=piece.partial,
                rendered="" if source == self._ledger.source else self._ledger.source,
                files=tuple(self._elsewhere(node, "", node.file)),
            )
        for number, inline in enumerate(self._inline, len(self._pieces)):
            try:
                yield inline.resource(self._ledger.source, self._shown(inline.text.file), number)
            except NotResolved as problem:
                self._ledger.add(self._unreadable(problem))

    def _shown(self, path: str) -> str:
        return self._ledger.source if path == self._path else shown(path)

    def _elsewhere(self, node: Node, pointer: str, file: str) -> Iterator[tuple[str, str]]:
        """The fields that stand in another file than what is above them."""
        if node.file != file:
            yield pointer, self._shown(node.file)
        value = node.value
        below: list[tuple[str, Node]] = []
        if isinstance(value, dict):
            below = [(token(key), item) for key, item in value.items()]
        elif isinstance(value, list):
            below = [(str(number), item) for number, item in enumerate(value)]
        for key, item in below:
            yield from self._elsewhere(item, f"{pointer}/{key}", node.file)

    def _unreadable(self, problem: NotResolved) -> Unreadable:
        detail, line = problem.detail, problem.line
        if problem.file and problem.file != self._path:
            detail = f"{self._shown(problem.file)}:{line}: {detail}"
            line = 0
        return Unreadable(problem.cause, detail, problem.hint, line)

    def line(self, number: int, pointer: str) -> int:
        """Return the line of a field of a service, or of what is nearest above it."""
        if number >= len(self._pieces):
            return self._inline[number - len(self._pieces)].line(pointer)
        node = self._pieces[number].node
        for step in steps(pointer):
            below = _below(node, step)
            if below is None:
                break
            node = below
        return node.line

    def lines(self, number: int, pointer: str, value: object) -> list[int]:
        """Return the lines of all nodes of a value."""
        return [self.line(number, f"{pointer}{place}") for place in pointers_of(value)]

    def all_lines(self, number: int) -> list[int] | None:
        """Tell that lines have to be looked up."""
        del number
        return None

    def original(self, number: int) -> object:
        """Return a service with its secrets: resolved once more, and nothing hidden."""
        if self._original is None:
            self._original = self._resolved(Interpolation())
        if number >= len(self._pieces):
            known = {**self._original.services, **self._original.jobs}
            return self._inline[number - len(self._pieces)].original(known)
        called = self._pieces[number].called
        found = (each for each in self._whole(self._original) if each.called == called)
        return next((_dense(each.node) for each in found), None)


def _identity(piece: Piece, body: bytes) -> str:
    """What a piece is told by: its name, and of what has none its content, without secrets."""
    if piece.called == piece.service:
        return piece.called
    kind = piece.called.rpartition(" ")[0]
    return f"{kind} {hashlib.sha256(body).hexdigest()[:_SHORT]}"


def _below(node: Node, step: str) -> Node | None:
    value = node.value
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return None


def _dense(node: Node) -> Any:
    """A value without its nulls."""
    value = node.value
    if isinstance(value, dict):
        return {key: _dense(item) for key, item in value.items() if item.value is not None}
    if isinstance(value, list):
        return [_dense(item) for item in value]
    return value


def is_compose(data: bytes, path: str, *, is_named: bool) -> bool:
    """Return whether the top of a file is that of a compose file."""
    try:
        parts = parts_of(data, path, Budget())
    except NotResolved:
        return is_named
    tops = [part.node for part in parts]
    if not tops or any(top.get(key) is not None for top in tops for key in _OF_KUBERNETES):
        return False
    return is_named or any(_has_services(top) for top in tops)


def _has_services(top: Node) -> bool:
    services = top.get("services")
    each = list(services.fields.values()) if services is not None else []
    return (
        bool(each)
        and all(isinstance(service.value, dict) for service in each)
        and any(service.get(field) is not None for service in each for field in ("image", "build"))
    )
