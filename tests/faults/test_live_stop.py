"""Ctrl-C and SIGTERM while a server keeps us waiting: at once, and nothing is left."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.command import ended, started
from tests.faults.server import Asked, Reply, serving

MAX_PARALLEL_TARGETS = 30.0
"""Half of what a server may keep us waiting (``Patience.read``): nobody waited for it."""


def hanging(asked: Asked) -> Reply | None:
    return Reply(raw=b"", then="hang") if asked.path == "/api/v1/pods" else None


@pytest.mark.parametrize("targets", [("k8s://",), ("k8s://x", "k8s://y")], ids=["one", "two"])
@pytest.mark.parametrize(
    ("command", "number", "code"),
    [
        ("scan", signal.SIGINT, 130),
        ("collect", signal.SIGINT, 130),
        ("scan", signal.SIGTERM, 143),
    ],
    ids=["scan, Ctrl-C", "collect, Ctrl-C", "scan, SIGTERM"],
)
def test_stopped(
    tmp_path: Path, command: str, number: signal.Signals, code: int, targets: tuple[str, ...]
) -> None:
    (tmp_path / "tmp").mkdir()
    with serving(hanging) as server:
        config = {
            "current-context": "x",
            "clusters": [{"name": "c", "cluster": {"server": server.url}}],
            "contexts": [
                {"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("x", "y")
            ],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        options = ["--output", "evidence"] if command == "collect" else ["--no-cache"]
        env = {
            "PATH": os.environ["PATH"],
            "KUBECONFIG": str(tmp_path / "kubeconfig"),
            "TMPDIR": str(tmp_path / "tmp"),
            "LANG": "C.UTF-8",
        }
        with started(command, *targets, *options, cwd=tmp_path, env=env) as process:
            deadline = time.monotonic() + 60
            while sum(asked.path == "/api/v1/pods" for asked in server.asked) < len(targets):
                assert time.monotonic() < deadline, process.poll()
                time.sleep(0.05)
            process.send_signal(number)
            ran = ended(process, timeout=MAX_PARALLEL_TARGETS)
    assert (ran.code, ran.out) == (code, "")
    assert "Traceback" not in ran.err
    assert list((tmp_path / "tmp").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kubeconfig", "tmp"]
