"""Help with options in groups: nobody reads a list of fifteen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

OTHER = "Other options"


class SectionedCommand(click.Command):
    """A command whose options have headings.

    ``sections`` maps a heading to names of parameters; what is in none comes last.
    """

    sections: Mapping[str, Sequence[str]] = {}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options below their headings."""
        headings = {name: heading for heading, names in self.sections.items() for name in names}
        rows: dict[str, list[tuple[str, str]]] = {heading: [] for heading in self.sections}
        for parameter in self.get_params(ctx):
            if not isinstance(parameter, click.Option):
                continue
            record = parameter.get_help_record(ctx)
            if record is not None:
                heading = headings.get(parameter.name or "", OTHER)
                rows.setdefault(heading, []).append(record)
        for heading, records in rows.items():
            with formatter.section(heading):
                formatter.write_dl(records)
