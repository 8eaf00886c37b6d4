"""What is audited: a target as typed, or each one in a folder that was written before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from auditor.cli.fleet import NO_FLEET, Fleet
from auditor.cli.wiring import CollectorOptions, wired
from auditor.errors import PolicyError, PolicyErrors, UsageError
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
        PolicyErrors: as UsageError, all that is wrong with targets of a file.
        IntegrityError: a recorded folder is not what its manifest says.
    """
    texts = list(texts)
    if settings.host_probes and not any(_is_engine(text) for text in texts):
        raise UsageError(
            "--host-probes is for Docker Engines that are asked, and no target is one",
            hint="auditor collect docker+tls://HOST --host-probes FILE --output DIR keeps both",
        )
    wrong: list[PolicyError] = []
    for text in texts:
        if "://" not in text and text not in {"", STDIN} and _recorded(Path(text)):
            yield from ((text, each) for each in _of_folder(Path(text)))
        else:
            found = _entered(text, settings, fleet, wrong)
            if found is not None:
                yield text, found
    if wrong:
        raise PolicyErrors(tuple(wrong), fleet.what)


def _entered(
    text: str, settings: CollectorOptions, fleet: Fleet, wrong: list[PolicyError]
) -> Collector | Live | None:
    """The collector of a target; what a file of targets says wrongly is added to the rest."""
    try:
        return fleet.collector_for(text, settings)
    except UsageError as error:
        value = fleet.values.get(text)
        if value is None:
            raise
        wrong.append(PolicyError(error.message, location=value.place, hint=error.hint))
        return None


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
