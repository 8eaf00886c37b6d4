"""Compose files, by what they are called or by what is in them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from typing import Final

import stringzilla

from auditor.late import late
from collectors.docker.compose.names import NAMED
from collectors.documents.ledger import Ledger
from collectors.documents.recognise import (
    TAKES_NOTHING,
    Content,
    DocumentReader,
    FileNames,
    PathKind,
    Recogniser,
    Tree,
)

_find: Final[Callable[..., int]] = stringzilla.find
_WORDS: Final = (b"services", b"include", b"jobs")
_SERVICES: Final = late(rb"^(?:services|['\"]services['\"])\s*:", re.MULTILINE)
_OTHERS: Final = late(rb"^(?:include|jobs|['\"](?:include|jobs)['\"])\s*:", re.MULTILINE)
_IN_TEXT: Final = late(r"^(?:services|['\"]services['\"])\s*:", re.MULTILINE)


class ComposeFiles(Recogniser):
    """Takes a file that is called as Compose's, or that has services as Compose has them."""

    names = FileNames((".yaml", ".yml"))

    def joined(self, paths: Sequence[str], tree: Tree) -> frozenset[str]:
        """Find the files that belong to the project of another one."""
        mine = [path for path in paths if NAMED.fullmatch(posixpath.basename(path))]
        if not mine:
            return frozenset()
        from collectors.docker.compose.joining import joined  # noqa: PLC0415 - 20 ms, as YAML

        return joined(mine, tree)

    def content(self, ledger: Ledger, data: bytes) -> Content | None:
        """Take a compose file with all that belongs to it."""
        if all(_find(data, word) < 0 for word in _WORDS):
            return None  # nearly every file of others, at the speed of memory
        beside = ledger.beside
        path = beside.path if beside is not None else ledger.source
        is_named = NAMED.fullmatch(posixpath.basename(path)) is not None
        if _SERVICES.search(data) is None and not (is_named and _OTHERS.search(data)):
            return None
        from collectors.docker.compose.content import (  # noqa: PLC0415 - 20 ms, as YAML
            ComposeContent,
            is_compose,
        )

        if not is_compose(data, path, is_named=is_named):
            return None
        return ComposeContent(ledger, _NONE if beside is None else beside.tree, path, data)

    def may_be_in(self, text: str) -> bool:
        """Return whether a text that can't be parsed may be a compose file."""
        return _IN_TEXT.search(text) is not None

    def reader(self, ledger: Ledger) -> DocumentReader:
        """Begin a file that is parsed: none of its documents is taken by itself."""
        del ledger
        return TAKES_NOTHING


class _NoFiles:
    """What came on standard input stands beside no other file."""

    def kind_of(self, path: str, /) -> PathKind:
        del path
        return PathKind.NOTHING

    def read(self, path: str, most: int, /) -> bytes:
        del most
        raise FileNotFoundError(path)


_NONE: Final = _NoFiles()
COMPOSE: Final = ComposeFiles()
