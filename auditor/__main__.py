"""``python -m auditor``: as the console script, whatever files lie in the working directory."""

from __future__ import annotations

import contextlib
import gc
import os
import sys

YOUNG = 100_000
"""So many objects are made before cycles are looked for among them: policies are many objects that
stay, and looking through them again and again is a third of a small scan. What is loaded before a
command begins is never looked through (:func:`auditor.cli.process.begin`)."""


def _drop_working_directory() -> None:
    """Keep the audited tree from being imported: ``-m`` puts the working directory on the path.

    A checkout of this project is the one working directory that may stay there.
    """
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if sys.path and sys.path[0] in {"", os.getcwd()} and os.getcwd() != here:
        del sys.path[0]


def _tell(text: str) -> int:
    """Write to standard output, and return the exit code."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # what is left in the buffer would fail once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"Error: standard output: {error.strerror}\n")
            return 2
    return 0


def main() -> None:
    """Run the command line; ``--version`` alone answers before anything else is imported."""
    if sys.argv[1:] in (["--version"], ["-V"]) and sys.stdout is not None:
        from auditor.version import VERSION

        sys.exit(_tell(f"auditor {VERSION}\n"))
    gc.disable()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    try:
        from auditor.cli.app import run
        from auditor.cli.process import catch_termination

        catch_termination()
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    if code in {129, 130, 143}:
        # an interrupt inside of exec() (a dataclass being made) would make the interpreter end
        # by the signal, although it has been caught (CPython's unhandled_keyboard_interrupt);
        # and nobody who stops us waits for a thread that waits for a server
        with contextlib.suppress(OSError):  # a terminal that is closed
            sys.stderr.flush()
        os._exit(code)
    gc.freeze()  # the interpreter would look through all of it once more before it ends
    sys.exit(code)


if __name__ == "__main__":
    _drop_working_directory()
    main()
