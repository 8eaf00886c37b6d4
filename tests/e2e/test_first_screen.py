"""The first screen is short whatever is scanned, and says how to see more."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from reports.text import cells
from tests.e2e.command import auditor
from tests.e2e.terminal import on_terminal

LINES = 60
NARROW = 60
"""Columns below which what is known to be short is wider."""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
FOLDERS = ("charts/a", "charts/b", "apps/serving", "apps/a-very-long-name-of-a-folder/" * 3, "base")
CONTEXTS = (
    "{}",
    "{privileged: true}",
    "{capabilities: {add: [SYS_ADMIN]}}",
    "text",
    "{runAsUser: '0'}",
)
PODS = ("", "hostNetwork: true", "hostPID: true", "volumes: [{name: v, hostPath: {path: /etc}}]")
WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: workload-{number}, namespace: team-{team}}}
spec:
  template:
    spec:
      {pod}
      containers:
      - name: main
        image: vllm/vllm-openai:latest
        args: [--model, x, --trust-remote-code]
        securityContext: {context}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: role-{number}}}
rules: [{{apiGroups: [""], resources: [secrets], verbs: ["*"]}}]
---
apiVersion: v1
kind: Namespace
metadata: {{name: team-{team}}}
"""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """500 manifests, some of which can't be read, for one reason or another."""
    root = tmp_path_factory.mktemp("estate") / "tree"
    parts = itertools.product(FOLDERS, CONTEXTS, PODS)
    for number, (folder, context, pod) in zip(range(500), itertools.cycle(parts), strict=False):
        place = root / folder
        place.mkdir(parents=True, exist_ok=True)
        text = WORKLOAD.format(number=number, team=number % 7, pod=pod, context=context)
        (place / f"{number}.yaml").write_text(text)
        if number % 20 == 0:
            broken = ("kind: [", f"kind: &a{number} [*a{number}]", "apiVersion: v1\nkind: 3\n")
            (place / f"broken-{number}.yaml").write_text(broken[number // 20 % 3])
            (place / f"notes-{number}.md").write_text("")
    return root


CASES = {
    "80": (80,),
    "60": (60,),
    "200": (200,),
    "narrower than anybody has": (20,),
    "by object": (80, "--group-by", "object"),
    "by object at 60": (60, "--group-by", "object"),
    "plain": (60, "--plain"),
}


@pytest.mark.parametrize(("columns", "options"), [(c[0], c[1:]) for c in CASES.values()], ids=CASES)
def test_it_has_at_most_sixty_lines(estate: Path, columns: int, options: tuple[str, ...]) -> None:
    ran = on_terminal("scan", "tree", *options, columns=columns, cwd=estate.parent)
    lines = ran.out.splitlines()
    assert ran.code == 1
    assert len(lines) <= LINES, ran.out
    assert "shortened: --all lists every finding" in " ".join(ran.out.split())
    assert lines[-1].startswith("RESULT fail critical=")
    if columns >= NARROW:
        plain = COLOUR.sub("", ran.out).splitlines()
        body = [line for line in plain if not line.startswith(("RESULT ", "  auditor "))]
        assert [line for line in body if cells(line) > columns] == []


def test_what_it_says(estate: Path) -> None:
    ran = on_terminal("scan", "tree", "--color", "never", cwd=estate.parent)
    lines = ran.out.splitlines()
    assert "CRITICAL  Container runs privileged  k8s-container-privileged, 100 findings" in lines
    assert "    and 99 more: --all lists them" in lines
    assert "  HIGH        500  k8s-rbac-secrets-readable" in lines
    gaps = "  ? 25 gaps: not read, so not judged; "
    (blinded,) = (line.removeprefix(gaps) for line in lines if line.startswith(gaps))
    assert blinded.endswith(" rules blinded")
    assert any(line.startswith("  most are in: apps 3,") for line in lines)


def test_who_pipes_it_reads_on(estate: Path) -> None:
    ran = auditor("scan", "tree", cwd=estate.parent)
    assert "shortened" not in ran.out
    assert len(ran.out.splitlines()) > LINES


def test_many_targets_and_long_names_do_not_make_it_longer(tmp_path: Path) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: true, containers: []}\n"
    names = [f"{number:02}-{'long-' * 40}" for number in range(30)]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(pod + "---\nkind: [")
    ran = on_terminal("scan", *names, "--exclude", "x" * 200, columns=60, cwd=tmp_path)
    assert len(ran.out.splitlines()) <= LINES, ran.out


TWIN = """\
apiVersion: v1
kind: Pod
metadata: {name: twin, namespace: ml}
spec:
  hostPID: true
  containers: [{name: a, image: r.io/a:1}]
"""


def test_one_object_in_several_files_is_told_once(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.yaml").write_text(TWIN)
    more = TWIN.replace("hostPID: true", "hostPID: true\n  hostIPC: true")
    (tmp_path / "d.yaml").write_text(more)
    ran = auditor("scan", ".", cwd=tmp_path)
    at = ran.out.index("k8s-pod-host-process-namespace, 4 findings")
    assert ran.out[at:].splitlines()[1:3] == [
        "  Pod ml/twin  a.yaml:5",
        "    the same in b.yaml:5, c.yaml:5, d.yaml:5",
    ]
    results = auditor("scan", ".", "--format", "json", cwd=tmp_path).results()
    found = (each for each in results["findings"] if each["rule"].endswith("process-namespace"))
    files = sorted(each["resource"]["file"] for each in found)
    assert files == ["a.yaml", "b.yaml", "c.yaml", "d.yaml"], "nothing is left out of results"


def test_passes_have_an_option_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TWIN)
    listed = auditor("scan", ".", "--all", cwd=tmp_path)
    assert "PASS (" not in listed.out
    assert "NOT-APPLICABLE" not in listed.out
    passes = auditor("scan", ".", "--passes", cwd=tmp_path)
    assert "PASS (high)  Pod shares memory with its node  k8s-pod-host-ipc, 1 finding" in passes.out
    kinds = [
        {
            each["verdict"]
            for each in auditor("scan", ".", option, "--format", "json", cwd=tmp_path).results()[
                "findings"
            ]
        }
        for option in ("--all", "--passes")
    ]
    assert kinds[0] == kinds[1] >= {"pass", "fail", "not-applicable"}, "in JSON --all is as it was"


def test_findings_by_object(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TWIN)
    worse = TWIN.replace("twin", "worse").replace(
        "r.io/a:1", "r.io/a:1, securityContext: {privileged: true}"
    )
    (tmp_path / "b.yaml").write_text(worse)
    ran = auditor("scan", ".", "--group-by", "object", "--all", cwd=tmp_path)
    lines = ran.out.splitlines()
    first, second = (
        next(line for line in lines if line.startswith(f"Pod ml/{name}"))
        for name in ("worse", "twin")
    )
    assert lines.index(first) < lines.index(second), "the worst comes first"
    assert first.startswith("Pod ml/worse  b.yaml:")
    assert "1 critical, 1 high, " in first
    assert lines[lines.index(first) + 1] == "  CRITICAL  k8s-container-privileged  container a"
