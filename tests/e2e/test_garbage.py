"""What is loaded for a command stays, so nobody looks for garbage in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.command import ROOT, surroundings

MOST = 20_000
"""Objects that are looked through at once: a command loads twice as many."""
PROGRAM = """\
import gc, sys
gc.set_debug(gc.DEBUG_STATS)
sys.argv[0] = "auditor"
from auditor.__main__ import main
main()
"""
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: a}]}\n"


def test_what_is_loaded_is_not_looked_through(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(POD)
    command = [sys.executable, "-c", PROGRAM, "scan", str(tmp_path / "pod.yaml")]
    done = subprocess.run(
        command, cwd=ROOT, env=surroundings(), capture_output=True, text=True, check=False
    )
    assert "1 file" in done.stdout, done.stderr
    found = re.findall(
        r"objects in each generation: (\d+) (\d+) (\d+)\n.*permanent generation: (\d+)",
        done.stderr,
    )
    looked = [(sum(map(int, each[:3])), int(each[3])) for each in found]
    assert max(young for young, kept in looked if not kept) < MOST, "while it is loaded"
    young, kept = looked[-1]
    assert young < MOST < kept, "when it ends"
