"""Which program renders, and which version of it: what the user names, or what is on the path."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import UsageError
from collectors.programs.sandbox import Limits, Sandbox

KUSTOMIZE: Final = ("kustomize", "kubectl")
"""Either builds kustomizations; the first that is there is taken."""
HELM: Final = ("helm",)
_VERSIONS: Final = {
    "kustomize": ("version",),
    "kubectl": ("version", "--client"),
    "helm": ("version", "--short"),
}
_LIMITS: Final = Limits(20.0, 1 << 16)
_LONGEST: Final = 80


class Program(msgspec.Struct, frozen=True):
    """A program that renders: what it is called, where it is, and what it says that it is."""

    name: str
    path: str
    version: str

    @property
    def shown(self) -> str:
        """The program with its version, for people."""
        return f"{self.name} {self.version}"


def program(
    asked: str, usual: Sequence[str], path: str, root: Path, sandbox: Sandbox
) -> Program | None:
    """Find a program; None when it was not named and is not on the ``path``.

    Raises:
        UsageError: what was named is not there, or the program would be one of the target's.
    """
    found = _found((asked,) if asked else usual, path)
    if found is None:
        if asked:
            raise UsageError(f"{asked}: there is no such program", hint="name it with its path")
        return None
    real = os.path.realpath(found)
    if real.startswith(os.path.realpath(root).removesuffix(os.sep) + os.sep):
        raise UsageError(
            f"{found}: it is in what is audited, and is not run",
            hint="name a program elsewhere: --kustomize, --helm",
        )
    name = next((each for each in usual if Path(real).name.startswith(each)), usual[0])
    told = sandbox.run((real, *_VERSIONS[name]), _LIMITS)
    lines = told.out.decode("utf-8", "replace").split("\n")
    version = " ".join(lines[0].removeprefix("Client Version:").split())[:_LONGEST]
    return Program(name, real, version or "of an unknown version")


def _found(names: Sequence[str], path: str) -> str | None:
    """The first of some programs in folders that do not depend on where we are."""
    folders = os.pathsep.join(each for each in path.split(os.pathsep) if os.path.isabs(each))  # noqa: PTH117 - a text of a variable
    for name in names:
        where = str(Path(name).absolute()) if os.sep in name else name
        found = shutil.which(where, path=folders)
        if found is not None:
            return found
    return None
