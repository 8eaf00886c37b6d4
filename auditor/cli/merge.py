"""``auditor merge``: the report of one run, of the bundles of several."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click
import msgspec

from auditor.cli.believed import named
from auditor.cli.bundling import Bundling, bundle_at
from auditor.cli.caching import POLICY, cache_of
from auditor.cli.errors import show_traceback
from auditor.cli.exits import INTERNAL
from auditor.cli.merging import Taken, expected_in
from auditor.cli.options import progress_option
from auditor.cli.places import PLACE, Place, expanded, of_last_run
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.screen import Progress
from auditor.cli.sections import SectionedCommand
from auditor.cli.signing_options import NAMES, Wanted, signing_options
from auditor.cli.stamp import run_id
from auditor.cli.wiring import CollectorOptions, wired
from auditor.cli.writing import SECTIONS, Reports, Written, writing
from auditor.config import Config, read_config
from auditor.errors import UsageError
from auditor.runner.run import audit
from auditor.runner.settings import Chosen, Settings, Stamp
from auditor.runner.shards import default_workers
from auditor.runner.uniting import Expected, PartRead, United, answers_of, united, waivers_of
from auditor.version import VERSION

_FILE = click.Path(path_type=Path)


class _Merge(SectionedCommand):
    sections: Mapping[str, Sequence[str]] = MappingProxyType(
        {
            "What there should be": ("last_run", "fleet", "number"),
            "Whom to trust": ("parts_key", "parts_trust"),
            **SECTIONS,
            "How it looks": (*SECTIONS["How it looks"], "progress"),
            "What to keep": NAMES,
            "How it runs": ("workers", "exit_zero"),
        }
    )


@click.command(cls=_Merge, short_help="Make one report of the bundles of several runs.")
@click.argument("places", metavar="PART...", nargs=-1, required=True, type=PLACE)
@click.option(
    "--last-run",
    is_flag=True,
    help="Of what a * of a storage stands for, take only what is in the last of its folders.",
)
@click.option(
    "--targets",
    "fleet",
    metavar="FILE",
    type=_FILE,
    help="The targets that there should be, as of auditor scan --targets: one that no part has is "
    "told as missing.",
)
@click.option(
    "--parts",
    "number",
    metavar="N",
    type=click.IntRange(min=1),
    help="How many parts there should be.  [default: as many as they say that there are]",
)
@click.option(
    "--parts-key", metavar="PUB.pem", type=_FILE, help="The public key that parts are signed by."
)
@click.option("--parts-trust", metavar="FILE", type=_FILE, help="A trust file: see auditor verify.")
@writing
@signing_options
@click.option("--exit-zero", is_flag=True, help="Exit 0 whatever the gate says.")
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Processes.  [default: processors]"
)
@progress_option
@prose
def merge(
    places: tuple[Place, ...],
    parts_key: Path | None,
    parts_trust: Path | None,
    *,
    last_run: bool,
    **given: Any,
) -> int:
    r"""Make one report of PARTs, bundles of auditor scan: as if one run had read all of it.

    Each is verified first; one that does not hold ends it. Verdicts are not taken over: what was
    read is judged again, together, by the policy that all were judged by. What should be there and
    is in no part is told as a target that could not be reached.

    \b
    Examples:
      auditor scan --targets fleet.yaml --part 0/2 --output part-0.zip
      auditor merge part-*.zip --targets fleet.yaml --output whole.zip
      auditor merge part-*.zip --parts-key ci.pub -o html=fleet.html
      auditor merge 's3://bucket/part-*.zip' --output s3://bucket/whole.zip

    \b
    Exit codes:
      as of auditor scan
      2  parts that do not go together   4  a part does not verify
    """
    config = read_config()
    wanted = Wanted(**{name: given.pop(name) for name in NAMES})
    written = Written(**{name: given.pop(name) for name in Written.__struct_fields__})
    reports = Reports(written, config, [str(each) for each in places])
    if wanted.place is not None:
        reports.keep_out_of(wanted.place)
    chosen = _Chosen(**given, list_all=reports.everything)
    whom = named(parts_key, parts_trust, "parts-")
    expected = chosen.expected(config)
    with Scratch(config.temporary) as scratch, _place(wanted, config, scratch) as (root, bundling):
        taken = Taken(root, scratch)
        for each in of_last_run(expanded(places)) if last_run else expanded(places):
            taken.add(each, whom)
        listed = None if expected is None else (*expected, *_following(taken.parts))
        together = united(taken.parts, listed, chosen.number, VERSION)
        settings = chosen.settings(taken, config, scratch)
        stamp = _stamp(together, expected)
        shown = Progress(chosen.progress)
        report = audit(taken.settle(together), settings, stamp, shown)
        shown.end()
        if bundling is not None:
            bundling.seal(root, report, dict(enumerate(together.entries)), settings, stamp)
        reports.warn(_notes(taken, together))
        reports.write(report)
    if report.bug:
        show_traceback(report.bug)
        return INTERNAL
    return 0 if chosen.exit_zero else report.gate.exit


class _Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """How to merge: the options, as they were given."""

    fleet: Path | None
    number: int | None
    workers: int | None
    progress: str
    exit_zero: bool
    list_all: bool

    def expected(self, config: Config) -> tuple[Expected, ...] | None:
        """The targets that there should be; None where nobody says."""
        if self.fleet is None:
            return None
        if self.number is not None:
            raise UsageError(
                "--targets and --parts say two things", hint="--targets says what is missing"
            )
        collecting = CollectorOptions.of(config, "", None)
        return tuple(expected_in(self.fleet, collecting))

    def settings(self, taken: Taken, config: Config, scratch: Path) -> Settings:
        """How to judge: as all parts were."""
        evaluation = taken.parts[0].evaluation
        files = {part.evaluation.configuration for part in taken.parts}
        cache, wiring = cache_of(config), wired()
        return Settings(
            chosen=Chosen(
                folders=taken.policy(),
                profile=evaluation.profile,
                parameters=evaluation.parameters,
                cache=cache.below(POLICY) if cache is not None else None,
                platforms=wiring.platforms,
                analyses=wiring.analyses,
            ),
            gate=evaluation.gate,
            workers=self.workers or default_workers(),
            spool=scratch,
            result_cache=None,
            list_all=self.list_all or evaluation.list_all,
            known=taken.parts[0].known,
            waivers=waivers_of(taken.parts),
            answers=answers_of(taken.parts),
            configuration=files.pop() if len(files) == 1 else None,
        )


@contextmanager
def _place(wanted: Wanted, config: Config, scratch: Path) -> Iterator[tuple[Path, Bundling | None]]:
    """The folder of the bundle, and what signs it; a folder for a while where none is wanted."""
    if wanted.place is None:
        root = scratch / "evidence"
        root.mkdir()
        yield root, None
        return
    bundling = Bundling(wanted, wanted.place, config, sys.argv[1:])
    with bundle_at(wanted.place, scratch) as root:
        yield root, bundling


def _following(parts: Sequence[PartRead]) -> Iterator[Expected]:
    """Targets that follow from the others of their part, which no list of targets has."""
    for uri in dict.fromkeys(entry.uri for part in parts for entry in part.targets):
        platform = wired().platforms.of_target(uri)
        if platform is not None and platform.follows:
            yield Expected(uri, uri)


def _stamp(together: United, expected: Sequence[Expected] | None) -> Stamp:
    """What tells the run: when the parts ran, and what it is of. No clock is asked."""
    entries = together.entries
    asked = [each.text for each in expected] if expected else [each.uri for each in entries]
    started, finished = together.started, together.finished
    return Stamp(VERSION, run_id(started, asked), started, lambda: finished)


def _notes(taken: Taken, together: United) -> Iterator[str]:
    """What a person should know of the parts."""
    parts = taken.parts
    for place in taken.twice:
        yield f"{place}: the same part twice"
    unsigned = sum(not part.entry.key for part in parts)
    if unsigned:
        yield (
            f"nobody that was trusted stands for {unsigned} of {len(parts)} parts (--parts-key, "
            "--parts-trust)"
        )
    for uri in together.missing:
        yield f"missing: {uri}"
