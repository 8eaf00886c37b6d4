"""Which reports are written and where, for every command that has a report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial, reduce
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

import click
import msgspec

from auditor.cli.output import (
    parse_outputs,
    refuse_absent,
    refuse_inside,
    write_files,
    write_stdout,
)
from auditor.cli.places import Place
from auditor.cli.process import Scratch
from auditor.cli.screen import style_of
from auditor.cli.together import SharedFindings
from auditor.cli.wiring import SHIPPED, wired
from auditor.config import Config
from auditor.model.finding import Report
from reports.style import Style
from reports.text import safe

Command = TypeVar("Command", bound=Callable[..., object])

SECTIONS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "What to write": ("stdout_format", "outputs", "list_all", "passes", "quiet"),
        "How it looks": ("group_by", "plain", "color"),
    }
)


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """The options, as they were given."""

    stdout_format: str
    outputs: tuple[str, ...]
    list_all: bool
    passes: bool
    group_by: str
    plain: bool
    color: str
    quiet: bool


WRITING: Final = (
    click.option(
        "--format",
        "stdout_format",
        type=click.Choice(list(SHIPPED.formats)),
        default="terminal",
        show_default=True,
        metavar="FORMAT",
        help=f"What to print: {', '.join(SHIPPED.formats)}.",
    ),
    click.option(
        "-o",
        "outputs",
        metavar="FORMAT=FILE",
        multiple=True,
        help="Also write a report to a file, - for standard output. Repeatable.",
    ),
    click.option(
        "--all", "list_all", is_flag=True, help="List every finding; in JSON, passes as well."
    ),
    click.option(
        "--passes", is_flag=True, help="As --all, with what passed or does not apply on the screen."
    ),
    click.option(
        "--group-by",
        type=click.Choice(["rule", "object"]),
        default="rule",
        show_default=True,
        help="Tell findings on the screen by rule, or by object.",
    ),
    click.option("--plain", is_flag=True, help="Words only: no glyphs, no colour."),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Colour; auto obeys NO_COLOR and FORCE_COLOR.",
    ),
    click.option(
        "-q", "--quiet", is_flag=True, help="Print nothing but errors; the exit code tells."
    ),
)


def writing(function: Command) -> Command:
    """All options of :class:`Written`."""
    return reduce(lambda made, option: option(made), reversed(WRITING), function)


class Reports:
    """The reports that were asked for."""

    def __init__(self, chosen: Written, config: Config, targets: Sequence[str]) -> None:
        """Check what can be checked before anything is read.

        Raises:
            UsageError: a report can't be written where it is wanted, or would replace a target.
        """
        self._chosen, self._config = chosen, config
        refuse_absent(chosen.stdout_format, f"--format {chosen.stdout_format}")
        self._files = parse_outputs(chosen.outputs, targets)
        screen = style_of(sys.stdout, config, plain=chosen.plain, colour=chosen.color)
        self._style = self._listing(screen)

    @property
    def everything(self) -> bool:
        """Whether each finding is listed."""
        return self._chosen.list_all or self._chosen.passes

    @property
    def files(self) -> Iterator[Path]:
        """The files that reports are written to."""
        return (each.path for each in self._files if each.is_path)

    def _listing(self, style: Style) -> Style:
        """What of a report is listed, and in which order."""
        return msgspec.structs.replace(
            style,
            everything=self.everything,
            passes=self._chosen.passes,
            by_object=self._chosen.group_by == "object",
        )

    def keep_out_of(self, bundle: Place) -> None:
        """Make sure that no report is to be written where a bundle goes.

        Raises:
            UsageError: one is.
        """
        refuse_inside(self._files, bundle)

    def write(self, report: Report) -> None:
        """Write all files, then what is printed.

        Raises:
            RenderError: one can't be written.
        """
        chosen, formats = self._chosen, wired().formats
        paper = self._listing(Style(width=None, colour=False, plain=chosen.plain))
        shared = SharedFindings(report.findings)
        told = msgspec.structs.replace(report, findings=shared)
        write_files(
            [(file, partial(formats[file.format](paper), told)) for file in self._files],
            lambda: shared.taken,
            Scratch(self._config.temporary).path.parent,
        )
        if not chosen.quiet:
            write_stdout(sys.stdout.buffer, formats[chosen.stdout_format](self._style)(report))

    def warn(self, texts: Iterable[str]) -> None:
        """Print what is no error, and what a person may want to mend."""
        if not self._chosen.quiet:
            for text in texts:
                click.echo(f"auditor: {safe(text)}", err=True)
