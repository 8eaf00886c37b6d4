"""Golden screens: ``python -m tests.e2e.golden_screens`` writes them anew, for a person to read."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.command import ROOT, auditor
from tests.e2e.terminal import on_terminal

GOLDEN = Path(__file__).resolve().parent / "golden"

SERVING = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: vllm, namespace: serving}
spec:
  template:
    spec:
      hostNetwork: true
      containers:
        - name: main
          image: docker.io/vllm/vllm-openai:v0.11.0
          securityContext: {privileged: true}
        - name: sidecar
          image: docker.io/library/busybox:1.37
          securityContext: {privileged: true, capabilities: {add: [SYS_ADMIN]}}
---
just: text
"""
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: p%d, namespace: 日本}
spec: {hostPID: true}
---
"""
RULE = """\
id: acme-replicas-too-few
title: Too few replicas
severity: low
confidence: high
applies-to: k8s/Deployment
when: has(object.spec)
check: object.spec.?replicas.orValue(1) >= params.least
message: "{object.metadata.name} has too few replicas"
parameters:
  least: {type: int, default: 2, min: 1, description: How many are enough.}
rationale: |
  A single replica is gone while its node is drained, and whoever calls the model waits until
  another one has loaded its weights.
remediation: |
  Ask for two, on two nodes. Before:

      replicas: 1

  After:

      replicas: 2
      strategy:
        rollingUpdate: {maxUnavailable: 1}

  Weights on a shared volume make the second one cheap to start, and to start again.
references: [https://example.org/replicas]
examples:
  - name: two
    expect: pass
    object: {metadata: {name: a}, spec: {replicas: 2}}
  - name: one
    expect: fail
    object: {metadata: {name: a}, spec: {replicas: 1}}
"""
FILES = {
    "policies/rules/acme-replicas-too-few.yaml": RULE,
    "serving/vllm.yaml": SERVING,
    "serving/broken.yaml": "kind: [",
    "batch/many.yaml": "".join(POD % number for number in range(5)),
    "batch/wrong.yaml": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: odd}\n"
        "spec: {containers: [{name: a, securityContext: text}]}\n"
    ),
    "chart/Chart.yaml": "apiVersion: v2\nname: models\nversion: 1.0.0\n",
    "chart/templates/a.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Name }}}\n",
    "good/pod.yaml": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: good, namespace: a}\n"
        "spec: {containers: [{name: a, image: b}]}\n"
    ),
    "nothing/notes.yaml": "just: text\n",
    "change/vllm.yaml": SERVING,
    "change/many.yaml": "".join(POD % number for number in range(2)),
}
CHANGED = {
    "change/vllm.yaml": SERVING.replace("SYS_ADMIN", "SYS_ADMIN, NET_RAW"),
    "change/many.yaml": "".join(POD % number for number in range(1, 4)),
}
"""What is other than in the baseline."""
SCAN = ("scan", "--no-cache", "--profile", "pod-security-baseline", "--set", "version=1.30")
AGAINST = ("--baseline", "before", "--baseline-key", "k.pub")


@dataclass(frozen=True, slots=True)
class Case:
    """A command and a screen; ``columns`` 0: standard output is a pipe."""

    arguments: tuple[str, ...]
    columns: int = 80
    env: Mapping[str, str] = field(default_factory=dict)
    code: int = 1


PLAIN_COLOUR = {"NO_COLOR": "1"}
CASES = {
    "narrow-60": Case((*SCAN, "serving"), 60, PLAIN_COLOUR),
    "usual-80": Case((*SCAN, "serving"), 80, PLAIN_COLOUR),
    "wide-120": Case((*SCAN, "serving"), 120, PLAIN_COLOUR),
    "wider-200": Case((*SCAN, "serving"), 200, PLAIN_COLOUR),
    "colour-80": Case((*SCAN, "serving"), 80),
    "dumb-80": Case((*SCAN, "serving"), 80, {"TERM": "dumb"}),
    "plain-80": Case((*SCAN, "serving", "--plain"), 80),
    "pipe": Case((*SCAN, "serving"), 0),
    "two-targets-80": Case((*SCAN, "serving", "batch"), 80, PLAIN_COLOUR),
    "two-targets-pipe": Case((*SCAN, "serving", "batch"), 0),
    "object-80": Case((*SCAN, "serving", "--group-by", "object"), 80, PLAIN_COLOUR),
    "object-all-60": Case((*SCAN, "serving", "--group-by", "object", "--all"), 60, PLAIN_COLOUR),
    "all-80": Case((*SCAN, "batch", "--all"), 80, PLAIN_COLOUR),
    "passes-80": Case((*SCAN, "serving", "--passes"), 80, PLAIN_COLOUR),
    "chart-80": Case((*SCAN, "chart"), 80, PLAIN_COLOUR, 3),
    "good-80": Case((*SCAN, "good"), 80, PLAIN_COLOUR, 0),
    "nothing-80": Case((*SCAN, "nothing"), 80, PLAIN_COLOUR, 3),
    "change-80": Case((*SCAN, "change", *AGAINST), 80, PLAIN_COLOUR),
    "change-pipe": Case((*SCAN, "change", *AGAINST, "--all"), 0),
    "change-object-60": Case((*SCAN, "change", *AGAINST, "--group-by", "object"), 60, PLAIN_COLOUR),
    "explain-80": Case(
        ("explain", "acme-replicas-too-few", "--policies", "policies"), 80, PLAIN_COLOUR, 0
    ),
}


def write_files(root: Path) -> Path:
    """The files that the cases scan, and the bundle of an earlier run of some of them."""
    _write(root, FILES)
    for arguments in (
        ("keys", "create", "k.pem", "--no-passphrase"),
        (*SCAN, "change", "-q", "--key", "k.pem", "--output", "before"),
    ):
        ran = auditor(*arguments, cwd=root)
        if ran.code not in {0, 1}:
            raise AssertionError(f"exit {ran.code}: {ran.err or ran.out}")
    _write(root, {"k.pub": auditor("keys", "export", "k.pem", cwd=root).out, **CHANGED})
    return root


def _write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def screen(case: Case, root: Path) -> str:
    """What the case shows, but for the digest, which changes with every rule, and the run."""
    if case.columns:
        ran = on_terminal(*case.arguments, columns=case.columns, cwd=root, env=case.env)
    else:
        ran = auditor(*case.arguments, cwd=root, env=case.env)
    if (ran.code, ran.err) != (case.code, ""):
        raise AssertionError(f"exit {ran.code} in place of {case.code}: {ran.err or ran.out}")
    shown = re.sub(r"\(run [0-9a-f]{12}\)", "(run …)", ran.out)
    return re.sub(r"sha256:[0-9a-f]{64}", "sha256:…", shown)


def main() -> None:
    """Write all golden files."""
    GOLDEN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        root = write_files(Path(place))
        for name, case in CASES.items():
            path = GOLDEN / f"{name}.txt"
            path.write_text(screen(case, root), "utf-8")
            sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
