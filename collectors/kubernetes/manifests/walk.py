"""Walking a tree: what there is to read, in one order everywhere, and what can't be."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from auditor.model.enums import GapCause
from auditor.model.resource import Gap
from collectors.kubernetes.manifests.guards import Limits

SUFFIXES = (".yaml", ".yml", ".json")
KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
"""The names that kustomize looks for; the file need not say its kind."""


class Found(msgspec.Struct):
    """Files as (path relative to the root, size), and gaps."""

    files: list[tuple[str, int]] = msgspec.field(default_factory=list)
    gaps: list[Gap] = msgspec.field(default_factory=list)


class Walker:
    """Walks one root. Hidden folders are not entered; links are followed inside the root."""

    def __init__(self, root: Path, target: str, limits: Limits) -> None:
        self._root = root
        self._real = os.path.realpath(root)
        self._target = target
        self._limits = limits
        self._folders: set[str] = set()
        self.found = Found()

    def walk(self) -> Found:
        """Look at everything below the root."""
        self._folders.add(self._real)
        self._folder("")
        self.found.files.sort(key=lambda item: os.fsencode(item[0]))
        return self.found

    def add_file(self, path: str, status: os.stat_result) -> None:
        """Add a file that was named, whatever it is called."""
        self._file(path, status)

    def _gap(self, path: str, cause: GapCause, detail: str, hint: str = "") -> None:
        self.found.gaps.append(Gap(self._target, shown(path), cause, detail, hint))

    def _folder(self, folder: str) -> None:
        try:
            with os.scandir(self._root / folder) as entries:
                listed = sorted(entries, key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            cause = GapCause.DENIED if isinstance(error, PermissionError) else GapCause.UNREACHABLE
            self._gap(folder or ".", cause, f"folder: {error.strerror}")
            return
        names = {entry.name for entry in listed}
        chart = "Chart.yaml" in names and "templates" in names
        if chart:
            self._unrendered(folder, "Helm chart", "helm template NAME")
        if not names.isdisjoint(KUSTOMIZATIONS):
            self._unrendered(folder, "kustomization", "kubectl kustomize")
        for entry in listed:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.name in KUSTOMIZATIONS:
                continue
            if chart and entry.name in {"templates", "Chart.yaml", "values.yaml", "crds"}:
                if entry.name == "crds":
                    self._entry(entry, path)
                continue
            self._entry(entry, path)

    def _unrendered(self, folder: str, what: str, command: str) -> None:
        """Tell how to render a folder, as it is called from where the user is."""
        named = shlex.quote(shown(str(Path(self._target) / folder)))
        hint = f"{command} {named} | auditor scan -"
        self._gap(folder or ".", GapCause.UNSUPPORTED, f"a {what} that was not rendered", hint)

    def _entry(self, entry: os.DirEntry[str], path: str) -> None:
        try:
            if entry.is_symlink():
                self._link(path)
            elif entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith("."):
                    self._folders.add(os.path.realpath(self._root / path))
                    self._folder(path)
            elif entry.name.lower().endswith(SUFFIXES):
                self._file(path, entry.stat(follow_symlinks=False))
        except OSError as error:
            self._gap(path, GapCause.UNREACHABLE, f"{error.strerror}")

    def _link(self, path: str) -> None:
        real = os.path.realpath(self._root / path)
        inside = real == self._real or real.startswith(self._real + os.sep)
        try:
            status = (self._root / path).stat()
        except OSError as error:
            if path.lower().endswith(SUFFIXES) or "." not in Path(path).name:
                self._gap(
                    path, GapCause.UNREACHABLE, f"a link that leads nowhere: {error.strerror}"
                )
            return
        is_folder = stat.S_ISDIR(status.st_mode)
        if not is_folder and not path.lower().endswith(SUFFIXES):
            return
        if not inside:
            self._gap(
                path,
                GapCause.UNSUPPORTED,
                "a link out of the tree is not followed",
                "name its destination as a target of its own",
            )
        elif is_folder:
            if real in self._folders:
                self._gap(path, GapCause.UNSUPPORTED, "a link to a folder that is read already")
            else:
                self._folders.add(real)
                self._folder(path)
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
                "split it: kubectl get --chunk-size, or one file a namespace",
            )
        else:
            self.found.files.append((path, status.st_size))


def shown(path: str) -> str:
    """A path as text: bytes that are no UTF-8 become escapes, and no other path looks like it."""
    if "\\x" in path:
        path = path.replace("\\", "\\\\")
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def cut(files: list[tuple[str, int]], parts: int) -> Iterator[tuple[tuple[str, ...], int]]:
    """Cut a list into contiguous parts of about equal weight, as (paths, weight)."""
    total = sum(size for _, size in files) + len(files)
    goal = total / max(parts, 1)
    batch: list[str] = []
    weight = 0
    for path, size in files:
        batch.append(path)
        weight += size + 1
        if weight >= goal:
            yield tuple(batch), weight
            batch, weight = [], 0
    if batch:
        yield tuple(batch), weight
