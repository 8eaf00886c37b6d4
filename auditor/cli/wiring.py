"""All that the command line knows of platforms and formats, from the tables beside this module.

``auditor/cli/wires`` alone knows concrete collectors and report formats: a module for what is asked
(``live``), what is read of files (``files``, ``recognisers``), what is derived of it (``derived``),
what may be needed (``permissions``), what is told (``formats``) and where that may be kept
(``stores``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from auditor.analysis.analyses import Table
from auditor.analysis.table import analyses
from auditor.cli.wires import formats, live, permissions, stores
from auditor.cli.wires.derived import read_text
from auditor.cli.wires.files import files
from auditor.cli.wires.formats import Extra
from auditor.cli.wires.recognisers import RECOGNISERS
from auditor.cli.wires.settings import CollectorOptions
from auditor.config import StorageConfig
from auditor.errors import UsageError
from auditor.evidence.layout import Collected
from auditor.platforms import PLATFORMS, Platforms
from auditor.ports import Bodies, Collector, Examined, Live, ReportFormat, RolePlan
from auditor.stores import Store
from reports.style import Style

if TYPE_CHECKING:
    from auditor.runner.job import Prepared
    from auditor.runner.settings import Chosen
    from collectors.documents.recognise import Recogniser

__all__ = ["SHIPPED", "CollectorOptions", "Extra", "Wiring", "wired"]


def _prepared(chosen: Chosen) -> Prepared:
    """Prepare a profile, as each process has to."""
    from auditor.runner.job import prepared

    return prepared(chosen)


class Wiring(msgspec.Struct, frozen=True):
    """All that the command line knows of platforms and formats.

    Each is one line in a table of a module of ``auditor/cli/wires``.

    ``collectors`` and ``readers`` are by the scheme of a URI: of what is asked, and of what was
    asked before. ``recognisers`` make those who say which files are read and whose a document is;
    the first that takes one has it. ``roles`` write the least role that reads a platform,
    ``scripts`` what a person can run where we do not come to.
    ``formats`` are by the name used with ``-o``. ``own`` are the schemes whose targets are names in
    settings of the user: no address, so a configuration that nobody named may have them.
    ``extras`` are those of formats that need one. ``stores`` are by the scheme of the URIs of what
    they hold. ``prepare`` compiles the profile of a command: a process that runs several of them
    can remember it.
    """

    platforms: Platforms
    analyses: Table
    collectors: Mapping[str, Callable[[str, CollectorOptions], Collector | Live]]
    readers: Mapping[str, Callable[[Collected, Bodies], Collector]]
    recognisers: tuple[Callable[[], Recogniser], ...]
    roles: Mapping[str, Callable[[RolePlan], Iterator[str]]]
    scripts: Mapping[str, Callable[[], str]]
    formats: Mapping[str, Callable[[Style], ReportFormat]]
    own: frozenset[str] = frozenset()
    extras: Mapping[str, Extra] = MappingProxyType({})
    stores: Mapping[str, Callable[[StorageConfig], Store]] = MappingProxyType({})
    prepare: Callable[[Chosen], Prepared] = _prepared

    def collector_for(self, text: str, settings: CollectorOptions) -> Collector | Live:
        """Find the collector of one target as typed: a path, ``-``, or a URI.

        Raises:
            UsageError: no collector reads such a target, or there is nothing at that path.
        """
        scheme, separator, _ = text.partition("://")
        if not separator:
            return files(text, settings, self.collectors, self.recognisers)
        make = self.collectors.get(scheme)
        if make is None:
            known = ", ".join(f"{name}://" for name in self.collectors)
            raise UsageError(
                f"{text}: no collector reads {scheme}:// targets",
                hint=f"a target is a file, a folder or - for standard input; schemes: {known}",
            )
        return make(text, settings)

    def rendered(
        self, found: Collector | Live, path: str, scratch: Path, programs: Mapping[str, Any]
    ) -> Collector | Live:
        """Render what has to be of a target of files; others are as they are.

        ``path`` are folders of programs, ``programs`` the options of the user.

        Raises:
            CollectionError: the whole target can't be read.
            UsageError: a program or a file that was named is not there.
        """
        from collectors.documents.collector import FilesCollector
        from collectors.kubernetes.rendering.rendering import Options, render

        if not isinstance(found, FilesCollector):
            return found
        return render(found, Options(path, scratch, **programs))

    def reader_of(self, collected: Collected, bodies: Bodies) -> Collector:
        """Find the collector of a target that was read before; what was kept of files any can read.

        Raises:
            UsageError: it was read by a collector that this version does not have.
        """
        scheme, separator, _ = collected.entry.uri.partition("://")
        if not separator:
            from auditor.evidence.stored_files import StoredFilesCollector

            return StoredFilesCollector(collected.entry, bodies, collected.records)
        make = self.readers.get(scheme)
        if make is None:
            raise UsageError(
                f"{collected.entry.uri}: this version can't judge {scheme}:// targets",
                hint="evaluate it with the version that collected it",
            )
        return make(collected, bodies)

    def live_of(self, text: str, settings: CollectorOptions) -> Examined:
        """Find the collector of a live target that can be examined.

        Raises:
            UsageError: there is nothing to examine.
        """
        target = self.collector_for(text, settings)
        if not isinstance(target, Examined):
            raise UsageError(f"{text}: there is nothing to examine", hint="auditor doctor k8s://")
        return target


SHIPPED: Final = Wiring(
    platforms=PLATFORMS,
    analyses=analyses(read_text),
    collectors=live.COLLECTORS,
    readers=live.READERS,
    recognisers=RECOGNISERS,
    roles=permissions.ROLES,
    scripts=permissions.SCRIPTS,
    formats=formats.FORMATS,
    own=live.OWN,
    extras=formats.EXTRAS,
    stores=stores.STORES,
)
"""What comes with the program."""


def wired() -> Wiring:
    """What the command that runs was started with."""
    context = click.get_current_context(silent=True)
    found = context.find_object(Wiring) if context is not None else None
    return found or SHIPPED
