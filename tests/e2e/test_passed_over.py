"""What was met and not judged is told: on the screen, in results, from files and from a bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import auditor

NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: ml}\n"
QUEUE = "apiVersion: kueue.x-k8s.io/v1beta1\nkind: ClusterQueue\nmetadata: {name: q}\n"
RAY = """\
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: r, namespace: ml}
spec: {headGroupSpec: {template: {spec: {containers: [{name: h, image: r.io/a:1}]}}}}
"""
SCAN = ("scan", "--fail-on", "never", "--profile", "pod-security-restricted")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for folder in (".deploy", "real"):
        (root / folder).mkdir(parents=True)
        (root / folder / "a.yaml").write_text(NAMESPACE)
    (root / "again").symlink_to("real", target_is_directory=True)
    (root / "real" / "q.yaml").write_text(f"{QUEUE}---\n{QUEUE}---\n{RAY}")
    (root / "real" / "notes.yaml").write_text("a: 1\n---\nb: 2\n")
    for name in ("a.yaml.gz", "b.yaml.j2", "c.py", "d.py", "README"):
        (root / name).write_text(NAMESPACE)
    return root


TOLD = (
    "2 documents were not recognised (real/notes.yaml:1, real/notes.yaml:3)",
    (
        "passed over: 1 hidden folder (.deploy), 5 files by their suffix "
        "(.yaml.gz, .yaml.j2, .py, no suffix)"
    ),
    "1 link to what is read in its own place (again)",
    "2 kinds, 3 objects: read, no rule looks at them (ClusterQueue.kueue.x-k8s.io, Namespace)",
    "everything else in scope was read",
)


def test_the_screen_tells_of_it(tree: Path) -> None:
    ran = auditor(*SCAN, "tree", cwd=tree.parent)
    assert ran.code == 0
    lines = [line.strip() for line in ran.out.splitlines()]
    at = lines.index(TOLD[0])
    assert tuple(lines[at : at + len(TOLD)]) == TOLD


def test_nothing_left_out_is_everything(tree: Path) -> None:
    ran = auditor(*SCAN, tree / "real" / "a.yaml")
    assert "  everything in scope was read" in ran.out.splitlines()
    assert "passed over" not in ran.out


def test_results_and_a_bundle_tell_the_same(tree: Path) -> None:
    ran = auditor(*SCAN, "tree", "--format", "json", "--output", "kept", cwd=tree.parent)
    (target,) = ran.results()["targets"]
    assert target["others"] == {"count": 2, "named": ["real/notes.yaml:1", "real/notes.yaml:3"]}
    assert target["passed"] == {
        "hidden": {"count": 1, "named": [".deploy"]},
        "linked": {"count": 1, "named": ["again"]},
        "files": {"count": 5, "suffixes": {"": 1, ".py": 2, ".yaml.gz": 1, ".yaml.j2": 1}},
        "excluded": [],
    }
    assert target["state"] == "complete"
    assert ran.results()["coverage"]["ignored"] == {
        "k8s/ClusterQueue.kueue.x-k8s.io": 2,
        "k8s/Namespace": 1,
    }
    replayed = auditor("replay", "kept", cwd=tree.parent)
    assert (replayed.code, replayed.out[:11]) == (0, "REPLAY same"), replayed.out
