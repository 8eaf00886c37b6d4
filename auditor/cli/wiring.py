"""The only place that knows concrete collectors and report formats."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from auditor.cli.screen import Screen
from auditor.errors import UsageError
from auditor.model.resource import Target
from auditor.ports import Collector, ReportFormat

STDIN = "-"


def collector_for(text: str) -> Collector:
    """The collector of one target as typed: a path, ``-``, or a URI.

    Raises:
        UsageError: no collector reads such a target, or there is nothing at that path.
    """
    scheme, separator, _ = text.partition("://")
    if separator:
        known = ", ".join(f"{name}://" for name in COLLECTORS) or "none yet"
        make = COLLECTORS.get(scheme)
        if make is None:
            raise UsageError(
                f"{text}: no collector reads {scheme}:// targets",
                hint=f"a target is a file, a folder or - for standard input; schemes: {known}",
            )
        return make(text)
    return _manifests(text)


def _manifests(text: str) -> Collector:
    from collectors.kubernetes.manifests.collector import ManifestsCollector

    if text == STDIN:
        if sys.stdin.isatty():
            raise UsageError(
                "standard input is a terminal: there is nothing to read",
                hint="pipe manifests in: helm template . | auditor scan -",
            )
        return ManifestsCollector(Target(STDIN, "files"), root=None, stdin=sys.stdin.buffer.read())
    if not text:
        raise UsageError("a target is empty", hint="an unset variable? the working directory is .")
    path = Path(text)
    if not path.exists() and not path.is_symlink():
        raise UsageError(f"{text}: no such file or folder", hint="a target is a path or -")
    return ManifestsCollector(Target(text, "files"), root=path)


COLLECTORS: Mapping[str, Callable[[str], Collector]] = MappingProxyType({})
"""URI scheme to collector; paths and ``-`` are manifests."""


def _terminal(screen: Screen) -> ReportFormat:
    from reports.terminal import Style, renderer

    style = Style(
        width=screen.width,
        colour=screen.colour,
        plain=screen.plain,
        everything=screen.everything,
    )
    return renderer(style)


def _json(screen: Screen) -> ReportFormat:
    from reports.results import render

    del screen
    return render


FORMATS: Mapping[str, Callable[[Screen], ReportFormat]] = MappingProxyType(
    {"terminal": _terminal, "json": _json}
)
"""Report formats by the name used with ``--format`` and ``-o``."""
