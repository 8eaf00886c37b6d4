"""What a person leaves out of a tree of files, by globs; nothing that is read decides it.

A glob is matched against paths relative to the target, as ``.gitignore`` does, without its ``!``:

* ``name``, no slash but at the end: a file or folder of that name, at any depth.
* ``a/b`` and ``/a``, a slash before the end: from the top of the target.
* ``name/``, a slash at the end: folders only.
* ``*`` is any text without a slash, ``?`` one character, ``[abc]`` and ``[!abc]`` one of some.
* ``**`` as a whole part of a path is any number of folders: ``**/golden``, ``a/**/b``, ``a/**``.

A folder that is left out is left out with all that is in it::

    --exclude testdata/            charts/x/testdata and all below it, no file called testdata
    --exclude '/charts/*/ci'       charts/x/ci, not a/charts/x/ci
    --exclude '**/golden/**'       what is in any folder called golden
    --exclude '*.tfvars.yaml'      such files in every folder

Each part of a path is matched by itself, by the standard library's ``fnmatch``, whose patterns take
time in the length of the name and of the glob, whatever the two are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from functools import cached_property
from typing import Final

import msgspec

from auditor.errors import UsageError

_ANY_FOLDERS: Final = "**"
_HINT: Final = "testdata/ is a folder anywhere, /a/b one place, **/x/** all in x, *.ci.yaml files"


class Glob(msgspec.Struct, frozen=True, dict=True):
    """One glob, taken apart: ``parts`` are matched from the top, ``folders`` means only those."""

    text: str
    parts: tuple[str, ...]
    folders: bool

    @classmethod
    def of(cls, text: str) -> Glob:
        """Take a glob apart.

        Raises:
            UsageError: it can't be meant as one.
        """
        wrong = _wrong(text)
        if wrong:
            raise UsageError(f"--exclude {text!r}: {wrong}", hint=_HINT)
        parts = [part for part in text.split("/") if part not in {"", "."}]
        anywhere = "/" not in text.removesuffix("/")
        if anywhere:
            parts.insert(0, _ANY_FOLDERS)
        return cls(text, tuple(parts), text.endswith("/"))

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Return whether a path relative to the target is meant, itself and not one above it."""
        if self.folders and not is_folder:
            return False
        return self._match(path.split("/"))

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str] | None, ...]:
        """What matches each part; None for any number of folders."""
        return tuple(
            None if part == _ANY_FOLDERS else re.compile(translate(part.replace("[^", "[!")))
            for part in self.parts
        )

    def _match(self, names: Sequence[str]) -> bool:
        """Match part by part; behind the last ``**`` that fits, no earlier one is tried again."""
        patterns = self._patterns
        at = number = 0
        again: tuple[int, int] | None = None
        while at < len(names):
            pattern = patterns[number] if number < len(patterns) else _END
            if pattern is None and number == len(patterns) - 1:
                return True
            if pattern is None:
                again = number, at
                number += 1
            elif pattern.match(names[at]):
                at, number = at + 1, number + 1
            elif again is not None:
                again = again[0], again[1] + 1
                number, at = again[0] + 1, again[1]
            else:
                return False
        return number == len(patterns)


_END: Final = re.compile(r"(?!)")
"""Stands behind the last part: there nothing matches."""


class Globs(msgspec.Struct, frozen=True):
    """The globs of a run, in their order; the first that matches is named for it."""

    globs: tuple[Glob, ...] = ()

    @classmethod
    def of(cls, texts: Sequence[str]) -> Globs:
        """Take globs apart; the same twice is one.

        Raises:
            UsageError: one can't be meant as a glob.
        """
        return cls(tuple(Glob.of(text) for text in dict.fromkeys(texts)))

    def find(self, path: str, *, is_folder: bool) -> int | None:
        """Return the number of the first glob that matches a path itself, None for none."""
        for number, glob in enumerate(self.globs):
            if glob.matches(path, is_folder=is_folder):
                return number
        return None


NO_GLOBS: Final = Globs()


def _wrong(text: str) -> str:
    """Say why a text can't be meant as a glob, "" where it can."""
    parts = [part for part in text.split("/") if part not in {"", "."}]
    if not parts:
        return "it names nothing"
    if text.startswith("!"):
        return "what is left out can't be taken in again"
    if "\\" in text:
        return "folders are parted by /, and ? stands for any character"
    if ".." in parts:
        return "paths are relative to the target: there is nothing above it"
    if "[:" in text:
        return "classes of characters are written as [a-z]"
    if any(_is_open(part) for part in parts):
        return "a [ without its ]"
    return ""


def _is_open(part: str) -> bool:
    """Return whether a bracket is not closed; one that stands first in brackets is a character."""
    at = 0
    while (at := part.find("[", at)) >= 0:
        begin = at + 1
        begin += part[begin : begin + 1] in {"!", "^"}
        end = part.find("]", begin + 1)
        if end < 0:
            return True
        at = end + 1
    return False
