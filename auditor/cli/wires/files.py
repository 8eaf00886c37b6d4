"""The collector of files, of folders and of standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.wires.settings import CollectorOptions
from auditor.errors import UsageError
from auditor.model.resource import OF_FILES, STDIN, Target
from auditor.ports import Collector

if TYPE_CHECKING:
    from collectors.documents.recognise import Recogniser


def files(
    text: str,
    settings: CollectorOptions,
    schemes: Collection[str],
    recognisers: Iterable[Callable[[], Recogniser]],
) -> Collector:
    """Read a target as typed: a path or ``-``; ``schemes`` are those that may have been meant.

    Raises:
        UsageError: there is nothing at that path, or standard input is a terminal.
    """
    from collectors.documents.collector import FilesCollector
    from collectors.documents.globs import Globs

    globs = Globs.of(settings.exclude)
    found = tuple(make() for make in recognisers)
    if text == STDIN:
        if sys.stdin.isatty():
            raise UsageError(
                "standard input is a terminal: there is nothing to read",
                hint="pipe manifests in: helm template . | auditor scan -",
            )
        data = sys.stdin.buffer.read()
        stdin = Target(STDIN, OF_FILES, labels=settings.labels)
        return FilesCollector(stdin, None, found, data)
    if not text:
        raise UsageError("a target is empty", hint="an unset variable? the working directory is .")
    path = Path(text)
    if not path.exists() and not path.is_symlink():
        scheme = text.rstrip(":/")
        hint = f"is {scheme}:// meant?" if scheme in schemes else "a target is a path or -"
        raise UsageError(f"{text}: no such file or folder", hint=hint)
    target = Target(text, OF_FILES, labels=settings.labels)
    return FilesCollector(target, path, found, globs=globs, own=settings.own)
