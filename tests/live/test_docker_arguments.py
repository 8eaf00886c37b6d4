"""An engine reads its arguments as we say: it names the level of its log, which is none."""

from __future__ import annotations

import subprocess

import pytest

from auditor.analysis.docker.arguments import options_of
from tests.engines.cache import EngineUnavailableError
from tests.engines.dockerd import find_new_docker

LINES = (
    *("-lnone", "-l none", "-l=none", "--log-level none"),
    *("-Dlnone", "-Dl none", "-Dl=none", "-rDlnone", "-D=false -lnone"),
)


@pytest.mark.parametrize("line", LINES)
def test_letters(line: str) -> None:
    """It is asked whether they are valid (dockerd --validate), and starts nothing."""
    try:
        binaries = find_new_docker()
    except EngineUnavailableError as error:
        pytest.skip(f"engine unavailable: {error}")
    words = [str(binaries.program("dockerd")), "--validate", *line.split(" ")]
    done = subprocess.run(
        words, env=binaries.environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr.strip()) == (1, "invalid logging level: none")
    assert options_of(words)["log-level"] == "none"
