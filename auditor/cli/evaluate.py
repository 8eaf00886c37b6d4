"""``auditor evaluate``: judge what was collected before, offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from auditor.cli.judging import SECTIONS, Choices, Judging, choices
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.sections import SectionedCommand
from auditor.cli.wiring import reader_of
from auditor.config import read_config
from auditor.evidence.folder import read_folder
from auditor.runner.run import Stamp
from auditor.version import VERSION


class _Evaluate(SectionedCommand):
    sections: Mapping[str, Sequence[str]] = SECTIONS


@click.command(cls=_Evaluate, short_help="Judge a folder that auditor collect wrote.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@choices
@prose
def evaluate(folder: Path, **chosen: Any) -> int:
    r"""Judge what auditor collect has read into DIR, offline: the same results as a scan then.

    Every file is checked against the manifest first. What the rules of the profile rest on and was
    not collected is a gap.

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
    manifest, collected = read_folder(folder)
    with Scratch(config.temporary) as spool:
        settings = judging.settings(spool)
        kinds = judging.kinds(settings)
        collectors = [reader_of(each, folder / "bodies", kinds) for each in collected]
        run = manifest.run
        stamp = Stamp(VERSION, run.id, run.started, lambda: run.finished)
        return judging.judge(collectors, settings, stamp)
