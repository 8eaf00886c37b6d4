"""``auditor evaluate``: judge what was collected before, offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from auditor.cli.judging import SECTIONS, Choices, Judging, choices
from auditor.cli.opened import Bundle
from auditor.cli.places import PLACE, Place
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.sections import SectionedCommand
from auditor.cli.unpacked import folder_of
from auditor.config import read_config
from auditor.evidence.reading import read_folder
from auditor.runner.settings import Stamp
from auditor.version import VERSION


class _Evaluate(SectionedCommand):
    sections: Mapping[str, Sequence[str]] = SECTIONS


@click.command(cls=_Evaluate, short_help="Judge a bundle, by any profile.")
@click.argument("folder", metavar="BUNDLE", type=PLACE)
@choices
@prose
def evaluate(folder: Place, **chosen: Any) -> int:
    r"""Judge what was read into BUNDLE, offline: the same results as a scan then.

    A bundle is what auditor collect and auditor scan --output write. Every file is checked
    against the manifest first. What the rules of the profile rest on and was not read is a gap.

    \b
    Examples:
      auditor evaluate evidence/
      auditor evaluate evidence/ --profile pod-security-restricted

    \b
    Exit codes:
      as of auditor scan; 4  a file is not what the manifest says
    """
    config = read_config()
    judging = Judging(Choices(**chosen), config, [str(folder)])
    with Scratch(config.temporary) as spool:
        root = folder_of(folder, spool)
        found = Bundle(root, *read_folder(root))
        settings = judging.settings(spool)
        collectors = found.collectors()
        run = found.manifest.run
        stamp = Stamp(VERSION, run.id, run.started, lambda: run.finished)
        return judging.judge(collectors, settings, stamp)
