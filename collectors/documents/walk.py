"""Walking a tree: what there is to read, in one order everywhere, and what can't be."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import msgspec

from auditor.model.enums import GapCause
from auditor.model.resource import Gap, LeftOut, PassedOver, Some
from collectors.documents.exclusions import Exclusions
from collectors.documents.globs import NO_GLOBS, Globs
from collectors.documents.guards import Hints, Limits
from collectors.documents.recognise import FileNames, Templated

_LONGEST_SUFFIX = 16
_MOST_SUFFIXES = 50


class Found(msgspec.Struct):
    """Files as (path relative to the root, size), gaps, and what was passed over.

    ``hidden`` are folders; ``linked`` are links to folders that are read by another path;
    ``suffixes`` counts files that are not called as what is read, by how their names end.
    ``excluded`` is what a person left out; ``templates`` are folders that have to be rendered.
    """

    files: list[tuple[str, int]] = msgspec.field(default_factory=list)
    gaps: list[Gap] = msgspec.field(default_factory=list)
    hidden: list[str] = msgspec.field(default_factory=list)
    linked: list[str] = msgspec.field(default_factory=list)
    suffixes: dict[str, int] = msgspec.field(default_factory=dict)
    excluded: tuple[LeftOut, ...] = ()
    templates: list[Templated] = msgspec.field(default_factory=list)


class _Folder(NamedTuple):
    """A folder to look at: its path below the root, and where that really is."""

    path: str
    real: str


class Walker:
    """Walks one root. Hidden folders are not entered; links are followed inside the root.

    Links to folders wait until all folders are read: what is read does not depend on names, and a
    folder that is read in its place is not read once more by another one.
    """

    def __init__(
        self,
        root: Path,
        target: str,
        limits: Limits,
        names: FileNames,
        hints: Hints,
        globs: Globs = NO_GLOBS,
        own: Collection[str] = (),
    ) -> None:
        """``names`` says which files are read, ``globs`` which of them are left out.

        ``own`` are real paths of files that are no part of the tree for who reads it.
        """
        self._own = own
        self._own_names = {path.rpartition(os.sep)[2] for path in own}
        self._hints = hints
        self._exclusions = Exclusions(globs, names)
        self._root = root
        self._names = names
        self._real = os.path.realpath(root)
        self._target = target
        self._limits = limits
        self._read: set[str] = set()
        self._waiting: list[_Folder] = []
        self._links: list[_Folder] = []
        self.found = Found()

    def walk(self) -> Found:
        """Look at everything below the root."""
        self._waiting.append(_Folder("", self._real))
        while self._waiting or self._links:
            while self._waiting:
                self._folder(self._waiting.pop())
            if self._links:
                self._linked(self._links.pop(0))
        self.found.excluded = self._exclusions.left_out()
        self.found.files.sort(key=lambda item: os.fsencode(item[0]))
        self.found.templates.sort(key=lambda item: os.fsencode(item.folder))
        return self.found

    def add_file(self, path: str, status: os.stat_result) -> None:
        """Add a file that was named, whatever it is called."""
        if not self._exclusions.takes_file(path, shown(path)):
            self._file(path, status)
        self.found.excluded = self._exclusions.left_out()

    def _gap(self, path: str, cause: GapCause, detail: str, hint: str = "") -> None:
        self.found.gaps.append(Gap(self._target, shown(path), cause, detail, hint))

    def _linked(self, link: _Folder) -> None:
        if link.real in self._read:
            self.found.linked.append(shown(link.path))
        else:
            self._waiting.append(link)

    def _folder(self, entered: _Folder) -> None:
        folder, real = entered
        if real in self._read:
            return  # by a link, from above
        self._read.add(real)
        try:
            with os.scandir(self._root / folder) as entries:
                listed = sorted(entries, key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            cause = GapCause.DENIED if isinstance(error, PermissionError) else GapCause.UNREACHABLE
            self._gap(folder or ".", cause, f"folder: {error.strerror}")
            return
        if self._exclusions:
            listed = [entry for entry in listed if not self._leaves_out(entry, folder)]
        names = {entry.name for entry in listed}
        passed: set[str] = set()
        for template in self._names.templates:
            if any(map(names.issuperset, template.marks)):
                self.found.templates.append(Templated(folder, template.what))
                passed |= template.inside
        below: list[_Folder] = []
        for entry in listed:
            if entry.name in passed:
                continue
            path = _below(folder, entry.name)
            if self._entry(entry, path):
                below.append(_Folder(path, f"{real.removesuffix(os.sep)}{os.sep}{entry.name}"))
        self._waiting += reversed(below)

    def _leaves_out(self, entry: os.DirEntry[str], folder: str) -> bool:
        path = _below(folder, entry.name)
        return self._exclusions.takes(entry, path, shown(path))

    def _entry(self, entry: os.DirEntry[str], path: str) -> bool:
        """Look at one entry; whether it is a folder to be entered."""
        try:
            if self._is_own(entry.name, path):
                return False
            if entry.is_symlink():
                self._link(path, entry.name)
            elif entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith("."):
                    return True
                self.found.hidden.append(shown(path))
            elif self._names.has(entry.name):
                self._file(path, entry.stat(follow_symlinks=False))
            else:
                self._pass_over(entry.name)
        except OSError as error:
            self._gap(path, GapCause.UNREACHABLE, f"{error.strerror}")
        return False

    def _is_own(self, name: str, path: str) -> bool:
        return name in self._own_names and os.path.realpath(self._root / path) in self._own

    def _pass_over(self, name: str) -> None:
        suffix = suffix_of(name, self._names.suffixes)
        self.found.suffixes[suffix] = self.found.suffixes.get(suffix, 0) + 1

    def _link(self, path: str, name: str) -> None:
        real = os.path.realpath(self._root / path)
        inside = real == self._real or real.startswith(self._real.removesuffix(os.sep) + os.sep)
        is_named = self._names.has(name)
        try:
            status = (self._root / path).stat()
        except OSError as error:
            if is_named or "." not in name:
                detail = f"a link that leads nowhere: {error.strerror}"
                self._gap(path, GapCause.UNREACHABLE, detail)
            else:
                self._pass_over(name)
            return
        is_folder = stat.S_ISDIR(status.st_mode)
        if is_folder and name.startswith("."):
            self.found.hidden.append(shown(path))
        elif not is_folder and not is_named:
            self._pass_over(name)
        elif not inside:
            self._gap(
                path,
                GapCause.UNSUPPORTED,
                "a link out of the tree is not followed",
                "name its destination as a target of its own",
            )
        elif is_folder:
            self._links.append(_Folder(path, real))
        else:
            self._file(path, status)

    def _file(self, path: str, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            self._gap(path, GapCause.UNSUPPORTED, "not a regular file", "it was not opened")
        elif status.st_size > self._limits.size:
            self._gap(
                path,
                GapCause.TRUNCATED,
                f"{status.st_size:,} bytes, more than {self._limits.size:,}",
                self._hints.large,
            )
        else:
            self.found.files.append((path, status.st_size))


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def passed_over(found: Found) -> PassedOver:
    """What a walk passed over; of many suffixes the commonest, the others as one."""
    counted = sorted(found.suffixes.items(), key=lambda item: (-item[1], item[0]))
    named, rest = counted[:_MOST_SUFFIXES], counted[_MOST_SUFFIXES:]
    if rest:
        named.append(("others", sum(number for _, number in rest)))
    return PassedOver(
        Some.of(found.hidden),
        Some.of(found.linked),
        tuple(sorted(named)),
        found.excluded,
    )


def suffix_of(name: str, suffixes: tuple[str, ...]) -> str:
    """Return how a name ends, in small letters: ``.yaml.gz`` where that is a copy of ``.yaml``.

    "" where there is no suffix, or one that is too long for one.
    """
    stem, dot, last = shown(name).lower().lstrip(".").rpartition(".")
    if not stem or not dot or not last or len(last) > _LONGEST_SUFFIX:
        return ""
    inner = next((suffix for suffix in suffixes if stem.endswith(suffix)), "")
    return f"{inner}.{last}"


def shown(path: str) -> str:
    """A path as text: bytes that are not UTF-8 become escapes, and no other path looks like it."""
    if "\\x" in path:
        path = path.replace("\\", "\\\\")
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
