"""``--help`` inside documentation: what stands between two markers is what the command prints."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
from click.testing import CliRunner

from auditor.cli.app import app

WIDTH = 80
_BLOCK = re.compile(
    r"(<!-- help: (?P<command>auditor[a-z ]*) -->\n).*?(<!-- end of help -->)", re.DOTALL
)
CLI_HEADER = """\
# The command line

<!-- Made by `make docs`: change the program's own help, not this page. -->

What `auditor --help` and the help of each command say. [Usage](usage.md) tells what it means.
"""


def help_of(command: str) -> str:
    """What ``COMMAND --help`` prints on a screen of 80 columns."""
    _, *arguments = command.split()
    result = CliRunner().invoke(
        app, [*arguments, "--help"], prog_name="auditor", terminal_width=WIDTH
    )
    if result.exit_code != 0:
        raise ValueError(f"{command} --help ends with {result.exit_code}")
    return "\n".join(line.rstrip() for line in result.output.splitlines())


def commands() -> Iterator[str]:
    """All commands that there are, each group before its own."""

    def below(command: click.Command, name: str) -> Iterator[str]:
        yield name
        if isinstance(command, click.Group):
            context = click.Context(command, info_name=name)
            for inner in command.list_commands(context):
                found = command.get_command(context, inner)
                if found is not None and not found.hidden:
                    yield from below(found, f"{name} {inner}")

    yield from below(app, "auditor")


def cli_page() -> str:
    """docs/cli.md: the help of every command."""
    parts = (f"## {command}\n\n{_marked(command)}\n" for command in commands())
    return "\n".join((CLI_HEADER, *parts))


def filled(text: str) -> str:
    """A page with every block between markers as it should be."""
    return _BLOCK.sub(lambda found: _marked(found["command"]), text)


def _marked(command: str) -> str:
    return f"<!-- help: {command} -->\n```text\n{help_of(command)}\n```\n<!-- end of help -->"
