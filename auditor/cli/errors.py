"""Errors as a person sees them: on standard error, with a hint, and safe for a terminal."""

from __future__ import annotations

import errno
import sys
from typing import Final

import click

from auditor.errors import AuditorError, CollectionError, PolicyErrors, RenderError, UsageError
from reports.text import safe

SYSTEM_IS_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE})
"""What a file system or a process has too little of: nobody's bug."""

_LONGEST: Final = 80
"""Characters that are shown of a name that is too long for a file."""


def full(error: OSError) -> RenderError:
    """A system error as one of ours."""
    where = f"{error.filename}: " if error.filename else ""
    return RenderError(
        f"{where}{error.strerror}", hint="free some space, or set TMPDIR to where there is some"
    )


def too_long(error: OSError) -> UsageError:
    """A name that no file can have: whoever typed it meant something else."""
    name = str(error.filename or "")
    shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
    return UsageError(f"{shown}: {error.strerror}", hint="a file, a folder or - was to be named")


def out_of_memory() -> RenderError:
    """What there is to say when the system gives no more memory."""
    return RenderError("there is not enough memory", hint="allow it more, or scan less at once")


def show_error(error: AuditorError) -> None:
    """Write an error and its hint; of policy files, each error with its place."""
    if isinstance(error, PolicyErrors):
        for each in error.errors:
            _write(f"{each.location}: {each.message}")
            for line in each.excerpt.splitlines():
                _write(f"    {line}")
            if each.hint:
                _write(f"    hint: {each.hint}")
    _write(f"Error: {_shown(error.message)}")
    if isinstance(error, CollectionError) and error.diagnostics:
        _write(f"it said: {_shown(error.diagnostics)}")
    if error.hint:
        _write(f"hint: {_shown(error.hint)}")


def show_usage(error: click.ClickException) -> None:
    """Write what the command line could not be understood by, as click words it."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        # the help of a group is what was missing
        for line in error.format_message().splitlines():
            _write(line)
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        for line in context.get_usage().splitlines():
            _write(line)
    _write(f"Error: {_shown(error.format_message())}")
    if context is not None:
        _write(f"hint: {context.command_path} --help")


def show_bug(error: BaseException) -> None:
    """Write a traceback, and what to do with it."""
    import traceback

    show_traceback(_shown("".join(traceback.format_exception(error))))


def show_traceback(text: str) -> None:
    """Write a traceback that was kept, and what to do with it."""
    for line in text.splitlines():
        _write(line)
    _write("")
    _write("This is a bug in auditor: please report it with the lines above.")


def _write(line: str) -> None:
    sys.stderr.write(safe(line) + "\n")


def _shown(text: str) -> str:
    """A message without what is or may be a secret; most runs have none to show."""
    from auditor.secrets.messages import redact_message

    return redact_message(text)
