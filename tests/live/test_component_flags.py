"""Which flags take no word that follows: the components themselves say it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from auditor.analysis.controlplane.flags import started
from tests.engines.apiserver import Binaries

_PFLAG = re.compile(r"^ +(?:-\w, )?--([a-z][a-z0-9-]*)(?: (\S+)| {2,}|$)")
_GO_FLAG = re.compile(r"^ +--([a-z][a-z0-9-]*) '(true|false)'")


def _help(program: Path) -> list[str]:
    done = subprocess.run(
        [program, "--help"], capture_output=True, text=True, timeout=60, check=False
    )
    return (done.stdout + done.stderr).splitlines()


def _takes_a_word(component: str, flag: str) -> bool:
    found = started({"command": [component, f"--{flag}", "word"]}, "")
    assert found is not None
    return not found.why


def test_the_api_server_s(control_plane: Binaries) -> None:
    lines = [match for line in _help(control_plane.apiserver) if (match := _PFLAG.match(line))]
    said = {match[1]: match[2] is not None and "[=" not in match[2] for match in lines}
    assert len(said) > 150
    assert {name: _takes_a_word("kube-apiserver", name) for name in said} == said


def test_etcd_s(control_plane: Binaries) -> None:
    said = {match[1] for line in _help(control_plane.etcd) if (match := _GO_FLAG.match(line))}
    assert len(said) > 10
    assert {name for name in said if _takes_a_word("etcd", name)} == set()
