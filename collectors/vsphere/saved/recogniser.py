"""Saved inventories of a vCenter, by what their files are called."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import Final

from collectors.documents.ledger import Ledger
from collectors.documents.recognise import (
    TAKES_NOTHING,
    Content,
    DocumentReader,
    FileNames,
    Recogniser,
    Tree,
)
from collectors.vsphere.saved.names import ASIDE, NAMED


class SavedInventories(Recogniser):
    """Takes a file that is called as govc calls the file of an object."""

    names = FileNames(patterns=(NAMED, ASIDE))

    def joined(self, paths: Sequence[str], tree: Tree) -> frozenset[str]:
        """Find the files that are read with that of an object."""
        del tree
        return frozenset(path for path in paths if ASIDE.fullmatch(posixpath.basename(path)))

    def content(self, ledger: Ledger, data: bytes) -> Content | None:
        """Take an object as a whole."""
        beside = ledger.beside
        if beside is None or NAMED.fullmatch(posixpath.basename(beside.path)) is None:
            return None
        from collectors.vsphere.saved.content import (  # noqa: PLC0415 - a parser, where there is one
            SavedObject,
        )

        return SavedObject(ledger, beside, data)

    def may_be_in(self, text: str) -> bool:
        """Return false: what is not called so is none."""
        del text
        return False

    def reader(self, ledger: Ledger) -> DocumentReader:
        """Begin a file that is parsed: none of its documents is an object."""
        del ledger
        return TAKES_NOTHING


INVENTORIES: Final = SavedInventories()
