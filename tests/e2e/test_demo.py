"""``auditor demo`` is a scan of the examples: those that ``make audit`` reads."""

from __future__ import annotations

import re

from auditor.cli.demo import EXAMPLES
from tests.e2e.command import ROOT, auditor


def test_it_reads_what_make_audit_reads() -> None:
    (targets,) = re.findall(r"^TARGETS \?= (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets.split() == [f"examples/{name}" for name in EXAMPLES]


def test_it_says_what_a_scan_says() -> None:
    folders = [str(ROOT / "examples" / name) for name in EXAMPLES]
    demo = auditor("demo")
    assert demo.code == 1
    assert demo.out == auditor("scan", *folders).out
    assert "/vcenter  esx-1  0000:3b:00.0  NVIDIA A100" in demo.out
