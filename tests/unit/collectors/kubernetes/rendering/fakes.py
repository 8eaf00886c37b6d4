"""Programs that stand in for kustomize and helm: real ones, that do what those should not."""

from __future__ import annotations

import sys
from pathlib import Path


def program(folder: Path, name: str, body: str) -> Path:
    """Write a program of Python; ``arguments`` are those that it was called with."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    start = f"#!{sys.executable} -I\nimport os, signal, sys, time\narguments = sys.argv[1:]\n"
    path.write_text(f"{start}{body}\n")
    path.chmod(0o755)
    return path


VERSION = "if 'version' in arguments:\n    print('v9.9.9')\n    sys.exit(0)\n"
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: ml}
spec: {containers: [{name: c, image: r.io/a:1, securityContext: {privileged: true}}]}
"""


def printing(text: str = POD, more: str = "") -> str:
    """The body of a program that prints a text, whatever it is given."""
    return f"{VERSION}sys.stdout.write({text!r})\n{more}"
