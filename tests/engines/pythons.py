"""Another Python than the one that runs the tests, with this program installed in it."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.engines.cache import EngineUnavailableError
from tests.engines.wheels import from_wheels

ROOT = Path(__file__).resolve().parents[2]
_OLDEST, _NEWEST = 11, 14


def installed(home: Path) -> Path:
    """The command ``auditor`` of an environment below ``home``, under another Python.

    Raises:
        EngineUnavailableError: there is no other Python, or the packages can't be had for it.
    """
    for python in _others():
        made = [python, "-m", "venv", "--without-pip", home]
        if subprocess.run(made, check=False, capture_output=True).returncode:
            continue
        _ran([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", home], os.environ)
        # our pip installs for that one, which then needs none of its own
        pip = [sys.executable, "-m", "pip", "--python", home / "bin" / "python"]
        install = [*pip, "install", "--quiet", "--disable-pip-version-check", *home.glob("*.whl")]
        _ran(install, {**os.environ, **from_wheels(python)})
        return home / "bin" / "auditor"
    raise EngineUnavailableError("a second Python between 3.11 and 3.14")


def _ran(command: Sequence[str | Path], env: Mapping[str, str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, env=env, cwd=ROOT)
    if done.returncode:
        raise EngineUnavailableError(f"another Python: {done.stderr.decode()[-500:]}")


def _others() -> Iterator[Path]:
    """Interpreters of other versions than ours."""
    for minor in range(_NEWEST, _OLDEST - 1, -1):
        if minor != sys.version_info.minor:
            yield from itertools.islice(interpreters(minor), 1)


def interpreters(minor: int) -> Iterator[Path]:
    """Interpreters of a version: on the path, or installed beside ours as pyenv does it."""
    name = f"python3.{minor}"
    found = shutil.which(name)
    places = [Path(found)] if found else []
    places += sorted(Path(sys.base_prefix).parent.glob(f"3.{minor}.*/bin/{name}"))
    for place in places:
        if not subprocess.run([place, "-V"], check=False, capture_output=True).returncode:
            yield place
