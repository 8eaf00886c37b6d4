"""``python -m auditor``: as the console script, whatever files lie in the working directory."""

from __future__ import annotations

import os
import sys


def _drop_working_directory() -> None:
    """Keep the audited tree from being imported: ``-m`` puts the working directory on the path.

    A checkout of this project is the one working directory that may stay there.
    """
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if sys.path and sys.path[0] in {"", os.getcwd()} and os.getcwd() != here:
        del sys.path[0]


def main() -> None:
    """Run the command line; ``--version`` alone answers before anything else is imported."""
    if sys.argv[1:] in (["--version"], ["-V"]) and sys.stdout is not None:
        from auditor.version import VERSION

        sys.stdout.write(f"auditor {VERSION}\n")
        return
    try:
        from auditor.cli.app import run
        from auditor.cli.process import catch_termination

        catch_termination()
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    _drop_working_directory()
    main()
