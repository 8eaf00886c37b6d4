"""``auditor report``: the reports of a run that left a bundle, without judging again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from auditor.cli.believed import named, trust_options, whole
from auditor.cli.caching import POLICY, cache_of
from auditor.cli.moments import now
from auditor.cli.places import PLACE, Place
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.sections import SectionedCommand
from auditor.cli.unpacked import copied_results, folder_of
from auditor.cli.wiring import wired
from auditor.cli.writing import SECTIONS, Reports, Written, writing
from auditor.config import Config, read_config
from auditor.errors import IntegrityError
from auditor.evidence.layout import Evaluation
from auditor.evidence.recall import recalled
from auditor.evidence.verify import Verifier
from auditor.model.finding import Report
from auditor.runner.job import compiled_profile
from auditor.runner.reporting import rules_of
from auditor.runner.settings import Chosen


class _Report(SectionedCommand):
    sections: Mapping[str, Sequence[str]] = MappingProxyType(
        {"Whom to trust": ("key", "trust"), **SECTIONS}
    )


@click.command(cls=_Report, short_help="Write the reports of a bundle.")
@click.argument("bundle", metavar="BUNDLE", type=PLACE)
@trust_options
@writing
@prose
def report(bundle: Place, key: Path | None, trust: Path | None, **chosen: Any) -> int:
    r"""Write the reports of BUNDLE: the same bytes as the scan that made it.

    Nothing is judged again, and no target is asked. The bundle is verified first: what is not whole
    is not told, and where nobody stands for it that is said. Findings that pass are listed where
    the scan listed them.

    \b
    Examples:
      auditor report audit.zip
      auditor report audit.zip --key ci.pub -q -o sarif=a.sarif -o junit=a.xml

    \b
    Exit codes:
      0  written   2  there is no such bundle, or nothing was judged in it
      4  the bundle does not verify
    """
    whom = named(key, trust)
    config = read_config()
    reports = Reports(Written(**chosen), config, [str(bundle)])
    with Scratch(config.temporary) as scratch:
        root = folder_of(bundle, scratch)
        found = Verifier(root, whom, now()).run()
        manifest, evaluation = whole(bundle, found)
        if found.decision != "verified":
            reports.warn([f"{bundle}: it is whole, but nobody stands for it (--key, --trust)"])
        results = copied_results(root, manifest, scratch / "results", f"{bundle}")
        reports.write(_recalled(root, results, evaluation, config))
    return 0


def _recalled(root: Path, results: Path, evaluation: Evaluation, config: Config) -> Report:
    """The report with what its rules are called, by the policy in the bundle.

    Raises:
        IntegrityError: the policy is not the one that the results are of.
    """
    cache = cache_of(config)
    wiring = wired()
    profile = compiled_profile(
        Chosen(
            folders=tuple(root / name for name in evaluation.folders),
            profile=evaluation.profile,
            parameters=evaluation.parameters,
            cache=cache.below(POLICY) if cache is not None else None,
            platforms=wiring.platforms,
            analyses=wiring.analyses,
        )
    )
    found = recalled(results, rules_of(profile), wiring.platforms.facts)
    if found.policy != profile.policy_digest:
        raise IntegrityError(
            "the results are not of the policy beside them", hint="auditor verify says more"
        )
    return found
