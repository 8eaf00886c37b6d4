"""Bad input never stops an audit and never passes: each is a named gap, the rest is judged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import ROOT, Ran, auditor
from tests.hostile.trees import HOSTILE, POD, QUIET, SKIPPED, Hostile


def scan(root: Path, *options: str) -> Ran:
    return auditor("scan", root, "--format", "json", *options)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One audit of a privileged pod among all the hostile files."""
    root = tmp_path_factory.mktemp("hostile")
    for case in HOSTILE.values():
        case.make(root)
    for name, (text, _) in SKIPPED.items():
        (root / name).write_text(text)
    (root / "pod.yaml").write_text(POD)
    return scan(root)


def gaps_at(results: dict[str, Any], scope: str) -> list[dict[str, Any]]:
    return [gap for gap in results["gaps"] if gap["scope"] == scope]


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE)
def test_hostile_file_is_one_named_gap(everything: Ran, case: Hostile) -> None:
    (gap,) = gaps_at(everything.results(), case.path)
    assert gap["cause"] == case.cause
    assert case.detail in gap["detail"]
    assert case.hint in gap.get("hint", "")
    if case.line:
        assert gap["line"] == case.line


def test_what_is_no_object_leaves_no_gap(everything: Ran) -> None:
    for name in SKIPPED:
        assert gaps_at(everything.results(), name) == [], name


def test_rest_of_the_tree_is_judged(everything: Ran) -> None:
    failed = {
        (finding["rule"], finding["resource"]["name"])
        for finding in everything.results()["findings"]
        if finding["verdict"] == "fail"
    }
    assert ("k8s-container-privileged", "shell") in failed
    assert everything.code == 1


def test_documents_beside_a_malformed_one_are_read(everything: Ran) -> None:
    seen = everything.results()["coverage"]["resources"]
    assert seen["k8s/ConfigMap"]["seen"] == 2


@pytest.mark.parametrize("name", ["broken.yaml", "bomb.yaml", "sparse.yaml", "pipe.yaml"])
def test_gap_alone_is_incomplete(tmp_path: Path, name: str) -> None:
    HOSTILE[name].make(tmp_path)
    (tmp_path / "quiet.yaml").write_text(QUIET)
    ran = scan(tmp_path)
    assert ran.code == 3
    assert len(gaps_at(ran.results(), name)) == 1


def test_terminal_names_gap_and_hint(tmp_path: Path) -> None:
    HOSTILE["values.tpl.yaml"].make(tmp_path)
    ran = auditor("scan", tmp_path)
    assert "looks like a Helm template" in ran.out
    assert "helm template NAME CHART | auditor scan -" in ran.out


@pytest.mark.parametrize("name", ["empty.yaml", "comments.yaml", "no-items.yaml"])
def test_nothing_audited_is_incomplete(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(SKIPPED[name][0])
    ran = scan(tmp_path)
    assert ran.code == 3
    assert ran.results()["findings"] == []


def test_chart_is_not_read_as_manifests(tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: a\nversion: 1.0.0\n")
    (chart / "values.yaml").write_text("kind: Pod\napiVersion: v1\n")
    (chart / "templates" / "pod.yaml").write_text(POD)
    (tmp_path / "pod.yaml").write_text(POD)
    ran = scan(tmp_path)
    (gap,) = gaps_at(ran.results(), "chart")
    assert "a Helm chart that was not rendered" in gap["detail"]
    assert gap["hint"].endswith(f"--render, or: helm template NAME {chart} | auditor scan -")
    assert ran.results()["coverage"]["resources"]["k8s/Pod"]["seen"] == 1


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_kustomization_is_known_by_its_name(tmp_path: Path, name: str) -> None:
    """It need not say what kind it is, and its folder may have a space."""
    folder = tmp_path / "over lay"
    folder.mkdir()
    (folder / name).write_text("resources: [pod.yaml]\n")
    (folder / "pod.yaml").write_text(POD)
    ran = auditor("scan", tmp_path.name, "--format", "json", cwd=tmp_path.parent)
    (gap,) = gaps_at(ran.results(), "over lay")
    assert gap["detail"] == "a kustomization that was not rendered"
    command = f"kubectl kustomize '{tmp_path.name}/over lay' | auditor scan -"
    assert gap["hint"] == f"auditor scan {tmp_path.name} --render, or: {command}"
    assert ran.results()["coverage"]["resources"]["k8s/Pod"]["seen"] == 1
    assert ran.results()["targets"][0]["skipped"] == 0


def test_names_never_control_the_terminal(tmp_path: Path) -> None:
    place = tmp_path / "a\x1b[2Jb\nc.yaml"
    place.write_text(POD.replace("shell", '"she\\e]0;owned\\all\\x9b"'))
    ran = auditor("scan", tmp_path)
    assert [character for character in ran.out if character < " " and character != "\n"] == []
    assert "\x9b" not in ran.out
    assert "k8s-container-privileged" in ran.out


def test_folder_that_vanishes_is_a_gap(tmp_path: Path) -> None:
    """Made by a link to a folder of a process that has ended when the folder is read."""
    gone = tmp_path / "gone"
    gone.symlink_to("/proc/self/task/1/fd/none", target_is_directory=True)
    (tmp_path / "quiet.yaml").write_text(QUIET)
    ran = scan(tmp_path)
    assert ran.code == 3
    assert gaps_at(ran.results(), "gone")


@pytest.mark.parametrize("folder", [False, True], ids=["file", "folder"])
def test_unreadable_is_denied(tmp_path: Path, folder: bool) -> None:  # noqa: FBT001 - a parameter
    closed = tmp_path / ("closed" if folder else "closed.yaml")
    if folder:
        closed.mkdir()
    else:
        closed.write_text(POD)
    closed.chmod(0)
    (tmp_path / "quiet.yaml").write_text(QUIET)
    command = [sys.executable, "-m", "auditor", "scan", str(tmp_path), "--no-cache", "--plain"]
    if os.geteuid() == 0:  # a superuser reads everything, unless that privilege is dropped
        if shutil.which("setpriv") is None:
            pytest.skip("needs setpriv, or a user who is not root")
        drop = "-dac_override,-dac_read_search"
        command = ["setpriv", f"--bounding-set={drop}", f"--inh-caps={drop}", *command]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert done.returncode == 3
    text = " ".join(done.stdout.decode().split())
    assert "Permission denied" in text
    assert closed.name in text
