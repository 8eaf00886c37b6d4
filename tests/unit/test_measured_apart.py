"""What benchmarks measure of a program is its own."""

from __future__ import annotations

import sys

import pytest

from benchmarks.measure import run

pytestmark = pytest.mark.process

MANY = 256 << 20
"""Bytes that this process has, for as long as the other runs."""


def test_the_peak_is_the_programs_own() -> None:
    """The kernel would count that of the process it is started from as well."""
    ballast = bytearray(b"x") * MANY
    small = run([sys.executable, "-I", "-S", "-c", "pass"])
    assert 1 < small.peak < len(ballast) / (1 << 20) / 2
    large = run([sys.executable, "-I", "-S", "-c", f"bytearray(b'x') * {MANY}"])
    assert large.peak > MANY / (1 << 20)


def test_a_program_that_is_none_and_one_that_fails() -> None:
    with pytest.raises(RuntimeError, match="ended with 127"):
        run(["/nonexistent/program"])
    with pytest.raises(RuntimeError, match="ended with 3"):
        run([sys.executable, "-c", "raise SystemExit(3)"])
    assert run([sys.executable, "-c", "raise SystemExit(3)"], allowed=(3,)).code == 3


def test_the_environment_is_what_is_given() -> None:
    program = "import os; raise SystemExit(os.environ.get('CANARY') == 'x')"
    assert run([sys.executable, "-c", program], {"CANARY": "x"}).code == 1
