"""A scan that leaves a bundle: what it read, by what it judged, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from auditor.cli.environment import environment
from auditor.cli.judging import Judging
from auditor.cli.passphrases import Passphrases
from auditor.cli.places import Place, Stored, put_bundle, try_stored
from auditor.cli.signing_options import Wanted
from auditor.cli.wiring import wired
from auditor.config import Config
from auditor.errors import UsageError
from auditor.evidence.archive import SUFFIX, pack
from auditor.evidence.assembly import store_policy, write_inventory, write_json, write_results
from auditor.evidence.commitments import run_key
from auditor.evidence.entries import write_entries
from auditor.evidence.layout import ANSWERS, ENVIRONMENT, Evaluation, RunEntry
from auditor.evidence.leaks import refuse_leaks
from auditor.evidence.writing import finish, written
from auditor.model.evidence import TargetEntry
from auditor.model.finding import Report
from auditor.ports import Collector, Live
from auditor.runner.gather import CollectionRequest, gather
from auditor.runner.known import write_known
from auditor.runner.settings import EvidenceOptions, Settings, Stamp
from auditor.runner.waiving import write_waivers
from reports.style import FILE_STYLE

if TYPE_CHECKING:
    from auditor.cli.authority import Authority
    from auditor.evidence.keys import Held


class Bundling:
    """Audits into a bundle at a place."""

    def __init__(
        self, wanted: Wanted, place: Place, config: Config, arguments: Sequence[str]
    ) -> None:
        """Find the key before anything is read.

        Raises:
            UsageError: there is no such key, or no such authority.
        """
        self._place = place
        self._home = config.home
        self._passphrases = Passphrases(config, wanted.passphrase_file, wanted.passphrase_fd)
        self._authority, self._held = _signing(wanted, config, self._passphrases)
        self._arguments = tuple(arguments)
        self._secrets = {config.passphrase}
        if self._authority is not None:
            self._arguments = tuple(map(self._authority.without, arguments))
            self._secrets |= self._authority.secrets

    def audit(
        self,
        targets: Sequence[Collector | Live],
        order: CollectionRequest,
        judging: Judging,
        settings: Settings,
        stamp: Stamp,
    ) -> Report:
        """Read, judge, put the bundle together, sign it, and move it to its place.

        Raises:
            UsageError: it can't be signed, or there is something at its place.
            RenderError: it can't be written, or would hold a credential of this run.
        """
        with bundle_at(self._place, settings.spool) as root:
            key = run_key(self._home, stamp.run_id) if self._held is not None else b""
            order = msgspec.structs.replace(order, folder=root, commitments=key)
            collectors, read = gather(targets, order, wired().reader_of, judging.progress)
            keeping = EvidenceOptions(root, key)
            report = judging.audit(collectors, settings, stamp, keeping, order.judged)
            entries = keeping.entries | {number: each.entry for number, each in read.items()}
            self.seal(root, report, entries, settings, stamp, order.secrets)
        return report

    def seal(
        self,
        root: Path,
        report: Report,
        entries: Mapping[int, TargetEntry],
        settings: Settings,
        stamp: Stamp,
        secrets: Collection[str] = (),
    ) -> None:
        """Put the rest of a bundle beside the evidence, and sign it.

        Raises:
            UsageError, RenderError: as :meth:`audit`.
        """
        manifest = assemble(root, report, entries, settings, stamp, self._arguments)
        refuse_leaks(root, {*secrets, *self._secrets, *self._passphrases.given})
        if self._held is not None:
            from auditor.cli.signing import sign_bundle

            sign_bundle(root, manifest, self._held, self._authority)


def _signing(
    wanted: Wanted, config: Config, passphrases: Passphrases
) -> tuple[Authority | None, Held | None]:
    """Who attests the time, and the key; what signs is not loaded where nobody asks for either.

    Raises:
        UsageError: there is no such key, or no such authority.
    """
    if wanted.no_sign and not (wanted.tsa or config.authority):
        return None, None
    from auditor.cli.signing import authority_of, held_key  # it takes 13 MiB

    authority = authority_of(wanted, config)
    return authority, held_key(wanted, config, passphrases, _tell)


def _tell(text: str) -> None:
    click.echo(text, err=True)


@contextmanager
def bundle_at(place: Place, spool: Path) -> Iterator[Path]:
    """A folder to fill, that becomes the bundle at ``place``: a folder, or an archive by its name.

    Raises:
        UsageError: ``place`` is there already, or nothing can be written there.
        RenderError: it can't be written any more.
    """
    if isinstance(place, Stored):
        if not place.name.endswith(SUFFIX):
            raise UsageError(f"{place}: a storage has archives", hint=f"{place}{SUFFIX}")
        try_stored(place, replace=False)
        packed = spool / "packed"
        packed.mkdir(mode=0o700)
        with bundle_at(packed / place.name, spool) as root:
            yield root
        put_bundle(place, packed / place.name)
        return
    if not place.name.endswith(SUFFIX):
        with written(place) as root:
            yield root
        return
    root = spool / "bundle"
    root.mkdir(mode=0o700)
    with pack(root, place):
        yield root


def assemble(
    root: Path,
    report: Report,
    entries: Mapping[int, TargetEntry],
    settings: Settings,
    stamp: Stamp,
    arguments: Sequence[str],
) -> bytes:
    """Put everything but signatures into the folder; the manifest."""
    targets = tuple(entry for _, entry in sorted(entries.items()))
    write_results(root, wired().formats["json"](FILE_STYLE)(report))
    write_inventory(root, report, targets)
    names = store_policy(root, settings.chosen.folders, report.policy)
    if settings.known is not None:
        write_known(root, settings.known)
    if settings.waivers is not None:
        write_waivers(root, settings.waivers)
    if settings.answers is not None:
        write_entries(root, ANSWERS, settings.answers)
    write_json(root / ENVIRONMENT, environment(arguments))
    evaluation = Evaluation(
        profile=settings.chosen.profile,
        parameters=settings.chosen.parameters,
        gate=settings.gate,
        list_all=settings.list_all,
        folders=names,
        exit=report.gate.exit,
        configuration=settings.configuration,
        part=settings.part,
    )
    run = RunEntry(report.run_id, report.started, report.finished)
    return finish(root, stamp.version, run, targets, evaluation)
