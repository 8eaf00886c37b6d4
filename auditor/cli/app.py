"""The command line: one small module a command, loaded when it is called."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import click
from click.shell_completion import shell_complete

from auditor.cli.errors import (
    SYSTEM_IS_FULL,
    full,
    out_of_memory,
    show_bug,
    show_error,
    show_usage,
    too_long,
)
from auditor.cli.exits import INTERNAL, INTERRUPTED, USAGE, exit_code_of
from auditor.cli.process import Terminated, begin, end_quietly, hush, open_streams
from auditor.cli.prose import prose
from auditor.errors import AuditorError
from auditor.version import VERSION

COMPLETE = "_AUDITOR_COMPLETE"


class Known(NamedTuple):
    """A command: where it is, and what ``auditor --help`` says of it without loading it."""

    place: str
    summary: str


COMMANDS: Mapping[str, Known] = MappingProxyType(
    {
        "scan": Known(
            "auditor.cli.scan:scan", "Audit files, folders, standard input, clusters and hosts."
        ),
        "init": Known("auditor.cli.init:init", "Write a configuration, with what is seen here."),
        "config": Known(
            "auditor.cli.configuration:config",
            "Say what a scan goes by, and where each value is from.",
        ),
        "gpus": Known("auditor.cli.gpus:gpus", "Say who shares which GPU with whom."),
        "who-can": Known("auditor.cli.who_can:who_can", "Say who may do something, and by what."),
        "reach": Known(
            "auditor.cli.reach:reach", "Say what can reach what in the network of a cluster."
        ),
        "audit-policy": Known(
            "auditor.cli.audit_policy:audit_policy",
            "Say what an audit policy has the API server log.",
        ),
        "collect": Known(
            "auditor.cli.collect:collect", "Read targets into a folder, to be judged elsewhere."
        ),
        "evaluate": Known("auditor.cli.evaluate:evaluate", "Judge a bundle, by any profile."),
        "report": Known("auditor.cli.report:report", "Write the reports of a bundle."),
        "verify": Known(
            "auditor.cli.verify:verify", "Check that a bundle is whole, and whose it is."
        ),
        "replay": Known(
            "auditor.cli.replay:replay", "Judge a bundle again, and compare the bytes."
        ),
        "merge": Known(
            "auditor.cli.merge:merge", "Make one report of the bundles of several runs."
        ),
        "diff": Known(
            "auditor.cli.diff:diff", "Say what is different between two bundles, and why."
        ),
        "history": Known(
            "auditor.cli.history:history", "Keep what bundles say, run by run, in a database."
        ),
        "trend": Known(
            "auditor.cli.trend:trend", "Say what became of findings in the runs of a history."
        ),
        "waivers": Known(
            "auditor.cli.waivers:waivers",
            "Accept findings, with an owner and an end; say which are accepted.",
        ),
        "answers": Known(
            "auditor.cli.answers:answers",
            "Answer controls that no rule decides, with an owner and an end.",
        ),
        "keys": Known("auditor.cli.keys:keys", "Make a signing key, and show its public half."),
        "doctor": Known(
            "auditor.cli.doctor:doctor",
            "Say what a scan would not see, and which rights are missing.",
        ),
        "permissions": Known(
            "auditor.cli.permissions:permissions", "Print the least role that a scan needs."
        ),
        "explain": Known(
            "auditor.cli.explain:explain", "Say what a rule checks, why, and how to fix it."
        ),
        "rules": Known("auditor.cli.rules:rules", "Show the rules, and test rules that you write."),
        "profiles": Known(
            "auditor.cli.profiles:profiles", "Show the profiles and what they resolve to."
        ),
        "advisories": Known(
            "auditor.cli.advisories:advisories",
            "List the known faults that versions are judged against.",
        ),
        "demo": Known("auditor.cli.demo:demo", "Audit the example estate."),
        "completion": Known(
            "auditor.cli.completion:completion", "Print the completion script for a shell."
        ),
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
        known = COMMANDS.get(cmd_name)
        if known is None:
            return None
        module, _, name = known.place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        begin()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands; none of them is imported for that."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, known.summary) for name, known in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, or say which one was meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, 1)
            meant = close[0] if close else "scan"
            rest = "" if close else f" {args[0]}"
            ctx.fail(f"no such command: {args[0]}. Did you mean 'auditor {meant}{rest}'?")
        return super().resolve_command(ctx, args)


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 gate passed, 1 gate failed, 2 wrong usage, 3 incomplete, 4 does not "
    "hold, 70 our bug.",
)
@click.version_option(VERSION, "-V", "--version", message="auditor %(version)s")
@prose
def app() -> None:
    r"""Audit the configuration of AI infrastructure.

    Reads Kubernetes manifests and clusters, Dockerfiles, compose files and Docker engines, vCenters
    and ESXi hosts, judges them by rules, and says what it could not read: unread evidence is never
    a pass.

    \b
    Start here:
      auditor demo                      audit the estate that comes along
      auditor scan manifests/           audit a folder
      auditor scan k8s://               audit the cluster of the current context
      auditor scan docker://            audit the engine of the current context
      auditor scan vsphere://me@vc      audit a vCenter, or an ESXi host
      helm template . | auditor scan -  audit what a chart renders to
      auditor init                      keep what is audited in auditor.yaml
    """


def run(arguments: Sequence[str], wiring: object = None) -> int:
    """Run the command line and return the exit code; whatever was not foreseen ends here.

    ``wiring`` is an :class:`auditor.cli.wiring.Wiring` in place of what comes with the program.
    """
    try:
        open_streams(arguments)
        return _invoke(arguments, wiring)
    except (KeyboardInterrupt, click.Abort) as error:
        end_quietly()
        return error.code if isinstance(error, Terminated) else INTERRUPTED
    except BrokenPipeError:
        hush(sys.stdout.buffer)  # whoever read our output has seen enough
        return 0
    except click.ClickException as error:
        show_usage(error)
        return USAGE
    except AuditorError as error:
        show_error(error)
        return exit_code_of(error)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            show_error(too_long(error))
            return USAGE
        if error.errno not in SYSTEM_IS_FULL:
            show_bug(error)
            return INTERNAL
        show_error(full(error))
        hush(sys.stdout.buffer)
        return USAGE
    except MemoryError:
        show_error(out_of_memory())
        return USAGE
    except Exception as error:  # noqa: BLE001 - our bug: say so, and how to report it
        show_bug(error)
        return INTERNAL


def _invoke(arguments: Sequence[str], wiring: object) -> int:
    """Run one command. Click's own main would turn some errors into exit codes that mislead."""
    instruction = os.environ.get(COMPLETE)
    if instruction is not None:
        from auditor.cli.completing import register

        register()
        return shell_complete(app, {}, "auditor", COMPLETE, instruction)
    try:
        with app.make_context("auditor", list(arguments), obj=wiring) as context:
            result = app.invoke(context)
    except click.exceptions.Exit as ended:
        result = ended.exit_code
    sys.stdout.flush()
    return result if isinstance(result, int) else 0
