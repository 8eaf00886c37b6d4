"""What a bundle says of the program that made it."""

from __future__ import annotations

import hashlib
import subprocess
from importlib.metadata import version

import pytest

from auditor.cli.environment import digest_of_program, environment, packages
from tests.e2e.command import ROOT

LISTED = "find auditor collectors reports -name '*.py' | LC_ALL=C sort | xargs -d '\\n' sha256sum"


@pytest.mark.process
def test_anybody_can_work_out_the_digest() -> None:
    done = subprocess.run(["/bin/sh", "-c", LISTED], cwd=ROOT, check=True, capture_output=True)
    assert digest_of_program() == hashlib.sha256(done.stdout).hexdigest()


def test_every_package_is_told() -> None:
    found = packages("auditor")
    for direct in ("click", "cryptography", "kubernetes", "msgspec", "PyYAML", "securesystemslib"):
        assert found[direct] == version(direct)
    assert found["cffi"] == version("cffi"), "cryptography rests on it"
    assert "pytest" not in found, "it is installed, and nothing rests on it"
    assert packages("no-such-package") == {}


def test_arguments_without_secrets() -> None:
    told = environment(["scan", "--api-key=hunter2-hunter2"])
    assert "hunter2" not in str(told)
    assert told["arguments"][0] == "scan"
