"""The command line: one small module a command, loaded when it is called."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import click

from auditor.cli.exits import INTERNAL, INTERRUPTED, USAGE, exit_code_of
from auditor.cli.prose import prose
from auditor.errors import AuditorError, PolicyErrors
from auditor.version import VERSION

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "scan": "auditor.cli.scan:scan",
        "explain": "auditor.cli.explain:explain",
        "rules": "auditor.cli.rules:rules",
        "profiles": "auditor.cli.profiles:profiles",
        "demo": "auditor.cli.demo:demo",
        "completion": "auditor.cli.completion:completion",
    }
)


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order a new user meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 gate passed, 1 failed, 2 usage, 3 incomplete, 70 our bug, 130 Ctrl-C.",
)
@click.version_option(VERSION, "-V", "--version", message="auditor %(version)s")
@prose
def app() -> None:
    r"""Audit the configuration of AI infrastructure.

    Reads manifests, judges them by rules, and says what it could not read: unread evidence is never
    a pass.

    \b
    Start here:
      auditor demo                      audit the estate that comes with the program
      auditor scan manifests/           audit a folder
      helm template . | auditor scan -  audit what a chart renders to
    """


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return the exit code; whatever was not foreseen ends here."""
    try:
        result = app.main(list(arguments), prog_name="auditor", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return USAGE
    except (KeyboardInterrupt, click.Abort):
        sys.stderr.write("\ninterrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read our output has seen enough; keep the interpreter's flush at exit quiet
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except AuditorError as error:
        _show(error)
        return exit_code_of(error)
    except Exception:  # noqa: BLE001 - our bug: say so, and how to report it
        traceback.print_exc()
        sys.stderr.write("\nThis is a bug in auditor: please report it with the lines above.\n")
        return INTERNAL
    return result if isinstance(result, int) else 0


def _show(error: AuditorError) -> None:
    if isinstance(error, PolicyErrors):
        for each in error.errors:
            sys.stderr.write(f"{each.location}: {each.message}\n")
            for line in each.excerpt.splitlines():
                sys.stderr.write(f"    {line}\n")
            if each.hint:
                sys.stderr.write(f"    hint: {each.hint}\n")
    sys.stderr.write(f"Error: {error.message}\n")
    if error.hint:
        sys.stderr.write(f"hint: {error.hint}\n")
