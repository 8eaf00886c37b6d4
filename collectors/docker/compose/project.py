"""One project: which files are its own, what it is called, and the containers that come out.

``compose.yaml`` goes with ``compose.override.yaml`` beside it. ``COMPOSE_FILE`` in ``.env`` names
others instead. A file that is called otherwise, such as ``docker-compose.prod.yml``, is a project
by itself, but where the folder has one: then it is there to be laid over that, and what both have
is only what is written (``partial``).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from auditor.late import late
from collectors.docker.compose.finishing import finished, on_networks, with_named
from collectors.docker.compose.hooks import each_hook, hooks_of
from collectors.docker.compose.interpolation import Interpolation, is_open, open_value
from collectors.docker.compose.loading import Loader, env_file_of
from collectors.docker.compose.names import MAIN, OVERRIDES
from collectors.docker.compose.nodes import Node, NotResolved
from collectors.docker.compose.placing import shown
from collectors.docker.compose.reads import Files, Named, NotRead
from collectors.docker.compose.variables import Scope
from collectors.documents.recognise import PathKind

NAME: Final = "COMPOSE_PROJECT_NAME"
_FILES, _SEPARATOR = "COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR"
_NOT_IN_NAMES: Final = late(r"[^a-z0-9_-]")


class Project(msgspec.Struct):
    """What came out: services and jobs by their names, in order.

    ``partial`` are those of which more is written where we did not read. ``problems`` are what
    could not be read, ``inputs`` the digests of the other files that went in, by their paths,
    ``unread`` why others did not; ``model`` has what services name: volumes, secrets, configs.
    """

    name: str = ""
    services: dict[str, Node] = msgspec.field(default_factory=dict)
    jobs: dict[str, Node] = msgspec.field(default_factory=dict)
    partial: set[str] = msgspec.field(default_factory=set)
    problems: list[NotResolved] = msgspec.field(default_factory=list)
    inputs: dict[str, str] = msgspec.field(default_factory=dict)
    unread: dict[str, str] = msgspec.field(default_factory=dict)
    included: set[str] = msgspec.field(default_factory=set)
    extended: set[str] = msgspec.field(default_factory=set)
    laid: list[str] = msgspec.field(default_factory=list)
    model: Node | None = None

    def pieces(self) -> Iterator[Piece]:
        """Yield each container that is started, and what is started with it."""
        for name, node in (*self.services.items(), *self.jobs.items()):
            yield Piece(name, name, node, name in self.partial)
        for name, node in self.services.items():
            for hook, found in hooks_of(node):
                yield Piece(name, f"{name} {hook}", found, partial=True)


class Piece(msgspec.Struct):
    """A container, or what is started with that of a ``service``, and how it is ``called``.

    Of what is ``partial`` more is written elsewhere.
    """

    service: str
    called: str
    node: Node
    partial: bool


class Resolver:
    """Resolves one project by its main file, among the files of a target."""

    def __init__(self, files: Files, path: str, interpolation: Interpolation) -> None:
        self._files = files
        self._path = path
        self._folder = posixpath.dirname(path)
        self._loader = Loader(files, interpolation)
        self._reads = self._loader.reads
        self._project = Project()

    def project(self, data: bytes) -> Project:
        """Resolve it; what Compose would refuse has no services, and a problem."""
        project = self._project
        try:
            self._resolve(data)
        except NotResolved as error:
            project.services, project.jobs = {}, {}
            project.problems.append(error)
        except RecursionError:
            project.services, project.jobs = {}, {}
            project.problems.append(NotResolved("nested too deeply", (self._path, 1)))
        project.problems[:0] = self._reads.problems
        for name, reason in self._reads.interpolation.missing.items():
            project.problems.append(_missing(name, reason, self._path))
        project.inputs = {
            path: digest for path, digest in self._reads.digests.items() if path != self._path
        }
        project.unread = self._reads.unread
        project.included = self._loader.included
        project.extended = self._loader.extending.files
        return project

    def _resolve(self, data: bytes) -> None:
        variables = self._reads.variables(env_file_of(self._folder, self._reads), {})
        files = self._laid_over(data, variables)
        self._project.laid = [path for path, _ in files]
        name = self._named(files, variables)
        self._project.name = "" if is_open(name) else name
        variables.setdefault(NAME, name)
        model = self._loader.model(files, Scope(self._folder, variables))
        self._project.model = model
        jobs = model.get("jobs")
        for kind, into in (("services", self._project.services), ("jobs", self._project.jobs)):
            section = model.get(kind)
            if section is None and (kind == "jobs" or jobs is not None):
                continue
            if section is None or not isinstance(section.value, dict):
                raise NotResolved(f"{kind} has to be a mapping", section or model)
            for key, node in section.value.items():
                if not isinstance(node.value, dict):
                    raise NotResolved(f"{_ONE[kind]} {key} has to be a mapping", node)
                made = each_hook(self._finished(node, variables), self._finishing(variables))
                made = on_networks(made, model.get("networks"), name)
                into[key] = shown(made, self._folder)
        self._partial()

    def _finishing(self, variables: Mapping[str, str]) -> Callable[[Node], Node]:
        return lambda node: self._finished(node, variables)

    def _finished(self, node: Node, variables: Mapping[str, str]) -> Node:
        return finished(with_named(node, variables), variables, self._reads)

    def _laid_over(self, data: bytes, variables: Mapping[str, str]) -> list[tuple[str, bytes]]:
        """The files that lie over one another, the main one first."""
        own = (self._path, data)
        if posixpath.basename(self._path) not in MAIN:
            return [own]
        named = variables.get(_FILES, "")
        if named:
            parts = named.split(variables.get(_SEPARATOR) or ":")
            paths = [posixpath.normpath(posixpath.join(self._folder, part)) for part in parts]
            if self._path in paths:
                return [own if path == self._path else self._other(path) for path in paths]
            return [own]
        is_main = self._path == main_of(self._folder, self._files)
        path = override_of(self._folder, self._files) if is_main else ""
        return [own, self._other(path)] if path else [own]

    def _other(self, path: str) -> tuple[str, bytes]:
        return path, self._reads.bytes_of(Named(path, None), "the compose file")

    def _named(self, files: list[tuple[str, bytes]], variables: Mapping[str, str]) -> str:
        """What the project is called; open where that is up to a folder that we don't see."""
        if variables.get(NAME):
            return variables[NAME]
        found = ""
        for _, data in files:
            match = _TOP_NAME.search(data)
            text = match[1].decode("utf-8", "replace").strip("\"'") if match is not None else ""
            found = self._reads.interpolation.text(text, variables.get) or found
        if found:
            return found
        folder = posixpath.basename(self._folder)
        return _NOT_IN_NAMES.sub("", folder.lower()).lstrip("_-") or open_value(NAME)

    def _partial(self) -> None:
        project = self._project
        project.partial |= self._loader.extending.incomplete
        for name, service in (*project.services.items(), *project.jobs.items()):
            made = any(service.get(field) is not None for field in ("image", "build"))
            if not made or service.get("provider") is not None:
                project.partial.add(name)  # a provider makes no container
        for name in self._names_of_main():
            if name in project.services or name in project.jobs:
                project.partial.add(name)

    def _names_of_main(self) -> set[str]:
        """The services of the project that a file of another name is there to be laid over."""
        name = posixpath.basename(self._path)
        if name in MAIN or not _LAID_OVER.fullmatch(name):
            return set()
        main = main_of(self._folder, self._files)
        if not main or main == self._path:
            return set()
        try:
            data = self._files.read(main, _MOST_OF_MAIN)
        except OSError:
            return set()
        self._reads.take(main, data)
        project = Resolver(self._files, main, Interpolation()).project(data)
        self._reads.digests.update(project.inputs)
        self._reads.unread.update(project.unread)
        return {*project.services, *project.jobs}


_ONE: Final = {"services": "service", "jobs": "job"}
_TOP_NAME: Final = late(rb"^name:[ \t]*([^\s#]+)", re.MULTILINE)
_LAID_OVER: Final = late(r"(?:docker-)?compose[.\-_].+\.ya?ml", re.IGNORECASE)
_MOST_OF_MAIN: Final = 4 << 20


def main_of(folder: str, files: Files) -> str:
    """The file of the project in a folder, "" where there is none."""
    return _first(folder, MAIN, files)


def override_of(folder: str, files: Files) -> str:
    """The file that is laid over it, "" where there is none."""
    return _first(folder, OVERRIDES, files)


def _first(folder: str, names: tuple[str, ...], files: Files) -> str:
    paths = (posixpath.join(folder, name) for name in names)
    return next((path for path in paths if files.kind_of(path) is PathKind.FILE), "")


def _missing(name: str, reason: str, path: str) -> NotRead:
    more = f": {reason}" if reason else ""
    detail = f"Compose does not start this without the variable {name}{more}"
    return NotRead(detail, (path, 0), f"give it in .env beside {posixpath.basename(path)}")
