"""The files of one project: which of them may be read, how many, and what is said of the others."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from auditor.late import late
from auditor.model.enums import GapCause
from collectors.docker.compose.dotenv import Entry, read_variables
from collectors.docker.compose.interpolation import Interpolation, Lookup, is_open
from collectors.docker.compose.nodes import Budget, Node, NotResolved
from collectors.documents.recognise import PathKind

MOST_FILES: Final = 500
"""Files that one project may read, one that is read again counted again."""
MOST_BYTES: Final = 4 << 20
"""Of one of them."""

PLACED: Final = "/\0/"
"""How a path begins that is already one from the top of the target; no file can say so."""
_REMOTE: Final = late(r"[A-Za-z][A-Za-z0-9+.-]+:|git@|github\.com/")
_USER: Final = late(r"//[^/@]*@")


class Files(Protocol):
    """What may be read: paths are relative to the target."""

    def kind_of(self, path: str, /) -> PathKind:
        """Say what stands at a path."""
        ...

    def read(self, path: str, most: int, /) -> bytes:
        """Read a file within the target.

        Raises:
            OSError: it is not a regular file of no more than ``most`` bytes there.
        """
        ...


class NotRead(NotResolved):
    """That a file was not read; what does not depend on it is resolved all the same."""


class Named(msgspec.Struct, frozen=True):
    """A file by its path, and the value that names it; None where none does."""

    path: str
    by: Node | None


class Reads:
    """Reads what one project names, and remembers what of it could not be read.

    ``digests`` are those of the files that went into it, by their paths; ``unread`` says why others
    did not.
    """

    def __init__(self, files: Files, interpolation: Interpolation) -> None:
        self._files = files
        self.interpolation = interpolation
        self.budget = Budget()
        self.digests: dict[str, str] = {}
        self.unread: dict[str, str] = {}
        self.problems: list[NotResolved] = []
        self._reads = 0

    def take(self, path: str, data: bytes) -> None:
        """Note a file that goes into the project."""
        self.digests[path] = hashlib.sha256(data).hexdigest()

    def has(self, path: str) -> bool:
        """Return whether there is a file, or may be: nobody looks outside of what is audited."""
        return self._files.kind_of(path) in {PathKind.FILE, PathKind.OUTSIDE}

    def bytes_of(self, file: Named, what: str) -> bytes:
        """Read a file; ``what`` it is to the project is said where it can't be.

        Raises:
            NotRead: it is not there, or not a part of the target.
            NotResolved: the project names too many.
        """
        self._reads += 1
        if self._reads > MOST_FILES:
            raise NotResolved(f"the project reads more than {MOST_FILES} files", file.by)
        try:
            data = self._data(file, what)
        except NotRead as error:
            self.unread[file.path] = error.detail
            raise
        self.take(file.path, data)
        return data

    def _data(self, file: Named, what: str) -> bytes:
        kind = self._files.kind_of(file.path)
        if kind is PathKind.OUTSIDE:
            detail = f"{what} {file.path} is outside of what is audited, and was not read"
            raise NotRead(detail, file.by, "scan the folder that has both", GapCause.UNSUPPORTED)
        if kind is not PathKind.FILE:
            raise NotRead(f"{what} {file.path} is not there", file.by, "", GapCause.UNREACHABLE)
        try:
            return self._files.read(file.path, MOST_BYTES)
        except OSError as error:
            detail = f"{what} {file.path} can't be read: {error.strerror or error}"
            raise NotRead(detail, file.by, "", GapCause.UNREACHABLE) from error

    def named(self, folder: str, node: Node, what: str) -> Named:
        """Find the file that a value names, relative to a folder.

        Raises:
            NotRead: it is on another machine, or nobody knows what it is called.
            NotResolved: it is not a path.
        """
        text = node.value
        if not isinstance(text, str) or not text:
            raise NotResolved(f"{what} has to be the path of a file", node)
        is_placed = text.startswith(PLACED)
        text = text.removeprefix(PLACED)
        if "\0" in text:
            raise NotResolved(f"{what} has a NUL in its path", node)
        if is_placed:
            return Named(text, node)
        if is_open(text):
            detail = f"{what} {text} depends on a variable that no file gives"
            raise NotRead(detail, node, "", GapCause.UNSUPPORTED)
        if _REMOTE.match(text) is not None:
            shown = _USER.sub("//", text)
            detail = f"{what} {shown} is on another machine, and is not fetched"
            raise NotRead(detail, node, "fetch it, and name the copy", GapCause.UNSUPPORTED)
        if text.startswith("~"):
            detail = f"{what} {text} is outside of what is audited, and was not read"
            raise NotRead(detail, node, "", GapCause.UNSUPPORTED)
        return Named(posixpath.normpath(posixpath.join(folder, text)), node)

    def variables(self, files: Sequence[Named], outer: Mapping[str, str]) -> dict[str, str]:
        """Read files of variables, of which those of ``outer`` count first."""
        found: dict[str, Entry] = {}
        for file in files:
            try:
                self.add_variables(found, file, outer.get)
            except NotRead as error:
                self.problems.append(error)
        return {**{name: entry.value for name, entry in found.items()}, **outer}

    def add_variables(self, found: dict[str, Entry], file: Named, outer: Lookup) -> list[str]:
        """Read a file of variables into those that were read before; return those it sets.

        Raises:
            NotRead: it can't be read.
            NotResolved: it is not as Compose reads such files.
        """
        data = self.bytes_of(file, "the file of variables")
        before = dict(found)
        try:
            text = data.decode("utf-8", "replace")
            read_variables(text, found, outer, self.interpolation)
        except NotResolved as error:
            raise NotResolved(error.detail, (file.path, error.line), error.hint) from error
        return [name for name, entry in found.items() if before.get(name) is not entry]
