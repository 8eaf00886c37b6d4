"""What is audited: a target as typed, or each one in a folder that was written before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from auditor.cli.fleet import NO_FLEET, Fleet
from auditor.cli.wiring import CollectorOptions, wired
from auditor.errors import UsageError
from auditor.evidence.layout import MANIFEST
from auditor.model.resource import STDIN
from auditor.platforms.docker import DOCKER
from auditor.ports import Collector, Live


def targets_of(
    texts: Iterable[str], settings: CollectorOptions, fleet: Fleet = NO_FLEET
) -> Iterator[tuple[str, Collector | Live]]:
    """Yield the collectors of targets, each with what was typed; a recorded folder may have many.

    ``fleet`` says how some are entered.

    Raises:
        UsageError: no collector reads such a target, there is nothing at that path, or an option is
            about targets that are not there.
        IntegrityError: a recorded folder is not what its manifest says.
    """
    texts = list(texts)
    if settings.host_probes and not any(_is_engine(text) for text in texts):
        raise UsageError(
            "--host-probes is for Docker Engines that are asked, and no target is one",
            hint="auditor collect docker+tls://HOST --host-probes FILE --output DIR keeps both",
        )
    for text in texts:
        if "://" not in text and text not in {"", STDIN} and _recorded(Path(text)):
            yield from ((text, each) for each in _of_folder(Path(text)))
        else:
            yield text, fleet.collector_for(text, settings)


def _is_engine(text: str) -> bool:
    scheme, separator, _ = text.partition("://")
    return bool(separator) and scheme in DOCKER.schemes


def _recorded(place: Path) -> bool:
    if not (place / MANIFEST).is_file():
        return False
    from auditor.evidence.recorded import is_recorded

    return is_recorded(place)


def _of_folder(place: Path) -> Iterator[Collector | Live]:
    from auditor.evidence.recorded import RecordedTarget, read_recorded

    bodies, found = read_recorded(place)
    for each in found:
        live = "://" in each.entry.uri
        yield RecordedTarget(each, bodies) if live else wired().reader_of(each, bodies)
